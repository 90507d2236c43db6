"""Recipes: the settings of a result as a link, as JSON, and back from both into the page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import gradio as gr
from gradio.utils import is_in_or_equal

from demos.components.controls import Controls
from demos.components.events import PRIVATE, QUIET
from demos.components.run_frames import shown_errors
from demos.components.stored_result import Kept
from demos.components.uploads import upload
from demos.i18n.language import say, say_plainly
from demos.navigation.tab_locations import WAIT, Place
from demos.serving import sessions as visits
from engine import PentimentoError
from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.parameters import Parameters
from engine.contracts.task import Form
from engine.recipes import Recipe, fields_of, parsed, read

COPY = "(link) => { if (link && navigator.clipboard) navigator.clipboard.writeText(link).catch(() => {}); }"
ENDINGS = [".png", ".jpg", ".jpeg", ".json"]
LONGEST = 6000
"""Characters of a link that are read."""


class Loaded(NamedTuple):
    """What a file has given."""

    recipe: Recipe | PentimentoError
    path: str = ""
    """Of the upload, which goes with the visit."""


@upload
class RecipeUpload(gr.UploadButton):
    """A button for a result or its JSON; it gives handlers the recipe, or why there is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__("Load a recipe", file_types=ENDINGS, type="filepath", **options)

    def preprocess(self, payload: Any) -> Any:
        """A :class:`Loaded` file, or None."""
        if payload is None:
            return None
        path = getattr(payload, "path", None)
        if not path or not is_in_or_equal(path, self.GRADIO_CACHE):
            return Loaded(PictureError("This file was not uploaded here."))
        try:
            return Loaded(read(Path(path)), path)
        except PentimentoError as refusal:
            return Loaded(refusal, path)


class RecipeRow:
    """Of one panel: a link to the settings as they are now, the result's recipe as a file, and a recipe to load."""

    def __init__(self) -> None:
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
                link = link_to(_address(), controls.form, controls.parameters(given, none))
            gr.Info(say("The link is copied; pictures are not part of it."))
            return gr.update(value=link, visible=True)

        self.link.click(linked, [*settings.values()], [self.shown], show_progress="hidden", **PRIVATE)
        self.shown.change(None, [self.shown], None, js=COPY, **QUIET)
        for ended in ends:
            ended.then(_saved, [result], [self.save], **QUIET)


def _address() -> str:
    """In a handler: the page's address, without settings."""
    return visits.header("referer").partition("?")[0]


def link_to(address: str, task: Form, parameters: Parameters) -> str:
    """An address that opens a task with parameters; those that have their default are left out."""
    defaults = task.parameters().model_dump(mode="json")
    changed = {
        name: value
        for name, value in parameters.model_dump(mode="json").items()
        if value != defaults[name] and task.parameters.remembered(name)
    }
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in changed.items()}
    return f"{address}?{urlencode({'task': task.name, **given})}"


def of_link(query: Mapping[str, str]) -> dict[str, Any]:
    """The recipe of a link, not yet checked."""
    fields = fields_of(query["task"])  # others come along with links that are shared: languages, trackers
    given = {name: text[:LONGEST] for name, text in query.items() if name in fields}
    values = {name: parsed(text) for name, text in given.items()}
    return {
        "task": query["task"],
        "parameters": {name: text if values[name] is None else values[name] for name, text in given.items()},
    }


def _saved(kept: Kept | None) -> Iterator[Any]:
    if kept is None:
        yield gr.skip()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pentimento-{kept.recipe['task']}.json"
        path.write_text(json.dumps(kept.recipe, indent=2), encoding="utf-8")
        yield gr.update(value=str(path), interactive=True)


class Restoring:
    """What a link or a recipe changes: the open tabs, then every setting of one task."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        groups = {tabs._id: tabs for place in places.values() for tabs in place.groups}
        settings = {each._id: each for place in places.values() for each in place.controls.settings.values()}
        self._groups: list[Any] = list(groups.values())
        self._settings: list[Any] = list(settings.values())
        self._recipe = gr.State(None)
        self._at = gr.Textbox(visible=False)

    def connect(self, page: gr.Blocks, more: Sequence[RecipeUpload] = ()) -> None:
        """Bind the page's address and every button that loads a recipe."""
        said: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}  # only events of the queue can show a message
        outputs = [self._recipe, self._at, *self._groups]
        begun = [page.load(self._linked, None, outputs, **said)]
        loads = [place.panel.recipes.load for place in self._places.values() if place.panel]
        begun += [load.upload(self._loaded, [load], outputs, **said) for load in (*loads, *more)]
        for each in begun:
            there = each.then(None, [self._at], None, js=WAIT, **QUIET)
            there.then(self._restored, [self._recipe], self._settings, **QUIET)

    def _linked(self, request: gr.Request) -> list[Any]:
        """As the page's address says."""
        query = dict(request.query_params)
        if "task" not in query:
            return self._opened(None)
        try:
            recipe = Recipe.of(of_link(query))
            # The others are as the page has them, or as a quick visitor has changed them meanwhile.
            return self._opened(recipe, fields=recipe.parameters.model_fields_set)
        except PentimentoError as error:
            gr.Warning(say_plainly(str(error)))
            return self._opened(None, query["task"])

    def _loaded(self, given: Loaded | None) -> list[Any]:
        """As an uploaded recipe says."""
        if given is None:
            return self._opened(None)
        visits.note_paths([given.path] if given.path else [])
        with shown_errors():
            if isinstance(given.recipe, PentimentoError):
                raise given.recipe
            found = self._opened(given.recipe)
        gr.Info(say_plainly(given.recipe.told))
        return found

    def _opened(self, recipe: Recipe | None, task: str = "", fields: Collection[str] | None = None) -> list[Any]:
        """The recipe with the fields that it changes, None for all, and the tabs of its task, or of another one."""
        name = recipe.task if recipe else task
        place = self._places.get(name)
        if recipe and place is None:
            raise ParameterError(f"This page has no tab for {name}.")
        chosen = {tabs._id: tab for tabs, tab in place.tabs} if place else {}
        updates = [
            gr.update(selected=chosen[each._id]) if each._id in chosen else gr.skip() for each in self._groups
        ]  # fmt: skip
        return [(recipe, fields) if recipe else None, place.at if place else "", *updates]

    def _restored(self, wanted: tuple[Recipe, Collection[str] | None] | None) -> list[Any]:
        if wanted is None:
            return [gr.skip()] * len(self._settings)
        recipe, fields = wanted
        controls = self._places[recipe.task].controls
        found = controls.values(recipe.parameters, fields)
        values = {controls.settings[name]._id: value for name, value in found.items()}
        return [gr.update(value=values[each._id]) if each._id in values else gr.skip() for each in self._settings]
