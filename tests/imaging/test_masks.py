"""Masks: how they are read, changed, and cut into parts to work on."""

from __future__ import annotations

import numpy
import pytest
from PIL import Image

from engine.contracts.errors import PictureError
from engine.imaging.masks import (
    CONTEXT,
    bounds,
    checked,
    context,
    extent,
    feathered,
    grown,
    holes,
    mask_of,
)
from engine.imaging.picture import open_picture
from engine.imaging.tiles import Box
from tests.support import pictures


def boxed(height: int, width: int, *boxes: Box) -> numpy.ndarray:
    mask = numpy.zeros((height, width), bool)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def drawn(mask: numpy.ndarray, mode: str = "RGB") -> Image.Image:
    return Image.fromarray(numpy.where(mask, 255, 0).astype(numpy.uint8)).convert(mode)


def test_white_is_marked_and_the_size_is_changed_by_nearest_neighbour() -> None:
    mask = boxed(30, 40, Box(10, 5, 20, 15))
    found = mask_of(open_picture(drawn(mask)), (80, 60))
    assert numpy.array_equal(found, mask.repeat(2, 0).repeat(2, 1))


def test_where_a_mask_has_transparency_what_is_opaque_is_marked() -> None:
    mask = boxed(30, 40, Box(10, 5, 20, 15))
    black = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    black.paste((0, 0, 0, 255), mask=drawn(mask, "L"))
    assert numpy.array_equal(mask_of(open_picture(black, raster=True), (40, 30)), mask)


def test_a_mask_of_other_proportions_is_refused() -> None:
    with pytest.raises(PictureError, match=r"40 x 30 pixels and the picture 40 x 40.*same proportions"):
        mask_of(open_picture(Image.new("RGB", (40, 30))), (40, 40))


def test_empty_and_nearly_full_masks_are_refused() -> None:
    with pytest.raises(PictureError, match="paint over what should go"):
        checked(numpy.zeros((20, 20), bool))
    full = numpy.ones((20, 20), bool)
    full[0, :5] = False
    with pytest.raises(PictureError, match="covers 99% of the picture"):
        checked(full)


@pytest.mark.parametrize("pixels", [-6, -1, 0, 1, 7])
def test_growing_is_by_distance(pixels: int) -> None:
    mask = boxed(40, 50, Box(0, 10, 14, 30), Box(30, 20, 33, 23))
    down, across = numpy.mgrid[0:40, 0:50]
    expected = mask.copy()
    for row, column in zip(*numpy.nonzero(mask if pixels > 0 else ~mask), strict=True):
        near = (down - row) ** 2 + (across - column) ** 2 <= pixels**2
        expected[near] = pixels > 0
    assert numpy.array_equal(grown(mask, pixels), expected if pixels else mask)


def test_feathering_falls_outside_of_the_hole_only() -> None:
    mask = boxed(40, 40, Box(15, 15, 25, 25))
    cover = feathered(mask, 4)
    assert (cover[mask] == 1).all()
    assert numpy.allclose(cover[20, 25:31], [0.8, 0.6, 0.4, 0.2, 0, 0], atol=1e-6)
    assert numpy.array_equal(feathered(mask, 0) > 0, mask)


def test_a_hole_has_as_much_context_as_it_is_large_and_no_less_than_asked() -> None:
    found = holes(boxed(1000, 1200, Box(500, 300, 700, 420)), 128)
    assert [each.box for each in found] == [Box(500, 300, 700, 420)]
    assert (found[0].crop.width, found[0].crop.height) == (CONTEXT * 200, CONTEXT * 200)
    small = holes(boxed(1000, 1200, Box(500, 300, 510, 310)), 128)[0]
    assert (small.crop.width, small.crop.height) == (128, 128)


def test_parts_end_at_the_picture() -> None:
    hole = holes(boxed(200, 300, Box(280, 0, 300, 30)), 128)[0]
    assert hole.crop == Box(172, 0, 300, 128)
    assert context(Box(0, 0, 90, 90), 512, (100, 90)) == Box(0, 0, 100, 90)


def test_every_pixel_of_a_mask_is_in_exactly_one_hole() -> None:
    random = numpy.random.default_rng(3)
    mask = numpy.zeros((700, 900), bool)
    for _ in range(25):
        top, left = random.integers(0, 650), random.integers(0, 850)
        mask[top : top + random.integers(2, 120), left : left + random.integers(2, 120)] = True
    count = numpy.zeros(mask.shape, int)
    for hole in holes(mask, 128):
        count[hole.crop.top : hole.crop.bottom, hole.crop.left : hole.crop.right] += hole.mask
        assert bounds(hole.mask) == hole.box.within(hole.crop)
    assert numpy.array_equal(count, mask.astype(int))


def test_small_holes_near_each_other_share_a_part_and_far_ones_do_not() -> None:
    near = holes(boxed(1000, 1000, Box(100, 100, 110, 110), Box(150, 120, 160, 130)), 128)
    far = holes(boxed(1000, 1000, Box(100, 100, 110, 110), Box(800, 820, 810, 830)), 128)
    assert (len(near), len(far)) == (1, 2)


def test_a_speck_beside_a_large_hole_keeps_its_own_part() -> None:
    found = holes(boxed(2000, 2000, Box(100, 100, 900, 900), Box(1500, 500, 1510, 510)), 512)
    assert [each.crop.width for each in found] == [1600, 512]


def test_a_scratch_is_worked_on_in_pieces_at_full_size() -> None:
    mask = boxed(600, 3000, Box(0, 300, 3000, 306))
    found = holes(mask, 512)
    assert len(found) > 5
    assert all(max(each.crop.width, each.crop.height) == 512 for each in found)


def test_thousands_of_specks_are_joined() -> None:
    mask = numpy.random.default_rng(0).random((800, 800)) > 0.99
    assert len(holes(mask, 512)) < 20


def test_the_extent_of_a_mask_is_the_box_around_it() -> None:
    assert extent(open_picture(drawn(boxed(50, 60, Box(5, 7, 15, 10), Box(20, 30, 30, 40))))) == (4167, 6600)
    assert extent(open_picture(pictures.scene().point(lambda value: 0))) == (1, 1)
