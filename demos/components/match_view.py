"""The view that shows where in the painting the patches of a result came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from demos.components.events import QUIET
from demos.components.following import FinishedRun, Follower
from demos.components.output_layout import HEIGHT as CANVAS_HEIGHT
from demos.components.output_panel import OutputPanel
from demos.components.shown_picture import ShownPicture
from demos.components.stored_result import StoredResult
from demos.i18n.language import mark, say
from engine.contracts.messages import Listing, Message
from engine.imaging.montage import Montage, side_by_side
from engine.imaging.preview import contained
from engine.perceptual.correspondence import Correspondence, PatchSource, cut_out, outlined

OUTLINES = {"relu2_1": "#7de0ff", "relu3_1": "#ffd84a", "relu4_1": "#ff7ad9"}
"""Layer -> colour of its outlines and frames."""
FRAME = 4
"""Width of the frame around an enlarged patch in pixels."""
ENLARGED = 88
"""Side of an enlarged patch in pixels."""
HEIGHT = CANVAS_HEIGHT - 110
MAP_SIDE = 800
"""Longer side of the picture to click on; no smaller than it is ever shown."""
WAIT = Message("The matches appear when the run has ended.")
HINT = Message(
    "After a run: every patch has the colour of the place it came from. Click the result for a patch's source."
)


class MatchView(Follower):
    """A tab of a panel.

    Args:
        panel: whose results it explains.
    """

    def __init__(self, panel: OutputPanel) -> None:
        self._result = panel.result
        picture: dict[str, Any] = {
            "height": HEIGHT, "min_width": 120, "elem_classes": ["filled"], "buttons": [],
        }  # fmt: skip
        with panel.layout.tabs, gr.Tab(mark(Message("Where from")), id="matches"):
            with gr.Row(equal_height=True):
                self._line = gr.Markdown(mark(HINT), elem_classes=["quiet", "notes", "two-lines"])
                self._layer = gr.Radio(
                    ["relu3_1", "relu4_1"], value="relu3_1", show_label=False, label=mark(Message("Layer")),
                    container=False,
                )  # fmt: skip
            with gr.Row():
                alt = mark(Message("the result in the colours of its sources"))
                self._map = ShownPicture(label=mark(Message("Result")), alt_text=alt, **picture)
                alt = mark(Message("the painting under its colour code"))
                self._source = ShownPicture(label=mark(Message("Painting")), alt_text=alt, **picture)
                alt = mark(Message("patches beside their sources"))
                label = mark(Message("Patch, source"))
                self._patches = ShownPicture(label=label, alt_text=alt, show_label=False, **picture)
        self._place = gr.State(None)
        self._shown = [self._map, self._source, self._patches, self._line]
        self.outputs = (*self._shown, self._layer, self._place)
        self.inputs = (self._layer,)
        panel.followers.append(self)

    def connect(self) -> None:
        """Show a patch's source on a click, and another layer when it is chosen."""
        chosen = [self._result, self._layer, self._place]
        self._layer.input(_matches_shown, chosen, self._shown, **QUIET)
        clicked = self._map.select(_clicked, [self._result], [self._place], **QUIET)
        clicked.then(_matches_shown, chosen, self._shown, **QUIET)

    def at_begin(self) -> dict[Any, Any]:
        """See :meth:`demos.components.following.Follower.at_begin`."""
        return {self._map: None, self._source: None, self._patches: None, self._line: say(WAIT)}

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`demos.components.following.Follower.at_end`."""
        matches = run.result.explanation
        if not isinstance(matches, Correspondence):
            return {}
        layer = _chosen(matches, values[0])
        layers = gr.update(choices=[each.layer for each in matches.layers], value=layer)
        shown = dict(zip(self._shown, _drawn(matches, layer, None), strict=True))
        return {**shown, self._layer: layers, self._place: None}


def _clicked(stored: StoredResult | None, event: gr.SelectData) -> tuple[float, float] | None:
    """The place of a click in [0, 1] of the result."""
    if stored is None or not isinstance(stored.explanation, Correspondence):
        return None
    size = _large(stored.explanation.result).size
    across, down = (min(max(at / length, 0), 1) for at, length in zip(event.index, size, strict=True))
    return across, down


def _matches_shown(stored: StoredResult | None, layer: str, place: tuple[float, float] | None) -> tuple[Any, ...]:
    if stored is None or not isinstance(stored.explanation, Correspondence):
        return (gr.skip(),) * 4
    return _drawn(stored.explanation, _chosen(stored.explanation, layer), place)


def _drawn(matches: Correspondence, layer: str, place: tuple[float, float] | None) -> tuple[Any, ...]:
    """Map, paintings, enlarged patches and a line; with a place, the patches there and their sources are outlined."""
    coloured = matches.coloured(layer, _large(matches.result))
    if place is None:
        legends = [matches.legend(number) for number in range(len(matches.paintings))]
        return coloured, _row(legends), None, say(HINT)
    patches = matches.at(*place)
    paintings = list(matches.paintings)
    for each in patches:
        coloured = outlined(coloured, each.patch, OUTLINES[each.layer])
        paintings[each.number] = outlined(paintings[each.number], each.corners, OUTLINES[each.layer])
    correlations = [
        Message("{layer}: correlation {correlation:.2f}", layer=each.layer, correlation=each.correlation)
        for each in patches
    ]
    first = Message("A patch of each layer, its source.")
    line = say(Listing([first, Listing(correlations, " · ")], " "))
    return coloured, _row(paintings), _enlarged(matches, patches), line


def _large(result: Image.Image) -> Image.Image:
    """For the map: Gradio counts a click on an enlarged picture as if it were not enlarged."""
    return contained(result, MAP_SIDE)


def _row(paintings: Sequence[Image.Image]) -> Image.Image:
    return side_by_side(paintings, max(image.height for image in paintings))


def _chosen(matches: Correspondence, layer: str) -> str:
    """The layer, or the first one where it was not matched."""
    layers = [each.layer for each in matches.layers]
    return layer if layer in layers else layers[0]


def _enlarged(matches: Correspondence, patches: Sequence[PatchSource]) -> Image.Image:
    """Each patch of the result, cut out and enlarged, beside its source; framed in the colour of its outlines."""
    captions = [caption for each in patches for caption in (each.layer, "source")]
    montage = Montage((ENLARGED, ENLARGED), captions, columns=2)
    for index, each in enumerate(patches):
        pairs = ((matches.result, each.patch), (matches.paintings[each.number], each.corners))
        for side, (image, corners) in enumerate(pairs):
            cut = cut_out(image, corners, ENLARGED - 2 * FRAME)
            montage.paste(2 * index + side, ImageOps.expand(cut, FRAME, OUTLINES[each.layer]))
    return montage.image
