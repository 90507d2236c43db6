"""Where in a painting the patches of a result come from, and the pictures that show it."""

from __future__ import annotations

import numpy
import pytest
import torch
from PIL import Image

from engine.perceptual.copies import Copy
from engine.perceptual.correspondence import SQUARE, Correspondence, LayerMatches, cut_out, outlined
from engine.perceptual.matching import PatchBank
from tests.support import pictures


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
    (match,) = correspondence.at(0.5, 0.5)  # feature 4, 3 of 8 x 6: the patch from 2, 2 (or next to it)
    assert match.number == 0
    assert match.correlation == pytest.approx(1, abs=1e-5)
    # The source lies where the patch lies, moved by three features to the right and two down.
    there = match.patch * [8, 6] + [3, 2]
    numpy.testing.assert_allclose(match.corners * [12, 10], there, atol=1e-5)
    assert (match.patch[2] - match.patch[0]).tolist() == pytest.approx([3 / 8, 3 / 6])
    patch = numpy.asarray(cut_out(correspondence.result, match.patch, 30)).astype(float)
    source = numpy.asarray(cut_out(correspondence.paintings[0], match.corners, 30)).astype(float)
    assert numpy.abs(patch - source).mean() < 3


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_every_corner_of_the_result_has_a_patch(corner: tuple[int, int], correspondence: Correspondence) -> None:
    (match,) = correspondence.at(*corner)
    assert match.patch.min() >= 0
    assert match.patch.max() <= 1


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
