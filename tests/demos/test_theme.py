"""What the page draws of a run."""

from __future__ import annotations

import re

import pytest

from demos.components import theme as look
from demos.components.loss_curves import POINTS, Curves


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (119.7, "2 min 0 s"), (3600, "60 min")],
)
def test_durations(value: float, told: str) -> None:
    assert look.seconds(value) == told


def test_the_status_is_a_progress_bar_and_escapes_what_it_shows() -> None:
    drawn = look.status(0.426, "<b>stage</b>", 12.3, "style 0.5")
    assert 'aria-valuenow="43"' in drawn
    assert "&lt;b&gt;stage" in drawn
    assert "about 12 s left" in drawn
    assert "style 0.5" in drawn


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
