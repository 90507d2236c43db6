"""Masks of a face in its aligned crop: outlines filled, grown, feathered. Covers ``(H, W)`` float32 in [0, 1]."""

from __future__ import annotations

import cv2
import numpy

from engine.faces.align import identity_map
from engine.faces.face import Points
from engine.imaging.masks import Cover

FINE = 8
"""Positions of a polygon's corner between two pixels, as a power of two."""


def polygon(points: Points, side: int) -> Cover:
    """1 inside an outline ``(N, 2)``, 0 outside, ``(side, side)``."""
    canvas = numpy.zeros((side, side), numpy.uint8)
    cv2.fillPoly(canvas, [(points * 2**FINE).round().astype(numpy.int32)], 255, cv2.LINE_AA, FINE)
    return canvas.astype(numpy.float32) / 255


def feathered(cover: Cover, radius: float) -> Cover:
    """The cover with a soft edge, ``radius`` in pixels."""
    soft: Cover = cv2.GaussianBlur(cover, (0, 0), radius) if radius > 0.1 else cover
    return soft


def grown(cover: Cover, radius: int) -> Cover:
    """Larger by ``radius`` pixels on every side; smaller where it is negative."""
    if radius == 0:
        return cover
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(radius) + 1,) * 2)
    changed: Cover = cv2.dilate(cover, disc) if radius > 0 else cv2.erode(cover, disc)
    return changed


def edge_free(cover: Cover) -> Cover:
    """The cover, fading out at the crop's edges."""
    side = cover.shape[0]
    own = identity_map(side)
    distance = numpy.minimum(own, side - 1 - own).min(-1)
    faded: Cover = cover * (distance / (0.04 * side)).clip(0, 1)
    return faded
