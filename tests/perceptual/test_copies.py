"""Turned and resized copies, and the way back from them to the painting."""

from __future__ import annotations

import numpy
import pytest
import torch
from PIL import Image, ImageDraw

from engine.imaging.montage import Montage
from engine.perceptual.copies import Copy, copies
from engine.perceptual.correspondence import SQUARE, Correspondence, LayerMatches, cut_out, outlined
from engine.perceptual.matching import PatchBank
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
    found = (dark.mean(axis=0)[::-1] + 0.5) / cut.size
    numpy.testing.assert_allclose(copy.source(found, size), at, atol=0.012)


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
    made = copies(0, 2, 1)
    assert [copy.angle for copy in made] == [0, 7.5, -7.5, 15, -15, 0, 0]
    assert [round(copy.factor, 3) for copy in made] == [1, 1, 1, 1, 1, 1.1, 0.909]


@pytest.fixture
def correspondence() -> Correspondence:
    """A result that is the middle of its painting, matched feature by feature."""
    source = torch.rand(1, 8, 10, 12, generator=torch.Generator().manual_seed(1))
    bank = PatchBank([source])
    painting = pictures.painting().resize((120, 100))
    matches = bank.search(source[:, :, 2:8, 3:11])
    layer = LayerMatches.of("relu3_1", bank, matches, [Copy(0)], [painting])
    return Correspondence.of([layer], painting.crop((30, 20, 110, 80)), [painting])


def test_the_patch_at_a_point_and_its_source(correspondence: Correspondence) -> None:
    (found,) = correspondence.at(0.5, 0.5)  # feature 4, 3 of 8 x 6: the patch from 2, 2 (or next to it)
    assert found.number == 0
    assert found.correlation == pytest.approx(1, abs=1e-5)
    # The source lies where the patch lies, moved by three features to the right and two down.
    there = found.patch * [8, 6] + [3, 2]
    numpy.testing.assert_allclose(found.corners * [12, 10], there, atol=1e-5)
    assert (found.patch[2] - found.patch[0]).tolist() == pytest.approx([3 / 8, 3 / 6])
    patch = numpy.asarray(cut_out(correspondence.result, found.patch, 30)).astype(float)
    source = numpy.asarray(cut_out(correspondence.paintings[0], found.corners, 30)).astype(float)
    assert numpy.abs(patch - source).mean() < 3


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_every_corner_of_the_result_has_a_patch(corner: tuple[int, int], correspondence: Correspondence) -> None:
    (found,) = correspondence.at(*corner)
    assert found.patch.min() >= 0
    assert found.patch.max() <= 1


def test_the_same_colour_is_the_same_place(correspondence: Correspondence) -> None:
    coloured = correspondence.coloured("relu3_1", correspondence.result)
    assert coloured.size == correspondence.result.size
    legend = correspondence.legend(0).crop((30, 20, 110, 80))
    inner = (15, 15, 65, 45)
    difference = numpy.asarray(coloured.crop(inner)).astype(float) - numpy.asarray(legend.crop(inner))
    assert numpy.abs(difference).mean() < 8
    elsewhere = numpy.asarray(correspondence.legend(0).crop((0, 0, 80, 60)).crop(inner)).astype(float)
    assert numpy.abs(numpy.asarray(coloured.crop(inner)) - elsewhere).mean() > 12


def test_the_explanation_is_one_picture(correspondence: Correspondence) -> None:
    picture = correspondence.picture()
    assert picture.mode == "RGB"
    assert picture.height == correspondence.result.height
    assert picture.width > 1.5 * correspondence.result.width


def test_an_outline_is_drawn_on_a_copy() -> None:
    image = Image.new("RGB", (100, 80), "grey")
    marked = outlined(image, 0.2 + 0.5 * SQUARE, "#ffffff")
    assert image.getextrema() == ((128, 128),) * 3
    assert marked.getpixel((40, 16)) == (255, 255, 255)
    assert marked.getpixel((5, 5)) == (128, 128, 128)


def test_captions_fit_into_their_rooms() -> None:
    sheet = Montage((40, 30), ["V1: Gram matrices", "V3: nearest patches"], columns=2)
    ink = numpy.asarray(sheet.image.convert("L")) < 128
    assert not ink[:, -2:].any(), "the last caption touches the border"
    room = (sheet.image.width + 4) // 2
    assert not ink[:, room - 3 : room].any(), "the captions touch each other"
    sheet.paste(0, Image.new("RGB", (80, 20), "black"))
    panel = numpy.asarray(sheet.image.convert("L"))[18:48, :40] < 128
    assert panel.any(axis=0).all(), "as wide as the room"
    assert panel.any(axis=1).sum() == 10, "in its own proportions"
