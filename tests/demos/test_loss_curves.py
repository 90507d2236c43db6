"""The drawing of the losses."""

from __future__ import annotations

import re

import pytest

from demos.components.loss_curves import POINTS, Curves


def test_every_loss_has_a_line_and_a_legend() -> None:
    curves = Curves()
    for step in range(10):
        curves.add(step, {"content": 0.1 * step, "style": 10.0 / (step + 1), "smoothness": 0.0})
    drawn = curves.svg()
    assert drawn.count("<polyline") == 3
    assert drawn.count("<i style") == 3
    assert "style 1" in drawn


def test_lower_losses_are_drawn_lower() -> None:
    curves = Curves()
    for step, value in enumerate((100.0, 10.0, 1.0)):
        curves.add(step, {"style": value})
    (points,) = re.findall(r'points="([^"]+)"', curves.svg())
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert heights == sorted(heights)
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0], abs=0.2), "a logarithmic axis"


def test_a_loss_that_has_ended_keeps_its_line_and_its_name() -> None:
    curves = Curves()
    curves.add(1, {"content": 1.0})
    curves.add(2, {"content": 0.5})
    curves.add(3, {"style": 0.5})
    drawn = curves.svg()
    assert drawn.count("<polyline") == 2
    assert "nan" not in drawn
    assert "content 0.5" in drawn
    assert drawn.count("<i style") == 2


def test_a_long_run_sends_no_more_than_a_short_one() -> None:
    curves = Curves()
    for step in range(5000):
        curves.add(step, {"style": 1.0 / (step + 1)})
    assert len(curves.rows) <= POINTS + 1
    assert curves.rows[0][0] == 0
    assert curves.rows[-1][0] == 4999


def test_nothing_yet_is_an_empty_frame_of_the_same_size() -> None:
    assert "<svg" in Curves().svg()
    assert "<polyline" not in Curves().svg()


def test_names_are_escaped_and_the_axis_is_named_in_a_language() -> None:
    curves = Curves()
    for step in range(2):
        curves.add(step, {"<b>": 1.0})
    drawn = curves.svg(lambda template: f"“{template}”")
    assert "<b>" not in drawn
    assert drawn.count("“") == 2, "the drawing's label, and the axis"
