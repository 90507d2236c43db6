"""View of a comparison of methods: the lens, any two of the pictures under a slider, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from demos.components import magnifier
from demos.components.events import QUIET
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.components.shown_picture import ShownPair, ShownPicture
from demos.components.stored_result import StoredResult
from demos.i18n.language import mark, say
from engine.contracts.messages import Message
from engine.imaging.comparison import Comparison, difference

PAIR_HEIGHT = 380
"""Height in pixels of the slider and of the difference."""
BETWEEN = Message("What the right one has more (bright) or less (dark) than the left one, four times as strong.")


class ComparisonView(Follower):
    """Laid out where it is made.

    Args:
        panel: whose runs end in a comparison.
    """

    def __init__(self, panel: OutputPanel) -> None:
        self._result = panel.result
        self._pictures = magnifier.component()
        with gr.Column(visible=False) as self._pair:
            with gr.Row():
                self._left = gr.Dropdown([], label=mark(Message("Left")), interactive=True)
                self._right = gr.Dropdown([], label=mark(Message("Right")), interactive=True)
            with gr.Row(equal_height=True):
                self._slider = ShownPair(
                    label=mark(Message("Left and right")), height=PAIR_HEIGHT,
                    max_height=PAIR_HEIGHT - 2, buttons=["fullscreen"],
                )  # fmt: skip
                self._difference = ShownPicture(
                    label=mark(Message("Difference")), height=PAIR_HEIGHT,
                    buttons=["fullscreen"], alt_text=mark(BETWEEN), elem_classes=["filled"],
                )  # fmt: skip
            text = Message("{name}: {explanation}", name=Message("Difference"), explanation=BETWEEN)
            gr.Markdown(mark(text), elem_classes=["quiet", "notes"])
        self.outputs = (self._pair, self._pictures, self._left, self._right, self._slider, self._difference)
        panel.followers.append(self)

    def connect(self) -> None:
        """Show another pair when one is chosen."""
        chosen = [self._result, self._left, self._right]
        for chooser in (self._left, self._right):
            chooser.input(_chosen_pair, chosen, [self._slider, self._difference], **QUIET)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`demos.components.following.Follower.at_end`."""
        comparison = run.result.explanation
        if not isinstance(comparison, Comparison):
            return {}
        titles = [(say(panel.title), number) for number, panel in enumerate(comparison.panels)]
        left, right = comparison.first_pair
        pair, between = _pair(comparison, left, right)
        return {
            self._pair: gr.update(visible=True),
            self._pictures: magnifier.pictures_under_lens(comparison.panels),
            self._left: gr.update(choices=titles, value=left),
            self._right: gr.update(choices=titles, value=right),
            self._slider: pair,
            self._difference: between,
        }


def _pair(comparison: Comparison, left: int, right: int) -> tuple[tuple[Image.Image, Image.Image], Image.Image]:
    one, other = comparison.panels[left].image, comparison.panels[right].image
    return (one, other), difference(other, one)


def _chosen_pair(stored: StoredResult | None, left: int, right: int) -> Any:
    comparison = stored.explanation if stored is not None else None
    if not isinstance(comparison, Comparison):
        return gr.skip(), gr.skip()
    return _pair(comparison, left, right)
