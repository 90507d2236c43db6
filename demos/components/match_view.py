"""The view that shows where in the painting the patches of a result came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from demos.components.events import QUIET
from demos.components.output_panel import CHART_HEIGHT, Panel, RunEvents
from demos.components.stored_result import Kept
from demos.i18n.language import say
from engine.imaging.montage import Montage, side_by_side
from engine.perceptual.correspondence import Correspondence, Found, cut_out, outlined

OUTLINES = {"relu2_1": "#7de0ff", "relu3_1": "#ffd84a", "relu4_1": "#ff7ad9"}
"""Layer -> colour of its outlines and frames."""
FRAME = 4
"""Width of the frame around an enlarged patch in pixels."""
ENLARGED = 88
"""Side of an enlarged patch in pixels."""
HEIGHT = CHART_HEIGHT - 110
MAP_SIDE = 800
"""Longer side of the picture to click on; no smaller than it is ever shown."""
WAIT = "The matches appear when the run has ended."
HINT = "After a run: every patch has the colour of the place it came from. Click the result for a patch's source."


class MatchView:
    """A tab of the panel; connected with the panel's results."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        picture: dict[str, Any] = {
            "interactive": False, "format": "jpeg", "height": HEIGHT, "min_width": 120, "elem_classes": ["filled"],
            "buttons": [],
        }  # fmt: skip
        with panel.tabs, gr.Tab("Where from", id="matches"):
            with gr.Row(equal_height=True):
                self.told = gr.Markdown(HINT, elem_classes=["quiet", "notes", "two-lines"])
                self.layer = gr.Radio(
                    ["relu3_1", "relu4_1"], value="relu3_1", show_label=False, label="Layer", container=False
                )
            with gr.Row():
                self.map = gr.Image(label="Result", alt_text="the result in the colours of its sources", **picture)
                self.source = gr.Image(label="Painting", alt_text="the painting under its colour code", **picture)
                self.patches = gr.Image(
                    label="Patch, source", alt_text="patches beside their sources", show_label=False, **picture
                )

    def connect(self, runs: Sequence[RunEvents]) -> None:
        """Show the matches of every run's result, and a patch's source on a click."""
        result, layer, place = self._panel.result, self.layer, gr.State(None)
        shown = [self.map, self.source, self.patches, self.told]
        for events in runs:
            events.begun.then(lambda: (None, None, None, say(WAIT)), None, shown, **QUIET)
            events.ended.then(_layers, [result, layer], [layer, place], **QUIET).then(
                _shown, [result, layer, place], shown, **QUIET
            )
        layer.input(_shown, [result, layer, place], shown, **QUIET)
        self.map.select(_clicked, [result], [place], **QUIET).then(_shown, [result, layer, place], shown, **QUIET)


def _matches(kept: Kept | None) -> Correspondence | None:
    return kept.explanation if kept is not None and isinstance(kept.explanation, Correspondence) else None


def _layers(kept: Kept | None, layer: str) -> tuple[Any, None]:
    """The layers that were matched, and no place chosen."""
    matches = _matches(kept)
    if matches is None:
        return gr.skip(), None
    return gr.update(choices=[each.layer for each in matches.layers], value=_chosen(matches, layer)), None


def _clicked(kept: Kept | None, event: gr.SelectData) -> tuple[float, float] | None:
    """The place of a click in [0, 1] of the result."""
    matches = _matches(kept)
    if matches is None:
        return None
    across, down = (
        min(max(at / length, 0), 1) for at, length in zip(event.index, _large(matches.result).size, strict=True)
    )
    return across, down


def _shown(kept: Kept | None, layer: str, place: tuple[float, float] | None) -> tuple[Any, ...]:
    """Map, paintings, enlarged patches and a line; with a place, the patches there and their sources are outlined."""
    matches = _matches(kept)
    if matches is None:
        return (gr.skip(),) * 4
    coloured = matches.coloured(_chosen(matches, layer), _large(matches.result))
    if place is None:
        legends = [matches.legend(number) for number in range(len(matches.paintings))]
        return coloured, _row(legends), None, say(HINT)
    found = matches.at(*place)
    paintings = list(matches.paintings)
    for each in found:
        coloured = outlined(coloured, each.patch, OUTLINES[each.layer])
        paintings[each.number] = outlined(paintings[each.number], each.corners, OUTLINES[each.layer])
    told = " · ".join(say("{}: correlation {}", each.layer, f"{each.correlation:.2f}") for each in found)
    first = say("A patch of each layer, its source.")
    return coloured, _row(paintings), _enlarged(matches, found), f"{first} {told}"


def _large(result: Image.Image) -> Image.Image:
    """For the map: Gradio counts a click on an enlarged picture as if it were not enlarged."""
    return ImageOps.contain(result, (MAP_SIDE, MAP_SIDE))


def _row(paintings: Sequence[Image.Image]) -> Image.Image:
    return side_by_side(paintings, max(image.height for image in paintings))


def _chosen(matches: Correspondence, layer: str) -> str:
    """The layer, or the first one where it was not matched."""
    layers = [each.layer for each in matches.layers]
    return layer if layer in layers else layers[0]


def _enlarged(matches: Correspondence, found: Sequence[Found]) -> Image.Image:
    """Each patch of the result, cut out and enlarged, beside its source; framed in the colour of its outlines."""
    captions = [caption for each in found for caption in (each.layer, "source")]
    montage = Montage((ENLARGED, ENLARGED), captions, columns=2)
    for index, each in enumerate(found):
        pairs = ((matches.result, each.patch), (matches.paintings[each.number], each.corners))
        for side, (image, corners) in enumerate(pairs):
            cut = cut_out(image, corners, ENLARGED - 2 * FRAME)
            montage.paste(2 * index + side, ImageOps.expand(cut, FRAME, OUTLINES[each.layer]))
    return montage.image
