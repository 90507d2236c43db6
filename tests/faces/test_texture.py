"""Grain and sharpness of a photo for a new face."""

from __future__ import annotations

import cv2
import numpy
import pytest

from engine.faces.texture import like_photo
from engine.imaging.masks import Colours

RANDOM = numpy.random.default_rng(5)
SIDE = 96


def face(*, blur: float = 0.0, grain: float = 0.0) -> Colours:
    """``(h, w, 3)``: bars as sharp as a blur leaves them, and grain."""
    bars = numpy.where(numpy.arange(SIDE) // 24 % 2, 0.65, 0.35).astype(numpy.float32)
    luma = numpy.tile(bars, (SIDE, 1))
    if blur:
        luma = cv2.GaussianBlur(luma, (0, 0), blur)
    luma = luma + grain * RANDOM.standard_normal(luma.shape).astype(numpy.float32)
    return numpy.repeat(luma[..., None], 3, axis=2).clip(0, 1)


def fine(colours: Colours) -> float:
    """Strength of the finest detail between the bars."""
    luma = colours[..., 1]
    return float(numpy.median(numpy.abs(luma - cv2.GaussianBlur(luma, (0, 0), 1.2))))


def steepest(colours: Colours) -> float:
    return float(numpy.percentile(numpy.abs(numpy.diff(cv2.blur(colours[..., 1], (1, 9)), axis=1)), 98))


EVERYWHERE = numpy.ones((SIDE, SIDE), numpy.float32)


def test_a_smooth_face_gets_the_photos_grain() -> None:
    photo, new = face(grain=0.02), face()
    assert fine(like_photo(new, photo, EVERYWHERE)) == pytest.approx(fine(photo), rel=0.15)


def test_a_soft_face_gets_sharper_but_no_sharper_than_the_photo() -> None:
    photo, new = face(), face(blur=1.5)
    textured = like_photo(new, photo, EVERYWHERE)
    assert steepest(new) * 1.1 < steepest(textured) <= steepest(photo)


def test_a_sharp_and_grainy_face_stays() -> None:
    new = face(grain=0.02)
    numpy.testing.assert_allclose(like_photo(new, face(blur=2), EVERYWHERE), new, atol=1e-6)


def test_nothing_changes_outside_and_nothing_can_be_measured_in_little() -> None:
    half = EVERYWHERE.copy()
    half[:, SIDE // 2 :] = 0
    photo, new = face(grain=0.02), face(blur=1.5)
    textured = like_photo(new, photo, half)
    assert numpy.array_equal(textured[:, SIDE // 2 :], new[:, SIDE // 2 :])
    assert not numpy.array_equal(textured, new)
    little = numpy.zeros_like(half)
    little[:10, :10] = 1
    assert like_photo(new, photo, little) is new
