"""Alignment: the least-squares similarity, the smooth map, and crops."""

from __future__ import annotations

import numpy
import pytest

from engine.faces import align


def test_similarity_is_the_least_squares_one() -> None:
    random = numpy.random.default_rng(0)
    source, target = random.normal(size=(9, 2)), random.normal(size=(9, 2))
    rows = [([x, -y, 1, 0], [y, x, 0, 1]) for x, y in source]
    solution, *_ = numpy.linalg.lstsq(numpy.array(rows).reshape(-1, 4), target.ravel(), rcond=None)
    a, b, across, down = solution
    assert align.similarity(source, target) == pytest.approx(numpy.array([[a, -b, across], [b, a, down]]))


def test_the_smooth_map_goes_through_its_points_and_keeps_affine_maps() -> None:
    random = numpy.random.default_rng(1)
    target = random.uniform(20, 108, (60, 2)).astype(numpy.float32)
    matrix = numpy.array([[1.1, 0.1, -3], [-0.05, 0.9, 4]])
    places = align.smooth_map(target, align.moved(target, matrix), 128)
    own = align.identity_map(128)
    assert numpy.abs(places - align.moved(own.reshape(-1, 2), matrix).reshape(128, 128, 2)).max() < 0.05
    bent = target + 3 * numpy.sin(target[:, ::-1] / 20)
    places = align.smooth_map(target, bent, 128)
    rows, columns = target.round().astype(int).T[::-1]
    assert numpy.abs(places[rows, columns] - bent - (numpy.stack([columns, rows], 1) - target)).mean() < 0.5


def test_a_crop_of_a_large_picture_leaves_no_pixel_out() -> None:
    checker = numpy.indices((512, 512)).sum(0) % 2 * 255
    picture = numpy.repeat(checker[..., None], 3, 2).astype(numpy.uint8)
    matrix = numpy.array([[0.125, 0, 0.0], [0, 0.125, 0.0]])
    assert align.crop(picture, matrix, 60) == pytest.approx(0.5, abs=0.06)
