"""Sending a result to another tab: it arrives there as the upload, and its recipe travels along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import gradio as gr
from gradio.components import Component

from demos.kept import PRIVATE, Kept
from demos.panel import Panel
from demos.runs import file_of


class Place(NamedTuple):
    """Where a picture can be sent."""

    upload: Component
    tabs: Sequence[tuple[gr.Tabs, str]]
    """Groups of tabs, and which one of each has to be open to see it."""


def connect(panel: Panel, places: Mapping[str, Place]) -> None:
    """Bind a panel's buttons to the places that they name."""
    for name, button in panel.senders.items():
        place = places[name]
        button.click(
            _sent(place), [panel.result], [place.upload, *(tabs for tabs, _ in place.tabs)], queue=False, **PRIVATE
        )


def _sent(place: Place) -> Any:
    def send(kept: Kept | None) -> Iterator[Any]:
        if kept is None:
            yield (gr.skip(),) * (1 + len(place.tabs))
            return
        with file_of(kept.converted("png", keep_recipe=True), "png", kept.recipe["task"]) as file:
            yield file, *(gr.update(selected=name) for _, name in place.tabs)

    return send
