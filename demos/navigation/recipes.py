"""Recipes and links: the settings of a task as an address of the page, and back from both into the page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from demos.components.events import PRIVATE, QUIET, shown_errors, tell, warn
from demos.components.recipe_upload import LoadedRecipe, RecipeUpload
from demos.navigation.history import Entry, HistoryView
from demos.navigation.tab_locations import OPEN, Locations, TabLocation
from demos.serving.request import header
from demos.serving.site import Site
from engine import PentimentoError
from engine.contracts.errors import UnknownNameError
from engine.contracts.lineage import parsed_json
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Registry, TaskSpec
from engine.recipes import Recipe, fields_of

COPY = "(link) => { if (link && navigator.clipboard) navigator.clipboard.writeText(link).catch(() => {}); }"
LONGEST = 6000
"""Characters of a link that are read."""
COPIED = Message("The link is copied; pictures are not part of it.")


def connect_link(location: TabLocation) -> None:
    """Bind the button that makes a link to the settings as they are now."""
    controls, layout = location.controls, location.panel.layout
    settings, task = controls.settings, controls.task

    def linked(*values: Any) -> Any:
        none: dict[str, list[int]] = {each.name: [] for each in task.inputs}
        with shown_errors():
            parameters = controls.parameters(dict(zip(settings, values, strict=True)), none)
        tell(COPIED)
        return gr.update(value=link_to(_address(), task, parameters), visible=True)

    layout.link.click(linked, [*settings.values()], [layout.address], show_progress="hidden", **PRIVATE)
    layout.address.change(None, [layout.address], None, js=COPY, **QUIET)


def _address() -> str:
    """In a handler: the page's address, without settings."""
    return header("referer").partition("?")[0]


def link_to(address: str, task: TaskSpec, parameters: Parameters) -> str:
    """An address that opens a task with parameters; those that have their default are left out."""
    defaults = task.parameters().model_dump(mode="json")
    changed = {
        name: value
        for name, value in parameters.model_dump(mode="json").items()
        if value != defaults[name] and task.parameters.remembered(name)
    }
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in changed.items()}
    return f"{address}?{urlencode({'task': task.name, **texts})}"


def recipe_of_link(query: Mapping[str, str], tasks: Registry) -> dict[str, Any]:
    """The recipe of a link, not yet checked."""
    fields = fields_of(query["task"], tasks)  # others come along with links that are shared: languages, trackers
    texts = {name: text[:LONGEST] for name, text in query.items() if name in fields}
    values = {name: parsed_json(text) for name, text in texts.items()}
    return {
        "task": query["task"],
        "parameters": {name: text if values[name] is None else values[name] for name, text in texts.items()},
    }


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is to be restored once its tab is open; the same recipe, wanted again, is another one."""

    recipe: Recipe | None
    """None where only the tab is to be opened."""
    fields: Collection[str] | None = None
    """Those that are set; None for all."""


Updates = tuple[Any, Any]
"""In a handler: a :class:`Wanted` and the place of its task, for :attr:`Restoring.outputs`."""
NOTHING: Updates = (gr.skip(), gr.skip())


class Restoring:
    """Restores a task from a link or a recipe: opens its tabs, then sets every setting.

    Args:
        site: whose tasks they are of.
        locations: of the tasks.
    """

    def __init__(self, site: Site, locations: Locations) -> None:
        self._site, self._locations = site, locations
        settings = {each._id: each for location in locations.values() for each in location.controls.settings.values()}
        self._settings: list[Any] = list(settings.values())
        self._wanted = gr.State(None)
        self._place = gr.Textbox(visible=False)
        self.outputs = (self._wanted, self._place)
        """Components that :meth:`linked` gives values for."""

    def connect(self, load: RecipeUpload, history: HistoryView) -> None:
        """Bind the button that loads a recipe, and the history's for the settings of a result."""
        # Only events of the queue can show a message.
        shown: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}
        load.upload(self._loaded, [load], [*self.outputs], **shown)
        history.again.click(self._again, [history.chosen], [*self.outputs], **shown)
        there = self._wanted.change(None, [self._place], None, js=OPEN, queue=False, **PRIVATE)
        there.then(self._restored, [self._wanted], self._settings, **QUIET)

    def linked(self, query: Mapping[str, str]) -> Updates:
        """In a handler: as the page's address says."""
        if "task" not in query:
            return NOTHING
        try:
            recipe = Recipe.of(recipe_of_link(query, self._site.tasks), self._site.tasks)
            # The others are as the page has them, or as a quick visitor has changed them meanwhile.
            return self._opened(recipe, recipe.parameters.model_fields_set)
        except PentimentoError as error:
            warn(error.message)
            location = self._locations.get(query["task"])
            return (Wanted(None), location.place) if location else NOTHING

    def _loaded(self, loaded: LoadedRecipe) -> Updates:
        """As an uploaded recipe says."""
        if loaded is None:
            return NOTHING
        with shown_errors():
            if isinstance(loaded, PentimentoError):
                raise loaded
            updates = self._opened(loaded)
        tell(loaded.summary)
        return updates

    def _again(self, entry: Entry | None) -> Updates:
        """As a result of this visit was made."""
        if entry is None:
            return NOTHING
        with shown_errors():
            return self._opened(Recipe.of(entry.recipe, self._site.tasks))

    def _opened(self, recipe: Recipe, fields: Collection[str] | None = None) -> Updates:
        """What is to be restored, and the place of its task."""
        location = self._locations.get(recipe.task)
        if location is None:
            raise UnknownNameError(Message("This page has no tab for {task}.", task=recipe.task))
        return Wanted(recipe, fields), location.place

    def _restored(self, wanted: Wanted | None) -> list[Any]:
        values: dict[int, Any] = {}
        # None: the page was closed meanwhile, and what it had kept is gone.
        if wanted and wanted.recipe:
            controls = self._locations[wanted.recipe.task].controls
            by_name = controls.values(wanted.recipe.parameters, wanted.fields)
            values = {controls.settings[name]._id: value for name, value in by_name.items()}
        return [gr.update(value=values[each._id]) if each._id in values else gr.skip() for each in self._settings]
