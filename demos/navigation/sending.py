"""Sending a result to another tab: it arrives there as the upload, and its recipe travels along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE, for_outputs
from demos.components.stored_result import StoredResult, file_of
from demos.navigation.history import Entry, HistoryView
from demos.navigation.tab_locations import OPEN, Locations
from engine.contracts.messages import Text


def destinations(locations: Locations) -> list[tuple[Text, str]]:
    """Titles and places of the tasks that results are sent to."""
    wanted = {each.task for location in locations.values() for each in location.controls.task.send_to}
    return [
        (location.controls.task.title, location.place)
        for location in locations.values()
        if location.controls.task.name in wanted
    ]


def connect_history(history: HistoryView, locations: Locations) -> None:
    """Bind the history's choice of a task to send a result to."""
    uploads = {each.place: each.upload() for each in locations.values()}
    distinct = list({each._id: each for each in uploads.values()}.values())

    def sent(entry: Entry | None, place: str | None) -> Iterator[Any]:
        wanted = uploads.get(place or "")
        if entry is None or entry.video or wanted is None or not entry.file.exists():
            yield for_outputs([gr.skip()] * len(distinct))
            return
        with file_of(entry.with_recipe(), "png", str(entry.recipe["task"])) as file:
            yield for_outputs([file if each is wanted else gr.skip() for each in distinct])

    opened = history.send.input(None, [history.send], None, js=OPEN, queue=False, **PRIVATE)
    opened.then(sent, [history.chosen, history.send], distinct, queue=False, **PRIVATE)


def connect_senders(locations: Locations) -> None:
    """Bind the buttons of all panels to the tasks that they name."""
    for location in locations.values():
        for destination, button in location.panel.layout.senders.items():
            target = locations[destination.task]
            opened = target.open(button.click)
            upload = target.upload(destination.input)
            opened.then(_sent, [location.panel.result], [upload], queue=False, **PRIVATE)


def _sent(stored: StoredResult | None) -> Iterator[Any]:
    if stored is None:
        yield gr.skip()
        return
    with file_of(stored.converted("png", keep_recipe=True), "png", stored.task) as file:
        yield file
