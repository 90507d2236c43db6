"""What follows a comparison of methods: the lens, any two of the pictures under a slider, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from demos.components import magnifier as lens
from demos.components.events import QUIET
from demos.components.output_panel import CHART_HEIGHT, RunEvents
from demos.components.stored_result import Kept
from engine.imaging.comparison import Comparison, difference

BETWEEN = "What the right one has more (bright) or less (dark) than the left one, four times as strong."


class ComparisonView:
    """Laid out where it is made, in the full width of the page; connected with a panel's results."""

    def __init__(self) -> None:
        self.pictures = lens.component()
        with gr.Column(visible=False) as self.pair:
            self._place_pair()

    def _place_pair(self) -> None:
        with gr.Row():
            self.left = gr.Dropdown([], label="Left", interactive=True)
            self.right = gr.Dropdown([], label="Right", interactive=True)
        with gr.Row(equal_height=True):
            self.slider = gr.ImageSlider(
                label="Left and right", format="jpeg", height=CHART_HEIGHT, max_height=CHART_HEIGHT - 2,
                interactive=False, buttons=["fullscreen"],
            )  # fmt: skip
            self.difference = gr.Image(
                label="Difference", format="jpeg", height=CHART_HEIGHT, interactive=False, buttons=["fullscreen"],
                alt_text=BETWEEN, elem_classes=["filled"],
            )  # fmt: skip
        gr.Markdown(f"Difference: {BETWEEN}", elem_classes=["quiet", "notes"])

    def connect(self, result: gr.State, runs: Sequence[RunEvents]) -> None:
        """Show every run's comparison, and another pair when one is chosen."""
        pair = [self.slider, self.difference]
        for events in runs:
            events.ended.then(_shown, [result], [self.pair, self.pictures, self.left, self.right, *pair], **QUIET)
        for chooser in (self.left, self.right):
            chooser.input(_pair, [result, self.left, self.right], pair, **QUIET)


def _comparison(kept: Kept | None) -> Comparison | None:
    return kept.explanation if kept is not None and isinstance(kept.explanation, Comparison) else None


def _shown(kept: Kept | None) -> tuple[Any, ...]:
    found = _comparison(kept)
    if found is None:
        return (gr.skip(),) * 6
    titles = [panel.title for panel in found.panels]
    left, right = found.pair or (titles[0], titles[-2])
    choosers = (gr.update(choices=titles, value=left), gr.update(choices=titles, value=right))
    return gr.update(visible=True), lens.shown(found.panels), *choosers, *_pair(kept, left, right)


def _pair(kept: Kept | None, left: str, right: str) -> tuple[tuple[Image.Image, Image.Image] | Any, Any]:
    found = _comparison(kept)
    if found is None:
        return gr.skip(), gr.skip()
    one, other = found.named(left).image, found.named(right).image
    return (one, other), difference(other, one)
