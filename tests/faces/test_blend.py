"""A face in its picture: blended without a seam, and back at its own place."""

from __future__ import annotations

import numpy
import pytest

from engine.faces import align, blend
from engine.faces.face_mask import edge_free
from tests.support import pictures


def test_a_pyramid_blend_is_exact_where_the_cover_is_whole() -> None:
    random = numpy.random.default_rng(0)
    one, other = random.uniform(0.2, 0.8, (2, 96, 96, 3)).astype(numpy.float32)
    ones = numpy.ones((96, 96), numpy.float32)
    assert blend.pyramid_blend(one, other, ones) == pytest.approx(one, abs=1e-5)
    assert blend.pyramid_blend(one, other, 0 * ones) == pytest.approx(other, abs=1e-6)
    halves = ones.copy()
    halves[:, :48] = 0
    blended = blend.pyramid_blend(numpy.full_like(one, 0.8), numpy.full_like(one, 0.2), halves)
    middle = blended[48, :, 0]
    assert middle[2] == pytest.approx(0.2, abs=0.02)
    assert middle[-3] == pytest.approx(0.8, abs=0.02)
    assert numpy.abs(numpy.diff(middle)).max() < 0.08, "a step of a picture without detail becomes a slope"


def test_what_is_placed_lies_where_it_was_cut_out() -> None:
    picture = numpy.asarray(pictures.portrait())
    matrix = numpy.array([[0.9, 0.2, -60], [-0.2, 0.9, 40.0]])
    crop = align.crop(picture, matrix, 128)
    cover = edge_free(numpy.ones((128, 128), numpy.float32))
    place = blend.placed(crop, cover, matrix, (512, 512))
    assert place is not None
    box, colours, share = place
    part = picture[box.top : box.bottom, box.left : box.right] / 255
    assert numpy.abs((colours - part) * share[..., None]).mean() < 0.02
    assert blend.placed(crop, cover, matrix + numpy.array([[0, 0, 900], [0, 0, 0]]), (50, 50)) is None
