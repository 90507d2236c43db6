"""The whole result pixel for pixel, before and after under the same zoom.

The server cuts both pictures into tiles once (:mod:`engine.imaging.pyramid`); the page asks for those that its window
needs, and draws them on a canvas. So a result of any size can be looked at, and nothing reduced stands for it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr

from demos.components.close_canvas import NAMES, CloseCanvas
from demos.components.events import QUIET
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.i18n.language import mark
from engine.contracts.messages import Message
from engine.imaging.pyramid import Place, Pyramid


class Closely(NamedTuple):
    """Both pictures of a run in tiles."""

    before: Pyramid
    after: Pyramid


class CloseView(Follower):
    """A tab of a panel.

    Args:
        panel: whose results it shows.
    """

    def __init__(self, panel: OutputPanel) -> None:
        self._closely = gr.State(None, time_to_live=3600)
        with panel.layout.tabs, gr.Tab(mark(Message("Pixel for pixel")), id="closely"):
            self._canvas = CloseCanvas()
        self.outputs = (self._closely, self._canvas)
        panel.followers.append(self)

    def connect(self) -> None:
        """Answer what the page asks for."""
        self._canvas.change(_tiles, [self._closely, self._canvas], [self._canvas], **QUIET)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`Follower.at_end`."""
        before = next(iter(run.inputs.values()))[0].image
        closely = Closely(Pyramid(before), Pyramid(run.result.image))
        return {self._closely: closely, self._canvas: _opened(closely)}


def _opened(closely: Closely) -> dict[str, Any]:
    """The view's value when there are pictures: their sizes, and the tile of each that shows all of it."""
    pictures = {name: {"size": each.size, "coarsest": each.coarsest} for name, each in zip(NAMES, closely, strict=True)}
    whole = [(name, Place(each.coarsest, 0, 0)) for name, each in zip(NAMES, closely, strict=True)]
    return {"pictures": pictures, "tiles": _addresses(closely, whole)}


def _tiles(closely: Closely | None, wanted: list[tuple[str, Place]]) -> Any:
    """The view's value when it has asked for tiles."""
    if closely is None or not wanted:
        return gr.skip()
    return {"tiles": _addresses(closely, wanted)}


def _addresses(closely: Closely, wanted: Sequence[tuple[str, Place]]) -> dict[str, str]:
    """The tiles inside the page: they are the visitor's own, and gone with the page."""
    addresses = {}
    for name, place in wanted:
        tile = getattr(closely, name).tile(place)
        if tile is not None:
            key = "/".join([name, *map(str, place)])
            addresses[key] = "data:image/jpeg;base64," + base64.b64encode(tile).decode()
    return addresses
