"""The one door for pictures: whatever a visitor hands in becomes an upright sRGB picture and a list of what was done.

The file is judged before it is decoded: format by its first bytes, size by its header.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.contracts.errors import PictureError, PictureSizeError, UnreadablePictureError
from engine.contracts.messages import Message
from engine.contracts.notes import Note, NoteKind
from engine.imaging import png, profiles, tiff
from engine.imaging.formats import FORMATS, SNIFFED_BYTES, jpeg_quality, why_unknown
from engine.imaging.picture import Picture, kept_recipe
from engine.imaging.png import Values
from engine.imaging.raster import DAMAGED, Raster, eight_bits, on_white, raster_of, sixteen_bits
from engine.imaging.xmp import stated_source

if TYPE_CHECKING:
    from engine.contracts.task import InputSpec

MAXIMUM_PIXELS = 80_000_000
"""Larger pictures are refused from their header: decoding takes 4 bytes a pixel."""
WORKING_PIXELS = 12_000_000
"""Larger pictures are reduced to this at the door, unless the task asks for more."""
PIXEL_BYTES = 32
"""Most memory for each pixel of a file while it is opened; 13 to 20 bytes were measured, and 30 for 16 bits."""
MOST_FRAMES = 2000
"""Pictures of one file; looking for the next one takes its time."""
MOST_SCANS = 50
"""Passes over a progressive JPEG, thumbnails included; encoders make about ten, and each costs as much as a picture."""
MINIMUM_SIDE = 16
"""Shortest side in pixels; the perceptual network halves a picture four times."""

_ORIENTATION = 0x0112
_NOT_TRUE_OF_RASTERS = {NoteKind.DEPTH, NoteKind.TRANSPARENCY, NoteKind.PROFILE}
"""Kinds of notes about losses that a raster does not have."""
_UNUSUAL = re.compile(r"[^\w .,+-]")
"""Characters that are left out of the name of a colour profile, which comes from the file and is shown."""

Source = str | Path | bytes | IO[bytes] | Image.Image


def open_input(spec: InputSpec, source: Source) -> Picture:
    """Let a picture in as an input of a task asks for it; see :func:`open_picture`."""
    picture = open_picture(source, working_pixels=spec.working_pixels or WORKING_PIXELS, raster=spec.raster)
    remark = spec.remark(picture) if spec.remark else None
    return replace(picture, notes=(*picture.notes, remark)) if remark else picture


def stated_pixels(source: Path | bytes) -> int:
    """How many pixels a file says that it has, from its header alone; 0 where the door will refuse it by that."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            if tiff.is_tiff(stream.read(SNIFFED_BYTES)):
                stream.seek(0)
                width, height, _ = tiff.header(stream.read())
            else:
                with Image.open(stream, formats=FORMATS) as image:
                    width, height = image.size
        _check_size(width, height)
    except (PictureError, Image.DecompressionBombError, Image.DecompressionBombWarning, *DAMAGED):
        return 0
    return width * height


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
    notes: list[Note] = []
    if isinstance(source, Image.Image):
        kept = raster_of(source, None, working_pixels) if raster else None
        return _with_raster(_admit(source.copy(), notes, working_pixels), kept)
    data = _read(source)
    try:
        opened = _open(data)
        with opened.image as image:
            _check_size(*image.size)
            before, samples = image.size, opened.values
            if not raster:
                image.draft("RGB", _reduced(*image.size, working_pixels))  # JPEG only: decode at 1/2, 1/4 or 1/8
            if raster and _is_deep(image):
                samples = png.decoded(data)
            if _is_deep(image) or (samples is not None and samples.dtype == numpy.uint16):
                notes.append(Note(NoteKind.DEPTH, Message("16 bits reduced to 8")))
            if opened.frames > 1:
                notes.append(Note(NoteKind.FRAME, Message("first of {count} frames", count=opened.frames)))
            image.load()
            kept = raster_of(image, samples, working_pixels) if raster else None
            stated = _stated(image)  # before what the file says is forgotten
            return _with_raster(replace(_admit(image, notes, working_pixels, before), **stated), kept)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise UnreadablePictureError(why_unknown(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = MAXIMUM_PIXELS // 1_000_000
        raise PictureSizeError(
            Message("This picture has more than {limit} million pixels; please reduce it.", limit=limit)
        ) from None
    except MemoryError:
        raise PictureSizeError(Message("This picture does not fit into memory; please reduce it.")) from None
    except DAMAGED:
        raise UnreadablePictureError(
            Message("This picture is damaged and cannot be read; please export it again.")
        ) from None


def _stated(image: Image.Image) -> dict[str, Any]:
    """What a file says about itself, by the names of :class:`Picture`."""
    return {"recipe": kept_recipe(image), "source_type": stated_source(image), "jpeg_quality": jpeg_quality(image)}


class _Opened(NamedTuple):
    """A file whose header was read."""

    image: Image.Image
    frames: int
    values: Values | None = None
    """``(H, W, C)``, where they are decoded already."""


def _open(data: bytes) -> _Opened:
    if tiff.is_tiff(data):
        width, height, pages = tiff.header(data)
        _check_size(width, height)
        if pages > MOST_FRAMES:
            raise UnreadablePictureError(
                Message("This file has {count} pictures; please give one of them.", count=pages)
            )
        if (decoded := tiff.decoded(data)) is not None:
            return _Opened(decoded.image, pages, decoded.values)
        return _Opened(Image.open(io.BytesIO(data), formats=FORMATS), pages)
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MOST_SCANS:
        raise UnreadablePictureError(
            Message("This picture would take too long to decode; please save it as an ordinary JPEG.")
        )
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    return _Opened(image, getattr(image, "n_frames", 1))


def _with_raster(picture: Picture, raster: Raster | None) -> Picture:
    """The picture with its raster, which has lost nothing of depth, transparency and colours."""
    if raster is None:
        return picture
    notes = tuple(note for note in picture.notes if note.kind not in _NOT_TRUE_OF_RASTERS)
    return replace(picture, notes=notes, raster=raster)


def _read(source: str | Path | bytes | IO[bytes]) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | Path):
        try:
            return Path(source).read_bytes()
        except OSError:
            raise UnreadablePictureError(
                Message("There is no readable file {file!r}.", file=Path(source).name)
            ) from None
    return source.read()


def _check_size(width: int, height: int) -> None:
    if width * height > MAXIMUM_PIXELS:
        raise PictureSizeError(
            Message(
                "This picture has {megapixels:.0f} million pixels; please reduce it to at most {limit} million.",
                megapixels=width * height / 1e6,
                limit=MAXIMUM_PIXELS // 1_000_000,
            )
        )
    if min(width, height) < MINIMUM_SIDE:
        raise PictureSizeError(
            Message(
                "This picture is {width} x {height} pixels; please use one of at least {minimum} pixels on each side.",
                width=width,
                height=height,
                minimum=MINIMUM_SIDE,
            )
        )


def _is_deep(image: Image.Image) -> bool:
    """Whether it is a PNG whose bits Pillow drops while decoding (16-bit colour comes out as 8 bits)."""
    tiles = getattr(image, "tile", ())
    return image.format == "PNG" and image.mode != "I;16" and any(";16" in str(tile[3]) for tile in tiles)


def _admit(
    image: Image.Image, notes: list[Note], working_pixels: int, before: tuple[int, int] | None = None
) -> Picture:
    before = before or image.size
    _check_size(*image.size)
    image = _upright(image, notes)
    image = _on_white(_to_srgb(_to_eight_bits(image, notes), notes), notes)
    target = _reduced(*image.size, working_pixels)
    if target != image.size:
        image = image.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if image.size[0] * image.size[1] < 0.99 * before[0] * before[1]:
        megapixels, now = (width * height / 1e6 for width, height in (before, image.size))
        reduced = Message("{megapixels:.0f} MP reduced to {now:.0f} MP", megapixels=megapixels, now=now)
        notes.append(Note(NoteKind.REDUCED, reduced))
    image.info.clear()
    return Picture(image, tuple(notes))


def _upright(image: Image.Image, notes: list[Note]) -> Image.Image:
    """Turn as EXIF says; EXIF that cannot be read says nothing."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
        image = ImageOps.exif_transpose(image)
    except DAMAGED:
        return image
    if turned:
        notes.append(Note(NoteKind.ROTATED, Message("rotated by EXIF")))
    return image


def _reduced(width: int, height: int, pixels: int) -> tuple[int, int]:
    """The size of at most ``pixels`` with the same proportions; never smaller than the door allows."""
    factor = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(min(width, MINIMUM_SIDE), round(width * factor)), max(min(height, MINIMUM_SIDE), round(height * factor))


def _to_eight_bits(image: Image.Image, notes: list[Note]) -> Image.Image:
    if image.mode == "F":
        raise UnreadablePictureError(
            Message("Floating-point pictures are not supported; please save it with 8 or 16 bits.")
        )
    values = sixteen_bits(image)
    if values is None:
        return image
    notes.append(Note(NoteKind.DEPTH, Message("16 bits reduced to 8")))
    return Image.fromarray(eight_bits(values))


def _to_srgb(image: Image.Image, notes: list[Note]) -> Image.Image:
    """Colours to sRGB by the embedded profile; mode RGB, or RGBA where there is transparency."""
    profile = image.info.get("icc_profile")
    transparent = image.has_transparency_data
    if transparent or image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if transparent else "RGB")
    alpha = image.getchannel("A") if transparent else None
    colours = image.convert("RGB") if transparent else image
    if profile and profiles.fits(profile, grey=True) and _same_in_all_channels(colours):
        colours = colours.convert("L")
    if colours.mode == "CMYK":
        notes.append(Note(NoteKind.CMYK, Message("CMYK to sRGB")))
    if profile:
        colours = _apply_profile(colours, profile, notes)
    colours = colours.convert("RGB")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _same_in_all_channels(colours: Image.Image) -> bool:
    """Whether a picture is grey, however it is stored; Pillow reads grey of 16 bits with alpha as RGBA."""
    first, *others = colours.split()
    return all(each.tobytes() == first.tobytes() for each in others)


def _apply_profile(image: Image.Image, profile: bytes, notes: list[Note]) -> Image.Image:
    if image.mode == "RGB" and profiles.is_srgb(profile):
        return image
    name = profiles.description(profile)
    converted = profiles.to_srgb(image, profile)
    if name is None or converted is None:
        notes.append(Note(NoteKind.PROFILE_IGNORED, Message("unusable colour profile ignored")))
        return image
    if image.mode != "CMYK":
        shown = _UNUSUAL.sub("", name)[:40]
        notes.append(Note(NoteKind.PROFILE, Message("colour profile {profile!r} to sRGB", profile=shown)))
    return converted


def _on_white(image: Image.Image, notes: list[Note]) -> Image.Image:
    if image.mode != "RGBA":
        return image
    if image.getchannel("A").getextrema() == (255, 255):  # an alpha channel that hides nothing
        return image.convert("RGB")
    notes.append(Note(NoteKind.TRANSPARENCY, Message("transparency put on white")))
    return on_white(image)
