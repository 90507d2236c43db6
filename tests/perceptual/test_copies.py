"""Turned and resized copies, and the way back from them to the painting."""

from __future__ import annotations

import numpy
import pytest
from PIL import Image, ImageDraw

from engine.perceptual.copies import Copy, copies
from tests.support import pictures


def spot(size: tuple[int, int], at: tuple[float, float]) -> Image.Image:
    """White with a black spot."""
    image = Image.new("RGB", size, "white")
    x, y = at[0] * size[0], at[1] * size[1]
    ImageDraw.Draw(image).ellipse((x - 6, y - 6, x + 6, y + 6), fill="black")
    return image


@pytest.mark.parametrize("angle", [0.0, 7.5, -30.0, 90.0])
@pytest.mark.parametrize("size", [(300, 200), (150, 260)])
def test_a_spot_in_a_copy_leads_back_to_the_spot(size: tuple[int, int], angle: float) -> None:
    at = (0.55, 0.42)
    copy = Copy(0, angle=angle)
    cut = copy.cut(spot(size, at))
    dark = numpy.argwhere(numpy.asarray(cut.convert("L")) < 100)
    middle = (dark.mean(axis=0)[::-1] + 0.5) / cut.size
    numpy.testing.assert_allclose(copy.source(middle, size), at, atol=0.012)


@pytest.mark.parametrize("angle", [7.5, -22.5, 45.0])
def test_a_turned_copy_has_no_empty_corner(angle: float) -> None:
    cut = Copy(0, angle=angle).cut(Image.new("RGB", (240, 160), (200, 120, 40)))
    assert numpy.asarray(cut).min(axis=(0, 1)).tolist() == [200, 120, 40]
    assert cut.width / cut.height == pytest.approx(1.5, rel=0.03)


def test_a_copy_keeps_the_size_of_what_is_on_it() -> None:
    whole = (300, 200)
    assert Copy(0).size(whole, 32) == whole
    assert Copy(0, factor=1.1).size(whole, 32) == (330, 220)
    turned = Copy(0, angle=7.5)
    cut = turned.cut(pictures.painting().resize((600, 400)))
    assert turned.size(whole, 32)[0] == pytest.approx(cut.width / 2, abs=2)
    assert Copy(0).size((300, 10), 32) == (300, 32)


def test_the_painting_itself_is_always_searched() -> None:
    assert copies(2, 0, 0) == [Copy(2)]
    several = copies(0, 2, 1)
    assert [copy.angle for copy in several] == [0, 7.5, -7.5, 15, -15, 0, 0]
    assert [round(copy.factor, 3) for copy in several] == [1, 1, 1, 1, 1, 1.1, 0.909]
