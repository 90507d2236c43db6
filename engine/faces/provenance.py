"""Provenance: a visible label and a statement in the file say that a machine has made a picture. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy
from PIL import Image, ImageDraw, ImageFont

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.contracts.settings import Settings
from engine.imaging.tiles import Box

if TYPE_CHECKING:
    from engine.imaging.masks import Colours, Cover

Corner = Literal["bottom right", "bottom left", "top right", "top left", "none"]
TEXT = "AI-generated"


def check_label(corner: Corner, settings: Settings) -> None:
    """ParameterError when no label is asked for and the owner of this machine does not allow that."""
    if corner == "none" and not settings.unlabelled:
        raise ParameterError(
            Message(
                "Results carry a label here; its owner can allow others ({variable}=1).",
                variable="PENTIMENTO_UNLABELLED",
            )
        )


def label(size: tuple[int, int], corner: Corner, share: float) -> tuple[Box, Colours, Cover] | None:
    """The label for a picture of ``size`` (width, height): its place, colours, and cover; None for no label.

    Args:
        size: of the picture.
        corner: where.
        share: height of the letters, of the picture's shorter side.
    """
    if corner == "none":
        return None
    width, height = size
    text = max(7, round(share * min(size)))
    font = ImageFont.load_default(text)
    while font.getlength(TEXT) + text > width and text > 5:  # a narrow picture
        text -= 1
        font = ImageFont.load_default(text)
    wide, high = min(width, int(font.getlength(TEXT)) + text), min(height, round(1.6 * text))
    down, across = corner.split()
    left = max(0, width - wide - text // 2) if across == "right" else min(text // 2, width - wide)
    top = max(0, height - high - text // 2) if down == "bottom" else min(text // 2, height - high)
    plate = Image.new("RGB", (wide, high), (16, 16, 20))
    ImageDraw.Draw(plate).text((wide / 2, high / 2), TEXT, (255, 255, 255), font, anchor="mm")
    colours: Colours = numpy.asarray(plate, numpy.float32) / 255
    cover = numpy.maximum(0.72, colours.mean(-1) ** 0.5).clip(0, 1).astype(numpy.float32)
    return Box(left, top, left + wide, top + high), colours, cover
