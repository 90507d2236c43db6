"""A picture that passed the door, and how results are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy
from PIL import Image, PngImagePlugin

from engine.contracts.notes import Note
from engine.imaging import profiles
from engine.imaging.formats import FileKind, check_format
from engine.imaging.raster import Raster
from engine.imaging.xmp import XMP_KEY, xmp

RECIPE_KEY = "pentimento"
"""Key of the PNG text chunk that keeps a recipe."""
RECIPE_LIMIT = 200_000
"""Characters of a recipe that are read."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that passed the door."""

    image: Image.Image
    """RGB, 8 bits, upright, sRGB; never the caller's own object."""
    notes: tuple[Note, ...] = ()
    """Changes that were made when the file was opened."""
    raster: Raster | None = None
    """The picture with its file's depth, transparency, colours and metadata; only for tasks that asked for it."""
    recipe: str | None = None
    """The recipe that the hub has kept in the file, as it is there: somebody may have written anything."""
    source_type: str | None = None
    """IPTC's digital source type, where the file says that a trained network has made it; results hand it on."""
    jpeg_quality: int | None = None
    """Quality of the JPEG that it was in, 1 to 100, as its quantisation table says; None for other formats."""

    def as_raster(self) -> Raster:
        """:attr:`raster`, or the plain image as one, for a caller who opened the picture without."""
        return self.raster or Raster(numpy.asarray(self.image))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size


def save_picture(
    image: Image.Image,
    target: Path | IO[bytes],
    *,
    kind: FileKind = "png",
    recipe: str | None = None,
    source_type: str | None = None,
) -> None:
    """Write a result: sRGB profile attached, nothing of the source's metadata, the recipe only when given.

    Args:
        image: RGB.
        target: path or binary stream.
        kind: ``"png"``, or ``"jpeg"`` at quality 92 without chroma subsampling (it smears thin coloured strokes).
        recipe: text to keep in the file (PNG: iTXt chunk :data:`RECIPE_KEY`; JPEG: comment).
        source_type: see :attr:`engine.imaging.raster.Raster.source_type`.
    """
    check_format(image.size, kind)
    if kind == "jpeg":
        comment = recipe.encode() if recipe else b""
        stated = {"xmp": xmp(source_type).encode()} if source_type else {}
        image.save(target, "JPEG", quality=92, subsampling=0, icc_profile=profiles.SRGB, comment=comment, **stated)
        return
    text = PngImagePlugin.PngInfo()
    if recipe:
        text.add_itxt(RECIPE_KEY, recipe)
    if source_type:
        text.add_itxt(XMP_KEY, xmp(source_type))
    image.save(target, "PNG", icc_profile=profiles.SRGB, pnginfo=text)


def read_recipe(source: Path | IO[bytes]) -> str | None:
    """The recipe kept in a picture by :func:`save_picture`, or None."""
    with Image.open(source, formats=("PNG", "JPEG")) as image:
        return kept_recipe(image)


def kept_recipe(image: Image.Image) -> str | None:
    """The recipe in a decoded file: a text chunk of a PNG, the comment of a JPEG; None where there is none."""
    recipe = image.info.get(RECIPE_KEY) or image.info.get("comment")
    text = recipe.decode(errors="replace") if isinstance(recipe, bytes) else recipe
    return str(text)[:RECIPE_LIMIT] if text else None
