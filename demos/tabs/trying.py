"""Trying a tab: its first view with an example, by a card on Home or by the page's address."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE, QUIET, for_outputs
from demos.examples import paths_of
from demos.navigation.tab_locations import OPEN, Locations
from demos.serving.site import Site
from demos.tabs.records import TabSpec, ViewSpec
from engine.contracts.task_parts import Example

TRY = "try"
"""Name in the page's address of the tab that is tried."""


def example_of(site: Site, tab: TabSpec) -> Example | None:
    """What *Try* puts into a tab's first view."""
    return tab.card.example or next(iter(site.tasks[first_task(tab)].examples), None)


def first_task(tab: TabSpec) -> str:
    """Name of the task of a tab's first view."""
    view = tab.views[0]
    assert isinstance(view, ViewSpec), "the first view of a tab runs a task"
    return view.tasks[0]


class Trying:
    """Opens tabs with examples.

    Args:
        site: that the page is for.
        tabs: that can be tried.
        locations: of their tasks.
    """

    def __init__(self, site: Site, tabs: Sequence[TabSpec], locations: Locations) -> None:
        self._places = {tab.id: locations[first_task(tab)].place for tab in tabs}
        self._files: dict[str, dict[Any, Any]] = {}
        for tab in tabs:
            example = example_of(site, tab)
            pictures: Mapping[str, Any] = paths_of(example) if example else {}
            self._files[tab.id] = {locations[first_task(tab)].upload(name): path for name, path in pictures.items()}
        self._uploads = [upload for files in self._files.values() for upload in files]
        self._tried = gr.State(None)
        self._place = gr.Textbox(visible=False)
        self.outputs = (self._tried, self._place)
        """Components that :meth:`chosen` gives values for."""

    def connect(self, cards: gr.HTML) -> None:
        """Bind the cards."""
        # In the queue: from other events the page does not learn that a state has changed (6.31).
        cards.click(self._clicked, None, [*self.outputs], show_progress="hidden", **PRIVATE)
        there = self._tried.change(None, [self._place], None, js=OPEN, queue=False, **PRIVATE)
        there.then(self._filled, [self._tried], self._uploads, **QUIET)

    def _clicked(self, event: gr.EventData) -> tuple[Any, Any]:
        return self.chosen(str(getattr(event, "tab", "")))

    def chosen(self, tab: str) -> tuple[Any, Any]:
        """In a handler: what opens a tab and tries it; nothing where there is no such tab."""
        if tab not in self._places:
            return gr.skip(), gr.skip()
        return (tab, time.monotonic()), self._places[tab]  # the same, tried again, is another state

    def _filled(self, tried: tuple[str, float] | None) -> Any:
        files = self._files[tried[0]] if tried else {}  # None: the page was closed meanwhile
        return for_outputs([files[each] if each in files else gr.skip() for each in self._uploads])
