"""A small picture of a large one that is being made, part after part."""

from __future__ import annotations

from functools import cached_property

from PIL import Image

from engine.imaging.png import Values
from engine.imaging.raster import eight_bits
from engine.imaging.tiles import Box

PREVIEW_SIDE = 768
"""Longer side of a preview in pixels."""


def contained(image: Image.Image, side: int) -> Image.Image:
    """The picture as large as it fits into a square of so many pixels, at least one of them high and wide."""
    factor = side / max(image.size)
    width, height = (max(1, round(each * factor)) for each in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


class Preview:
    """Begins with a picture as it was, brought to the proportions of the result.

    It is made, and parts are put into it, when somebody looks: most runs are over before.

    Args:
        before: RGB.
        size: width and height of the large picture.
    """

    def __init__(self, before: Image.Image, size: tuple[int, int]) -> None:
        self._factor = min(1.0, PREVIEW_SIDE / max(size))
        self._before, self._size = before, size
        self._parts: list[tuple[Values, Box]] = []

    def take(self, result: Values, box: Box) -> None:
        """Take note that a part of the large picture, ``(H, W, 3)``, is there."""
        self._parts.append((result, box))

    def image(self) -> Image.Image:
        """A copy, for a page."""
        return self._so_far.copy()

    def showing(self, part: Image.Image, box: Box) -> Image.Image:
        """A copy with a part that is still at work."""
        shown = self._so_far.copy()
        self._paste(shown, part, box)
        return shown

    @cached_property
    def _small(self) -> Image.Image:
        width, height = (max(1, round(side * self._factor)) for side in self._size)
        return self._before.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)

    @property
    def _so_far(self) -> Image.Image:
        parts, self._parts = self._parts, []
        for result, box in parts:
            part = result[box.top : box.bottom, box.left : box.right]
            self._paste(self._small, Image.fromarray(eight_bits(part)), box)
        return self._small

    def _paste(self, image: Image.Image, part: Image.Image, box: Box) -> None:
        edges = (round(edge * self._factor) for edge in (box.left, box.top, box.right, box.bottom))
        left, top, right, bottom = edges
        if right > left and bottom > top:
            image.paste(part.resize((right - left, bottom - top), reducing_gap=2.0), (left, top))
