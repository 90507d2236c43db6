"""A picture in tiles at its own size, half of it, a quarter ...: any window of it can be shown from a few of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

TILE = 512
"""Side of a tile in pixels; those at the right and the bottom may be smaller."""
QUALITY = 93


class Place(NamedTuple):
    """Place of a tile."""

    level: int
    """0 for the picture's own pixels; each level further has half as many a side."""
    column: int
    row: int


class Pyramid:
    """The tiles of a picture, as JPEGs without chroma subsampling: they take a tenth of the memory of pixels.

    Args:
        image: RGB.
    """

    def __init__(self, image: Image.Image) -> None:
        self.size = image.size
        self._tiles: dict[Place, bytes] = {}
        level = 0
        while True:
            self._cut(image, level)
            if max(image.size) <= TILE:
                break
            image, level = image.reduce(2), level + 1
        self.coarsest = level
        """The level that is a single tile."""

    def _cut(self, image: Image.Image, level: int) -> None:
        for row in range(-(-image.height // TILE)):
            for column in range(-(-image.width // TILE)):
                left, top = column * TILE, row * TILE
                box = (left, top, min(left + TILE, image.width), min(top + TILE, image.height))
                stream = io.BytesIO()
                image.crop(box).save(stream, "JPEG", quality=QUALITY, subsampling=0)
                self._tiles[Place(level, column, row)] = stream.getvalue()

    def tile(self, place: Place) -> bytes | None:
        """A tile as JPEG; None for one that the picture does not have."""
        return self._tiles.get(place)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._tiles)
