"""Masks: how they are read, checked and changed."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from engine import TASKS
from engine.contracts.errors import MaskError
from engine.contracts.notes import NoteKind
from engine.contracts.task import Extent
from engine.imaging.door import open_input, open_picture
from engine.imaging.masks import checked, extent, feathered, grown, mask_of
from engine.imaging.tiles import Box
from tests.support import pictures
from tests.support.pictures import boxed

MASK = TASKS["inpainting"].input("mask")


def drawn(mask: numpy.ndarray, mode: str = "RGB") -> Image.Image:
    return Image.fromarray(numpy.where(mask, 255, 0).astype(numpy.uint8)).convert(mode)


def test_white_is_marked_and_the_size_is_changed_by_nearest_neighbour() -> None:
    mask = boxed(30, 40, Box(10, 5, 20, 15))
    marked = mask_of(open_picture(drawn(mask)), (80, 60))
    assert numpy.array_equal(marked, mask.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize(
    ("ground", "mark"),
    [
        ((0, 0, 0), (1, 1, 1)),  # as segmentation tools write
        ((0, 0, 0), (255, 0, 0)),
        ((0, 0, 0), (0, 0, 255)),
        ((255, 255, 255), (200, 0, 0)),
        ((0, 0, 128), (128, 0, 0)),  # two entries of a palette
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_mask_is_what_differs_from_its_ground(
    ground: tuple[int, ...], mark: tuple[int, ...], mode: str, tmp_path: Path
) -> None:
    mask = boxed(30, 40, Box(10, 5, 20, 15))
    colours = numpy.where(mask[..., None], mark, ground).astype(numpy.uint8)
    Image.fromarray(colours).convert(mode, palette=Image.Palette.ADAPTIVE).save(tmp_path / "mask.png")
    picture = open_input(MASK, tmp_path / "mask.png")
    assert numpy.array_equal(mask_of(picture, (40, 30)), mask)
    assert [note.kind for note in picture.notes] == [NoteKind.MASK], "how it was read is told"


def test_a_plain_mask_needs_no_words(tmp_path: Path) -> None:
    mask = drawn(boxed(30, 40, Box(10, 5, 20, 15)), "L")
    mask.save(tmp_path / "mask.png")
    assert not open_input(MASK, tmp_path / "mask.png").notes
    opaque = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    opaque.paste((0, 0, 0, 255), mask=mask)
    opaque.save(tmp_path / "mask.png")
    kinds = [note.kind for note in open_input(MASK, tmp_path / "mask.png").notes]
    assert kinds == [NoteKind.MASK]


def test_a_mask_of_one_colour_is_empty() -> None:
    for colour in ((0, 0, 0), (1, 1, 1), (255, 0, 0)):
        assert not mask_of(open_picture(Image.new("RGB", (40, 30), colour)), (40, 30)).any()


def test_where_a_mask_has_transparency_what_is_opaque_is_marked() -> None:
    mask = boxed(30, 40, Box(10, 5, 20, 15))
    black = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    black.paste((0, 0, 0, 255), mask=drawn(mask, "L"))
    assert numpy.array_equal(mask_of(open_picture(black, raster=True), (40, 30)), mask)


def test_a_mask_of_other_proportions_is_refused() -> None:
    with pytest.raises(MaskError) as refusal:
        mask_of(open_picture(Image.new("RGB", (40, 30))), (40, 40))
    assert refusal.value.fields == {"width": 40, "height": 30, "picture_width": 40, "picture_height": 40}


def test_empty_and_nearly_full_masks_are_refused() -> None:
    with pytest.raises(MaskError) as refusal:
        checked(numpy.zeros((20, 20), bool))
    assert not refusal.value.fields, "there is nothing to measure"
    full = numpy.ones((20, 20), bool)
    full[0, :5] = False
    with pytest.raises(MaskError) as refusal:
        checked(full)
    assert refusal.value.fields == {"share": pytest.approx(395 / 400)}


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


def test_the_extent_of_a_mask_is_the_box_around_it() -> None:
    assert extent(open_picture(drawn(boxed(50, 60, Box(5, 7, 15, 10), Box(20, 30, 30, 40))))) == Extent(4167, 6600)
    assert extent(open_picture(pictures.scene().point(lambda value: 0))) == Extent(1, 1)
