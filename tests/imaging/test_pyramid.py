"""A picture in tiles of every size."""

from __future__ import annotations

import io

import numpy
from PIL import Image

from engine.imaging.pyramid import TILE, Place, Pyramid
from tests.support.pictures import scene


def test_the_tiles_of_a_level_are_the_picture() -> None:
    picture = scene(1300, 700)
    pyramid = Pyramid(picture)
    assert pyramid.size == (1300, 700)
    assert pyramid.coarsest == 2
    assert {place.level for place in pyramid} == {0, 1, 2}
    whole = Image.new("RGB", picture.size)
    for place in pyramid:
        if place.level == 0:
            tile = pyramid.tile(place)
            assert tile is not None
            whole.paste(Image.open(io.BytesIO(tile)), (place.column * TILE, place.row * TILE))
    assert abs(numpy.asarray(whole).astype(int) - numpy.asarray(picture)).mean() < 1
    last = pyramid.tile(Place(2, 0, 0))
    assert last is not None
    assert Image.open(io.BytesIO(last)).size == (325, 175)
    assert pyramid.tile(Place(0, 9, 0)) is None


def test_a_small_picture_is_one_tile() -> None:
    assert list(Pyramid(scene(40, 30))) == [Place(0, 0, 0)]
