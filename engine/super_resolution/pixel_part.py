"""The part of a picture that is drawn anew pixel by pixel, and what is known of it. No torch before it is needed."""

from __future__ import annotations

from typing import NamedTuple

import numpy
from PIL import Image

from engine.imaging.tiles import Box

SCALE = 4


class Part(NamedTuple):
    """A small picture, and the large one that it was made of."""

    small: Image.Image
    original: Image.Image | None
    """None where the picture has fewer pixels there than the result."""


def part_of(size: tuple[int, int], *, part: float, across: float, down: float) -> Box:
    """A square of a picture of ``size`` (width, height).

    Args:
        size: of the picture.
        part: its side, as a percentage of the shorter side.
        across: where it lies: 0 at the left, 100 at the right.
        down: where it lies: 0 at the top, 100 at the bottom.
    """
    side = max(1, round(min(size) * part / 100))
    left, top = round((size[0] - side) * across / 100), round((size[1] - side) * down / 100)
    return Box(left, top, left + side, top + side)


def reduced_part(image: Image.Image, box: Box, side: int) -> Part:
    """The part, reduced by MATLAB's rule to ``side`` pixels, beside the original of four times that."""
    from engine.imaging.resize import imresize_bytes

    values = numpy.asarray(image.crop((box.left, box.top, box.right, box.bottom)))
    large = SCALE * side
    if len(values) < large:
        return Part(Image.fromarray(imresize_bytes(values, (side, side))), None)
    original = imresize_bytes(values, (large, large))
    return Part(Image.fromarray(imresize_bytes(original, (side, side))), Image.fromarray(original))
