"""Turned and resized copies of a picture as further sources of patches (Li & Wand 2016, section 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy
from PIL import Image

from engine.imaging.tensors import Size, fitted

Points = numpy.ndarray
"""``(..., 2)`` float: across and down, in [0, 1] of a picture's width and height."""


@dataclass(frozen=True)
class Copy:
    """A copy of one of several pictures."""

    number: int
    """Which picture."""
    angle: float = 0.0
    """Degrees counter-clockwise, between -90 and 90."""
    factor: float = 1.0
    """Size relative to the size at work."""

    def cut(self, image: Image.Image) -> Image.Image:
        """The picture turned, cut to the largest rectangle of the same proportions that has no empty corner."""
        if not self.angle:
            return image
        turned = image.rotate(self.angle, Image.Resampling.BICUBIC)
        kept = self._kept(image.size)
        across, down = ((1 - kept) / 2 * length for length in image.size)
        return turned.crop((math.ceil(across), math.ceil(down), int(image.width - across), int(image.height - down)))

    def size(self, whole: Size, shortest: int) -> Size:
        """Size of the copy, when the whole picture works at size ``whole``."""
        return fitted(whole, round(max(whole) * self._kept(whole) * self.factor), shortest=shortest)

    def source(self, points: Points, proportions: Size) -> Points:
        """Points of the copy -> points of the picture that it was cut from.

        Args:
            points: relative to the copy.
            proportions: width and height of the picture, in any unit.
        """
        lengths = numpy.asarray(proportions, dtype=float)
        away = (numpy.asarray(points) - 0.5) * lengths * self._kept(proportions)
        cosine, sine = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        back = numpy.stack(
            (cosine * away[..., 0] - sine * away[..., 1], sine * away[..., 0] + cosine * away[..., 1]), axis=-1
        )
        relative: Points = back / lengths + 0.5
        return relative

    def _kept(self, size: Size) -> float:
        """Length of the rectangle that is left, relative to the picture."""
        cosine, sine = abs(math.cos(math.radians(self.angle))), abs(math.sin(math.radians(self.angle)))
        width, height = size
        return min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))


TURN = 7.5
"""Degrees between turned copies: pi / 24, as in the authors' code."""
GROWTH = 1.1
"""Ratio of the sizes of resized copies; the authors' 1.05 is hardly seen by features that pool over 8 pixels."""


def copies(number: int, turns: int, resizings: int) -> list[Copy]:
    """The picture itself and its copies: ``turns`` to each side, ``resizings`` smaller and as many larger; not both."""
    turned = [Copy(number, angle=sign * TURN * step) for step in range(1, turns + 1) for sign in (1, -1)]
    resized = [Copy(number, factor=GROWTH ** (sign * step)) for step in range(1, resizings + 1) for sign in (1, -1)]
    return [Copy(number), *turned, *resized]
