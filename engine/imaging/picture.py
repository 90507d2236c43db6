"""The one door for pictures: whatever a visitor hands in becomes an upright sRGB picture and a list of what was done.

The file is judged before it is decoded: format by its first bytes, size by its header.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

import numpy
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from engine.contracts.errors import PictureError
from engine.imaging import profiles
from engine.imaging.raster import (
    DAMAGED,
    XMP_KEY,
    Raster,
    eight_bits,
    on_white,
    raster_of,
    sixteen_bits,
    stated_source,
    xmp,
)  # fmt: skip

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
ENDINGS = (".avif", ".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Of the files that are taken from a folder."""
MAXIMUM_PIXELS = 80_000_000
"""Larger pictures are refused from their header: decoding takes 4 bytes a pixel."""
WORKING_PIXELS = 12_000_000
"""Larger pictures are reduced to this at the door, unless the task asks for more."""
MINIMUM_SIDE = 16
"""Shortest side in pixels; the perceptual network halves a picture four times."""

_ORIENTATION = 0x0112
_LOSSES = ("16 bits", "transparency", "colour profile")
"""How notes begin that are not true of a raster."""

_UNUSUAL = re.compile(r"[^\w .,+-]")
"""In the name of a colour profile, which comes from the file and is shown."""
RECIPE_KEY = "pentimento"
"""Key of the PNG text chunk that keeps a recipe."""
RECIPE_LIMIT = 200_000
"""Characters of a recipe that are read."""

Source = str | Path | bytes | IO[bytes] | Image.Image
Kind = Literal["png", "jpeg"]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that passed the door."""

    image: Image.Image
    """RGB, 8 bits, upright, sRGB; never the caller's own object."""
    notes: tuple[str, ...] = ()
    """What the door did, for the visitor: ``("rotated by EXIF", "CMYK to sRGB")``."""
    raster: Raster | None = None
    """The picture with its file's depth, transparency, colours and metadata; only for tasks that asked for it."""
    recipe: str | None = None
    """The recipe that the hub has kept in the file, as it is there: somebody may have written anything."""
    source_type: str | None = None
    """IPTC's digital source type, where the file says that a trained network has made it; results hand it on."""

    def as_raster(self) -> Raster:
        """:attr:`raster`, or the plain image as one, for a caller who opened the picture without."""
        return self.raster or Raster(numpy.asarray(self.image))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size


def open_picture(source: Source, *, working_pixels: int = WORKING_PIXELS, raster: bool = False) -> Picture:
    """Let a picture in.

    Args:
        source: path, bytes, binary stream, or an image that is already decoded.
        working_pixels: larger pictures are reduced to about this number of pixels.
        raster: whether :attr:`Picture.raster` is wanted, too.

    Raises:
        PictureError: not a picture, a format that is not allowed, broken, too large, too small, or of a kind without a
            clear meaning as colour.
    """
    notes: list[str] = []
    if isinstance(source, Image.Image):
        kept = raster_of(source, b"", working_pixels) if raster else None
        return _with_raster(_admit(source.copy(), notes, working_pixels), kept)
    data = _read(source)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
            before = image.size
            if not raster:
                image.draft("RGB", _reduced(*image.size, working_pixels))  # JPEG only: decode at 1/2, 1/4 or 1/8
            if deep := _is_deep(image):
                notes.append("16 bits reduced to 8")
            if (frames := getattr(image, "n_frames", 1)) > 1:
                notes.append(f"first of {frames} frames")
            image.load()
            kept = raster_of(image, data if deep else b"", working_pixels) if raster else None
            recipe, made = _kept_recipe(image), stated_source(image)
            picture = replace(_admit(image, notes, working_pixels, before), recipe=recipe, source_type=made)
            return _with_raster(picture, kept)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(_why_unknown(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = MAXIMUM_PIXELS // 1_000_000
        raise PictureError(f"This picture has more than {limit} million pixels; please reduce it.") from None
    except MemoryError:
        raise PictureError("This picture does not fit into memory; please reduce it.") from None
    except DAMAGED:
        raise PictureError("This picture is damaged and cannot be read; please export it again.") from None


def _with_raster(picture: Picture, raster: Raster | None) -> Picture:
    """The picture with its raster, which has lost nothing of depth, transparency and colours."""
    if raster is None:
        return picture
    told = tuple(note for note in picture.notes if not note.startswith(_LOSSES))
    return replace(picture, notes=told, raster=raster)


def _read(source: str | Path | bytes | IO[bytes]) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | Path):
        try:
            return Path(source).read_bytes()
        except OSError:
            raise PictureError(f"There is no readable file {Path(source).name!r}.") from None
    return source.read()


def _check_size(width: int, height: int) -> None:
    if width * height > MAXIMUM_PIXELS:
        raise PictureError(
            f"This picture has {width * height / 1e6:.0f} million pixels; "
            f"please reduce it to at most {MAXIMUM_PIXELS // 1_000_000} million."
        )
    if min(width, height) < MINIMUM_SIDE:
        raise PictureError(
            f"This picture is {width} x {height} pixels; please use one of at least {MINIMUM_SIDE} pixels on each side."
        )


def _is_deep(image: Image.Image) -> bool:
    """Whether Pillow drops bits while decoding (16-bit RGB PNG and TIFF come out as 8 bits)."""
    tiles = getattr(image, "tile", ())
    return image.mode in ("RGB", "RGBA", "LA") and any(
        isinstance(tile[3], str | tuple) and ";16" in str(tile[3]) for tile in tiles
    )


def _why_unknown(data: bytes) -> str:
    """One sentence about a file that none of the allowed decoders knows."""
    start = data[:512].lstrip().lower()
    if not data:
        return "This file is empty; please choose a picture."
    if b"<svg" in start or start.startswith(b"<?xml"):
        return "SVG drawings are not supported; please export it as PNG."
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "HEIC photos are not supported; please save it as JPEG."
    return "This is not a picture that can be read here; please use JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP."


def _admit(image: Image.Image, notes: list[str], working_pixels: int, before: tuple[int, int] | None = None) -> Picture:
    before = before or image.size
    _check_size(*image.size)
    image = _upright(image, notes)
    image = _on_white(_to_srgb(_to_eight_bits(image, notes), notes), notes)
    target = _reduced(*image.size, working_pixels)
    if target != image.size:
        image = image.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if image.size[0] * image.size[1] < 0.99 * before[0] * before[1]:
        notes.append(f"{before[0] * before[1] / 1e6:.0f} MP reduced to {image.size[0] * image.size[1] / 1e6:.0f} MP")
    image.info.clear()
    return Picture(image, tuple(notes))


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    """Turn as EXIF says; EXIF that cannot be read says nothing."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
        image = ImageOps.exif_transpose(image)
    except DAMAGED:
        return image
    if turned:
        notes.append("rotated by EXIF")
    return image


def _reduced(width: int, height: int, pixels: int) -> tuple[int, int]:
    """The size of at most ``pixels`` with the same proportions; never smaller than the door allows."""
    factor = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(min(width, MINIMUM_SIDE), round(width * factor)), max(min(height, MINIMUM_SIDE), round(height * factor))


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode == "F":
        raise PictureError("Floating-point pictures are not supported; please save it with 8 or 16 bits.")
    values = sixteen_bits(image)
    if values is None:
        return image
    notes.append("16 bits reduced to 8")
    return Image.fromarray(eight_bits(values))


def _to_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """Colours to sRGB by the embedded profile; mode RGB, or RGBA where there is transparency."""
    profile = image.info.get("icc_profile")
    transparent = image.has_transparency_data
    if transparent or image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if transparent else "RGB")
    alpha = image.getchannel("A") if transparent else None
    colours = image.convert("RGB") if transparent else image
    if colours.mode == "CMYK":
        notes.append("CMYK to sRGB")
    if profile:
        colours = _apply_profile(colours, profile, notes)
    colours = colours.convert("RGB")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _apply_profile(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    name = profiles.description(profile)
    if name is not None and "sRGB" in name:
        return image
    converted = profiles.to_srgb(image, profile)
    if name is None or converted is None:
        notes.append("unusable colour profile ignored")
        return image
    if image.mode != "CMYK":
        notes.append(f"colour profile {_UNUSUAL.sub('', name)[:40]!r} to sRGB")
    return converted


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode != "RGBA":
        return image
    if image.getchannel("A").getextrema() == (255, 255):  # an alpha channel that hides nothing
        return image.convert("RGB")
    notes.append("transparency put on white")
    return on_white(image)


def save_picture(
    image: Image.Image,
    target: Path | IO[bytes],
    *,
    kind: Kind = "png",
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
        return _kept_recipe(image)


def _kept_recipe(image: Image.Image) -> str | None:
    recipe = image.info.get(RECIPE_KEY) or image.info.get("comment")
    text = recipe.decode(errors="replace") if isinstance(recipe, bytes) else recipe
    return str(text)[:RECIPE_LIMIT] if text else None
