"""The view that shows where in the painting the patches of a result came from."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from demos.panel import CHART_HEIGHT, PRIVATE, Kept, Panel
from engine.montage import Montage
from engine.perceptual.correspondence import Correspondence, Found, cut_out, outlined

OUTLINES = ("#ffffff", "#ffd84a", "#7de0ff")
"""Colours of the outlines, a layer each."""
ENLARGED = 88
"""Side of an enlarged patch in pixels."""
HEIGHT = CHART_HEIGHT - 110
MAP_SIDE = 800
"""Longer side of the picture to click on; no smaller than it is ever shown."""
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
                self.told = gr.Markdown(HINT, elem_classes=["quiet", "notes"])
                self.layer = gr.Radio(
                    ["relu3_1", "relu4_1"], value="relu3_1", show_label=False, label="Layer", container=False
                )
            with gr.Row():
                self.map = gr.Image(label="Result", alt_text="the result in the colours of its sources", **picture)
                self.source = gr.Image(label="Painting", alt_text="the painting under its colour code", **picture)
                self.patches = gr.Image(
                    label="Patch, source", alt_text="patches beside their sources", show_label=False, **picture
                )

    def connect(self, ended: list[Any]) -> None:
        """Show the matches after each of the events, and a patch's source on a click."""
        result, layer = self._panel.result, self.layer
        shown = [self.layer, self.map, self.source, self.patches, self.told]
        quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}
        for event in ended:
            event.then(_result, [result, layer], shown, **quiet)
        self.layer.input(_overview, [result, layer], [self.map, self.source], **quiet)
        self.map.select(_clicked, [result, layer], [self.map, self.source, self.patches, self.told], **quiet)


def _result(kept: Kept | None, layer: str) -> tuple[Any, ...]:
    if kept is None or not isinstance(kept.explanation, Correspondence):
        return (gr.skip(),) * 5
    layers = [each.layer for each in kept.explanation.layers]
    layer = layer if layer in layers else layers[0]
    return gr.update(choices=layers, value=layer), *_overview(kept, layer), None, HINT


def _overview(kept: Kept | None, layer: str) -> tuple[Any, Any]:
    """The colour-coded result and the paintings under the code."""
    if kept is None or not isinstance(kept.explanation, Correspondence):
        return gr.skip(), gr.skip()
    matches: Correspondence = kept.explanation
    return _map(matches, layer), _side_by_side([matches.legend(number) for number in range(len(matches.paintings))])


def _clicked(kept: Kept | None, layer: str, event: gr.SelectData) -> tuple[Any, ...]:
    """Outlines of the patches at the click and of their sources, and both enlarged."""
    if kept is None or not isinstance(kept.explanation, Correspondence):
        return (gr.skip(),) * 4
    matches: Correspondence = kept.explanation
    marked, paintings = _map(matches, layer), list(matches.paintings)
    across, down = (min(max(at / length, 0), 1) for at, length in zip(event.index, marked.size, strict=True))
    found = matches.at(across, down)
    for each, colour in zip(found, OUTLINES, strict=False):
        marked = outlined(marked, each.patch, colour)
        paintings[each.number] = outlined(paintings[each.number], each.corners, colour)
    told = " · ".join(f"{each.layer}: correlation {each.correlation:.2f}" for each in found)
    enlarged = _enlarged(matches, found)
    return marked, _side_by_side(paintings), enlarged, f"A patch of each layer and its source. {told}"


def _map(matches: Correspondence, layer: str) -> Image.Image:
    """The colour-coded result, large: Gradio counts a click on an enlarged picture as if it were not enlarged."""
    return matches.coloured(layer, ImageOps.contain(matches.result, (MAP_SIDE, MAP_SIDE)))


def _side_by_side(images: list[Image.Image]) -> Image.Image:
    """Images of one height in a row."""
    height = max(image.height for image in images)
    scaled = [ImageOps.contain(image, (10 * height, height)) for image in images]
    sheet = Image.new("RGB", (sum(image.width for image in scaled), height))
    left = 0
    for image in scaled:
        sheet.paste(image, (left, 0))
        left += image.width
    return sheet


def _enlarged(matches: Correspondence, found: list[Found]) -> Image.Image:
    """Each patch of the result, cut out and enlarged, beside its source."""
    montage = Montage((ENLARGED, ENLARGED), 2 * len(found), columns=2)
    for index, each in enumerate(found):
        montage.paste(2 * index, cut_out(matches.result, each.patch, ENLARGED), each.layer)
        montage.paste(2 * index + 1, cut_out(matches.paintings[each.number], each.corners, ENLARGED), "source")
    return montage.image
