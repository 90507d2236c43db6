"""Super-resolution of a part: an outline on the picture around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import ImageDraw

from demos.components.events import DOORS, LATEST
from demos.components.shown_picture import ShownPicture
from demos.components.uploads import Upload
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine import Picture
from engine.contracts.messages import Message
from engine.imaging.preview import contained
from engine.imaging.tiles import Box
from engine.super_resolution import pixel_part
from engine.tasks.super_resolution_comparison import part_of

SIDE = 320
"""Longest side in pixels of the picture that shows the part."""
COLOUR = "#ffd84a"


class PartOutline(Special):
    """The picture with the part that will be compared, redrawn whenever that changes."""

    label = Message("What is compared")
    fields: Sequence[str] = ("scale", "original", "side", "across", "down")
    """Parameters that say which part it is."""

    @staticmethod
    def box(size: tuple[int, int], **values: Any) -> Box:
        """The part of a picture of ``size`` (width, height), by the values of :attr:`fields`."""
        return part_of(size, **values)

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._part = ShownPicture(
            label=mark(self.label), height=200, visible=False, buttons=[],
            alt_text=mark(Message("the picture with an outline around the part")),
        )  # fmt: skip

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        watched: list[Any] = [self.controls["image"], *(self.controls[name] for name in self.fields)]
        gr.on([each.change for each in watched], self._outlined, watched, [self._part], **LATEST, **DOORS)

    def _outlined(self, picture: Upload, *values: Any) -> Any:
        if not isinstance(picture, Picture):
            return gr.update(visible=False)
        factor = SIDE / max(picture.size)
        box = self.box(picture.size, **dict(zip(self.fields, values, strict=True)))
        shown = contained(picture.image, SIDE)
        left, top, right, bottom = (round(edge * factor) for edge in (box.left, box.top, box.right - 1, box.bottom - 1))
        ImageDraw.Draw(shown).rectangle((left, top, max(left, right), max(top, bottom)), None, COLOUR, 3)
        return gr.update(value=shown, visible=True)


class DrawnPart(PartOutline):
    """The picture with the part that will be drawn anew."""

    label = Message("What is drawn anew")
    fields = ("part", "across", "down")

    @staticmethod
    def box(size: tuple[int, int], **values: Any) -> Box:
        """See :meth:`PartOutline.box`."""
        return pixel_part.part_of(size, **values)
