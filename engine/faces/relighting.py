"""The light of the scene on another face: colours and their slow changes from one crop, details from the other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from engine.imaging.masks import Colours, Cover

Lab = NDArray[Any]
"""``(H, W, 3)`` float32: L* from 0 to 100, a*, b*."""

SLOW = 26 / 256
"""Standard deviation of what counts as light, as a share of the crop's side."""
SLOW_SIDE = 128
"""Side in pixels at which light is looked at; it has no detail."""
GAINS = ((0.8, 1.25), (0.7, 1.4), (0.7, 1.4))
"""How much the spread of L*, a* and b* may change; more of it would show the source's noise."""


def lab_of(colours: Colours) -> Lab:
    """sRGB in [0, 1] -> CIE L*a*b*."""
    lab: Lab = cv2.cvtColor(numpy.ascontiguousarray(colours.clip(0, 1)), cv2.COLOR_RGB2LAB)
    return lab


def colours_of(lab: Lab) -> Colours:
    """CIE L*a*b* -> sRGB, cut to [0, 1]."""
    colours: Colours = cv2.cvtColor(numpy.ascontiguousarray(lab), cv2.COLOR_LAB2RGB).clip(0, 1)
    return colours


def slow(values: NDArray[Any], cover: Cover, share: float = SLOW) -> tuple[NDArray[Any], Cover]:
    """Values ``(H, W, C)`` smoothed within a cover, and how much of it is near, both in the size of the values.

    The mean counts covered pixels only, else the background would lend the face its colour.
    """
    height, width = values.shape[:2]
    size = (SLOW_SIDE, SLOW_SIDE)
    small, known = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (values * cover[..., None], cover))
    small, known = (cv2.GaussianBlur(each, (0, 0), share * SLOW_SIDE) for each in (small, known))
    mean = small.reshape(*size, -1) / numpy.maximum(known, 1e-4)[..., None]  # OpenCV drops a single channel
    large, near = (cv2.resize(each, (width, height), interpolation=cv2.INTER_CUBIC) for each in (mean, known))
    return large.reshape(height, width, -1), near.clip(0, 1)


def relit(source: Colours, scene: Colours, cover: Cover) -> Colours:
    """The source's face in the light of the scene's.

    First the mean and the spread of L*a*b* (Reinhard et al. 2001), then what changes slowly.

    Args:
        source: ``(H, W, 3)``, its face where the scene's is.
        scene: ``(H, W, 3)``.
        cover: where both are skin.
    """
    if cover.sum() < 16:
        unchanged: Colours = source.copy()
        return unchanged
    ours, theirs = lab_of(source), lab_of(scene)
    weight = cover[..., None] / cover.sum()
    means = [(weight * each).sum((0, 1)) for each in (ours, theirs)]
    spreads = [
        numpy.sqrt((weight * (each - mean) ** 2).sum((0, 1))) for each, mean in zip((ours, theirs), means, strict=True)
    ]
    low, high = numpy.array(GAINS, numpy.float32).T
    gain = (spreads[1] / numpy.maximum(spreads[0], 1e-3)).clip(low, high)
    relit_lab = (ours - means[0]) * gain + means[1]
    (before, _), (after, near) = slow(relit_lab, cover), slow(theirs, cover)
    relit_lab += (near / near.max()).clip(0, 0.25)[..., None] * 4 * (after - before)
    return colours_of(relit_lab)


def light_distance(source: Colours, scene: Colours, cover: Cover) -> float:
    """How differently two faces are lit, in units of L*: the slow part of L*, mean and spread apart."""
    values = []
    for each in (source, scene):
        light = lab_of(each)[..., :1]
        smooth, _ = slow(light, cover, 0.06)
        mean = float((smooth[..., 0] * cover).sum() / max(cover.sum(), 1e-6))
        values.append(smooth[..., 0] - mean)
    apart = (values[0] - values[1]) ** 2 * cover
    return float(numpy.sqrt(apart.sum() / max(cover.sum(), 1e-6)))
