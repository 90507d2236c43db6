"""Super-resolution side by side: an outline on the picture around the part that will be compared."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import ImageDraw

from demos.components.events import DOORS, LATEST
from demos.components.uploads import Upload
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine import Picture
from engine.contracts.messages import Message
from engine.imaging.preview import contained
from engine.tasks.super_resolution_comparison import part_of

SIDE = 320
"""Longest side in pixels of the picture that shows the part."""
COLOUR = "#ffd84a"
FIELDS = ("scale", "original", "side", "across", "down")
"""Parameters that say which part it is."""


class PartOutline(Special):
    """The picture with the part, redrawn whenever that changes."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._part = gr.Image(
            label=mark(Message("What is compared")), format="jpeg", height=200, interactive=False, visible=False,
            buttons=[], alt_text=mark(Message("the picture with an outline around the part that is compared")),
        )  # fmt: skip

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        watched: list[Any] = [self.controls["image"], *(self.controls[name] for name in FIELDS)]
        gr.on([each.change for each in watched], _outlined, watched, [self._part], **LATEST, **DOORS)


def _outlined(picture: Upload, *values: Any) -> Any:
    if not isinstance(picture, Picture):
        return gr.update(visible=False)
    factor = SIDE / max(picture.size)
    box = part_of(picture.size, **dict(zip(FIELDS, values, strict=True)))
    shown = contained(picture.image, SIDE)
    left, top, right, bottom = (round(edge * factor) for edge in (box.left, box.top, box.right - 1, box.bottom - 1))
    ImageDraw.Draw(shown).rectangle((left, top, max(left, right), max(top, bottom)), None, COLOUR, 3)
    return gr.update(value=shown, visible=True)
