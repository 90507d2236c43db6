"""A small picture of a large one that is being made, part after part."""

from __future__ import annotations

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

    Args:
        before: RGB.
        size: width and height of the large picture.
    """

    def __init__(self, before: Image.Image, size: tuple[int, int]) -> None:
        self._factor = min(1.0, PREVIEW_SIDE / max(size))
        shown = (max(1, round(size[0] * self._factor)), max(1, round(size[1] * self._factor)))
        self._image = before.resize(shown, Image.Resampling.BICUBIC, reducing_gap=3.0)

    def take(self, result: Values, box: Box) -> None:
        """Paste a part of the large picture, ``(H, W, 3)``."""
        self._paste(self._image, Image.fromarray(eight_bits(result[box.top : box.bottom, box.left : box.right])), box)

    def image(self) -> Image.Image:
        """A copy, for a page."""
        return self._image.copy()

    def showing(self, part: Image.Image, box: Box) -> Image.Image:
        """A copy with a part that is still at work."""
        shown = self._image.copy()
        self._paste(shown, part, box)
        return shown

    def _paste(self, image: Image.Image, part: Image.Image, box: Box) -> None:
        edges = (round(edge * self._factor) for edge in (box.left, box.top, box.right, box.bottom))
        left, top, right, bottom = edges
        if right > left and bottom > top:
            image.paste(part.resize((right - left, bottom - top), reducing_gap=2.0), (left, top))
