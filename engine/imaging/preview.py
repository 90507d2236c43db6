"""A small picture of a large one that is being made, part after part."""

from __future__ import annotations

from collections.abc import Callable

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
        before: gives the picture as it was, RGB; asked once, at the first look.
        size: width and height of the large picture.
    """

    def __init__(self, before: Callable[[], Image.Image], size: tuple[int, int]) -> None:
        self._factor = min(1.0, PREVIEW_SIDE / max(size))
        self._before, self._size = before, size
        self._image: Image.Image | None = None
        self._parts: list[tuple[Values, Box]] = []

    def take(self, result: Values, box: Box) -> None:
        """Take note that a part of the large picture is there.

        Args:
            result: the whole large picture, ``(H, W, 3)``; it is read at the next look, as it is by then.
            box: the part.
        """
        self._parts.append((result, box))

    def image(self) -> Image.Image:
        """A copy, for a page."""
        return self._up_to_date().copy()

    def showing(self, part: Image.Image, box: Box) -> Image.Image:
        """A copy with a part that is still at work."""
        shown = self._up_to_date().copy()
        self._paste(shown, part, box)
        return shown

    def _up_to_date(self) -> Image.Image:
        if self._image is None:
            width, height = (max(1, round(side * self._factor)) for side in self._size)
            self._image = self._before().resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
        parts, self._parts = self._parts, []
        for result, box in parts:
            part = result[box.top : box.bottom, box.left : box.right]
            self._paste(self._image, Image.fromarray(eight_bits(part)), box)
        return self._image

    def _paste(self, image: Image.Image, part: Image.Image, box: Box) -> None:
        edges = (round(edge * self._factor) for edge in (box.left, box.top, box.right, box.bottom))
        left, top, right, bottom = edges
        if right > left and bottom > top:
            image.paste(part.resize((right - left, bottom - top), reducing_gap=2.0), (left, top))
