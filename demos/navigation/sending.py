"""Sending a result to another tab: it arrives there as the upload, and its recipe travels along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE
from demos.components.stored_result import StoredResult, file_of
from demos.navigation.tab_locations import Locations


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
