"""A small picture of a large one that is being made: made at a look, with the parts that are there by then."""

from __future__ import annotations

import numpy
from PIL import Image

from engine.imaging.preview import PREVIEW_SIDE, Preview
from engine.imaging.tiles import Box

BLACK, RED, BLUE = (0, 0, 0), (255, 0, 0), (0, 0, 255)


def test_parts_are_there_at_the_next_look_and_the_first_picture_is_asked_for_once() -> None:
    looks: list[int] = []

    def before() -> Image.Image:
        looks.append(1)
        return Image.new("RGB", (20, 10), BLACK)

    result = numpy.full((2 * PREVIEW_SIDE, 4 * PREVIEW_SIDE, 3), RED, numpy.uint8)
    preview = Preview(before, (4 * PREVIEW_SIDE, 2 * PREVIEW_SIDE))
    preview.take(result, Box(0, 0, 400, 400))
    assert not looks
    first = preview.image()
    assert first.size == (PREVIEW_SIDE, PREVIEW_SIDE // 2)
    assert first.getpixel((50, 50)) == RED
    assert first.getpixel((150, 50)) == BLACK
    preview.take(result, Box(400, 0, 800, 400))
    showing = preview.showing(Image.new("RGB", (40, 40), BLUE), Box(1200, 0, 1600, 400))
    assert showing.getpixel((350, 50)) == BLUE
    assert showing.getpixel((150, 50)) == RED
    assert first.getpixel((150, 50)) == BLACK, "a page keeps what it was given"
    assert preview.image().getpixel((350, 50)) == BLACK
    assert looks == [1]
