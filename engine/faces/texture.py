"""The photo's grain and sharpness for a face that was made: without them it looks pasted, however right its colours.

Both are measured inside the face, on the photo's own face and on the new one. A robust measure of the finest detail is
grain, for most of a face is smooth skin; the strongest detail just above it is sharpness, for that is eyes and lips.
"""

from __future__ import annotations

import cv2
import numpy
from numpy.typing import NDArray

from engine.imaging.canvas import LUMA
from engine.imaging.masks import Colours, Cover

FINE, COARSE = 1.2, 3.0
"""Standard deviations in pixels of the blurs between which sharpness is measured; finer than the first is grain."""
STRONGEST = 92
"""Percentile of the detail that counts as the strongest."""
MOST_GAIN = 0.6
"""Most that detail is raised by: other faces have other wrinkles."""
MOST_GRAIN = 0.03
"""Standard deviation of the most grain that is added, in luma of [0, 1]."""
LEAST_PIXELS = 400
"""Pixels of a face below which nothing can be measured."""
MAD = 1.4826
"""Standard deviation of normally distributed values over the median of their distances from 0."""


def like_photo(face: Colours, photo: Colours, cover: Cover) -> Colours:
    """The new face as sharp and as grainy as the photo's own, where the photo is sharper or grainier.

    Args:
        face: ``(h, w, 3)`` with the new face in it.
        photo: the same part of the photo.
        cover: ``(h, w)``, where the face is the new one.
    """
    inside = cover > 0.5
    if int(inside.sum()) < LEAST_PIXELS:
        return face
    luma = numpy.array(LUMA, numpy.float32)
    wanted, own = _Detail(photo @ luma, inside), _Detail(face @ luma, inside)
    gain = min(max(wanted.strength / max(own.strength, 1e-4) - 1, 0), MOST_GAIN)
    sharper = _Detail(face @ luma + gain * own.middle, inside)
    missing = max(wanted.grain**2 - sharper.grain**2, 0.0) ** 0.5
    noise = numpy.random.default_rng(0).standard_normal(cover.shape).astype(numpy.float32)
    scale = min(missing / max(_grain(_finest(noise), inside), 1e-4), MOST_GRAIN)
    added = (gain * own.middle + scale * noise) * cover
    textured: Colours = (face + added[..., None]).clip(0, 1)
    return textured


class _Detail:
    """The detail of a picture inside a face.

    Args:
        luma: ``(h, w)``.
        inside: where it is measured.
    """

    def __init__(self, luma: NDArray[numpy.float32], inside: NDArray[numpy.bool_]) -> None:
        self.middle = cv2.GaussianBlur(luma, (0, 0), FINE / 2) - cv2.GaussianBlur(luma, (0, 0), COARSE)
        """``(h, w)``: between grain and shapes."""
        self.strength = float(numpy.percentile(numpy.abs(self.middle[inside]), STRONGEST))
        self.grain = _grain(_finest(luma), inside)


def _finest(luma: NDArray[numpy.float32]) -> NDArray[numpy.float32]:
    return luma - cv2.GaussianBlur(luma, (0, 0), FINE)


def _grain(finest: NDArray[numpy.float32], inside: NDArray[numpy.bool_]) -> float:
    return MAD * float(numpy.median(numpy.abs(finest[inside])))
