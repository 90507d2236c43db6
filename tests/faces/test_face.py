"""A face as points."""

from __future__ import annotations

import numpy
import pytest

from engine.faces.face import openness


@pytest.mark.parametrize("open_by", [0.0, 0.3, 0.6])
def test_openness_is_height_through_width(open_by: float) -> None:
    points = numpy.zeros((68, 2), numpy.float32)
    points[60:68] = [(0, 0), (2, -5), (5, -5), (8, -5), (10, 0), (8, 5), (5, 5), (2, 5)]
    points[60:68, 1] *= open_by
    assert openness(points)["mouth"] == pytest.approx(open_by)
