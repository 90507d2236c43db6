"""Sending a result to another tab: it arrives there as the upload, and its recipe travels along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE
from demos.components.output_panel import Panel
from demos.components.run_frames import file_of
from demos.components.stored_result import Kept
from demos.navigation.tab_locations import Place


def connect(panel: Panel, places: Mapping[str, Place]) -> None:
    """Bind a panel's buttons to the places that they name."""
    for name, button in panel.senders.items():
        places[name].open(button.click).then(_sent, [panel.result], [places[name].upload], queue=False, **PRIVATE)


def _sent(kept: Kept | None) -> Iterator[Any]:
    if kept is None:
        yield gr.skip()
        return
    with file_of(kept.converted("png", keep_recipe=True), "png", kept.recipe["task"]) as file:
        yield file
