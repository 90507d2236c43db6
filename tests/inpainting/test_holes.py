"""Holes: a mask cut into parts to work on."""

from __future__ import annotations

import numpy

from engine.imaging.masks import bounds
from engine.imaging.tiles import Box
from engine.inpainting.holes import CONTEXT, crop_around, holes
from tests.support.pictures import boxed


def test_a_hole_has_as_much_context_as_it_is_large_and_no_less_than_asked() -> None:
    parts = holes(boxed(1000, 1200, Box(500, 300, 700, 420)), 128)
    assert [each.box for each in parts] == [Box(500, 300, 700, 420)]
    assert (parts[0].crop.width, parts[0].crop.height) == (CONTEXT * 200, CONTEXT * 200)
    small = holes(boxed(1000, 1200, Box(500, 300, 510, 310)), 128)[0]
    assert (small.crop.width, small.crop.height) == (128, 128)


def test_parts_end_at_the_picture() -> None:
    hole = holes(boxed(200, 300, Box(280, 0, 300, 30)), 128)[0]
    assert hole.crop == Box(172, 0, 300, 128)
    assert crop_around(Box(0, 0, 90, 90), 512, (100, 90)) == Box(0, 0, 100, 90)


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
    parts = holes(boxed(2000, 2000, Box(100, 100, 900, 900), Box(1500, 500, 1510, 510)), 512)
    assert [each.crop.width for each in parts] == [1600, 512]


def test_a_scratch_is_worked_on_in_pieces_at_full_size() -> None:
    mask = boxed(600, 3000, Box(0, 300, 3000, 306))
    parts = holes(mask, 512)
    assert len(parts) > 5
    assert all(max(each.crop.width, each.crop.height) == 512 for each in parts)


def test_thousands_of_specks_are_joined() -> None:
    mask = numpy.random.default_rng(0).random((800, 800)) > 0.99
    assert len(holes(mask, 512)) < 20
