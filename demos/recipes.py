"""Recipes: the settings of a result as a link, as JSON, and back from both into the page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import is_in_or_equal

from demos.controls import Controls
from demos.kept import PRIVATE, Kept
from demos.language import say_plainly
from demos.runs import shown_errors
from demos.uploads import OwnFiles
from engine import PentimentoError
from engine.errors import ParameterError, PictureError
from engine.parameters import Parameters
from engine.recipes import Recipe, read
from engine.registry import Form

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}
COPY = "(link) => { if (link && navigator.clipboard) navigator.clipboard.writeText(link).catch(() => {}); }"
ENDINGS = [".png", ".jpg", ".jpeg", ".json"]
LONGEST = 6000
"""Characters of a link that are read."""


class RecipeUpload(OwnFiles, gr.UploadButton):
    """A button for a result or its JSON; it gives handlers the recipe, or why there is none."""

    is_template = True

    def __init__(self, **options: Any) -> None:
        super().__init__("Load a recipe", file_types=ENDINGS, type="filepath", **options)

    def get_block_name(self) -> str:
        """The page's component."""
        return "uploadbutton"

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """What the page needs: a plain upload button."""
        return super().get_config(gr.UploadButton)

    def preprocess(self, payload: Any) -> Any:
        """A :class:`engine.recipes.Recipe`, a PentimentoError, or None; the file is deleted."""
        if payload is None:
            return None
        path = getattr(payload, "path", None)
        if not path or not is_in_or_equal(path, self.GRADIO_CACHE):
            return PictureError("This file was not uploaded here.")
        try:
            return read(Path(path))
        except PentimentoError as refusal:
            return refusal
        finally:
            Path(path).unlink(missing_ok=True)


class RecipeRow:
    """Of one panel: a link to the settings as they are now, the result's recipe as a file, and a recipe to load."""

    def __init__(self, task: Form) -> None:
        self._task = task
        with gr.Row(elem_classes=["recipes"]):
            self.link = gr.Button("Copy a link to these settings", size="sm")
            self.save = gr.DownloadButton("Recipe as JSON", size="sm", interactive=False)
            self.load = RecipeUpload(size="sm")
        self.shown = gr.Textbox(label="Link", visible=False, interactive=False, buttons=["copy"], max_lines=1)

    def connect(self, controls: Controls, result: gr.State, ends: Sequence[Any]) -> None:
        """Bind the link, and the file after each of the events ``ends``; :class:`Restoring` binds loading."""
        settings = controls.settings

        def linked(*values: Any) -> Any:
            given = dict(zip(settings, values, strict=True))
            none: dict[str, list[int]] = {each.name: [] for each in controls.form.inputs}
            with shown_errors():
                link = link_to(_address(), self._task, controls.parameters(given, none))
            return gr.update(value=link, visible=True)

        self.link.click(linked, [*settings.values()], [self.shown], **QUIET)
        self.shown.change(None, [self.shown], None, js=COPY, **QUIET)
        for ended in ends:
            ended.then(_saved, [result], [self.save], **QUIET)


def _address() -> str:
    """In a handler: the page's address, without settings."""
    request: Any = LocalContext.request.get(None)
    return str(getattr(request, "headers", {}).get("referer") or "").partition("?")[0]


def link_to(address: str, task: Form, parameters: Parameters) -> str:
    """An address that opens a task with parameters; those that have their default are left out."""
    defaults = task.parameters()
    changed = {
        name: value
        for name, value in parameters.model_dump(mode="json").items()
        if value != defaults.model_dump(mode="json")[name] and task.parameters.remembered(name)
    }
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in changed.items()}
    return f"{address}?{urlencode({'task': task.name, **given})}"


def of_link(query: Mapping[str, str]) -> dict[str, Any]:
    """The recipe of a link, not yet checked."""
    given = {name: text for name, text in query.items() if name != "task" and not name.startswith("__")}
    return {"task": query["task"], "parameters": {name: _value(text) for name, text in given.items()}}


def _value(text: str) -> Any:
    try:
        return json.loads(text[:LONGEST])
    except ValueError:
        return text[:LONGEST]


def _saved(kept: Kept | None) -> Iterator[Any]:
    if kept is None:
        yield gr.skip()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pentimento-{kept.recipe['task']}.json"
        path.write_text(json.dumps(kept.recipe, indent=2), encoding="utf-8")
        yield gr.update(value=str(path), interactive=True)


@dataclass(frozen=True)
class Room:
    """Where a task is on the page."""

    controls: Controls
    tabs: Sequence[tuple[gr.Tabs, str]]
    """Groups of tabs, and which one of each has to be open to see it."""
    panel: Any = None
    """Its :class:`demos.panel.Panel`, where it has one."""


class Restoring:
    """What a link or a recipe changes: the open tabs, and every setting of one task."""

    def __init__(self, rooms: Mapping[str, Room]) -> None:
        self._rooms = rooms
        groups = {tabs._id: tabs for room in rooms.values() for tabs, _ in room.tabs}
        settings = {each._id: each for room in rooms.values() for each in room.controls.settings.values()}
        self.outputs: list[Any] = [*groups.values(), *settings.values()]

    def updates(self, recipe: Recipe) -> dict[Any, Any]:
        """Component -> update.

        Raises:
            ParameterError: the task is not on this page.
        """
        room = self._rooms.get(recipe.task)
        if room is None:
            raise ParameterError(f"This page has no tab for {recipe.task}.")
        found: dict[Any, Any] = {tabs: gr.update(selected=name) for tabs, name in room.tabs}
        values = room.controls.values(recipe.parameters)
        found |= {room.controls.settings[name]: gr.update(value=value) for name, value in values.items()}
        return found

    def opened(self, request: gr.Request) -> list[Any]:
        """As the page's address says."""
        query = dict(request.query_params)
        found: dict[Any, Any] = {}
        if "task" in query:
            try:
                found = self.updates(Recipe.of(of_link(query)))
            except PentimentoError as error:
                gr.Warning(say_plainly(str(error)))
                room = self._rooms.get(query["task"])
                found = {tabs: gr.update(selected=name) for tabs, name in room.tabs} if room else {}
        return self._complete(found)

    def loaded(self, recipe: Recipe | PentimentoError | None) -> list[Any]:
        """As an uploaded recipe says."""
        if recipe is None:
            return self._complete({})
        with shown_errors():
            if isinstance(recipe, PentimentoError):
                raise recipe
            found = self.updates(recipe)
        gr.Info(say_plainly(recipe.told))
        return self._complete(found)

    def _complete(self, updates: Mapping[Any, Any]) -> list[Any]:
        by_id = {component._id: update for component, update in updates.items()}
        return [by_id.get(each._id, gr.skip()) for each in self.outputs]

    def connect(self, page: gr.Blocks, more: Sequence[RecipeUpload] = ()) -> None:
        """Bind the page's address and every button that loads a recipe."""
        said: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}  # only events of the queue can show a message
        page.load(self.opened, None, self.outputs, **said)
        for load in (*(room.panel.recipes.load for room in self._rooms.values() if room.panel), *more):
            load.upload(self.loaded, [load], self.outputs, **said)
