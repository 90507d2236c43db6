"""TIFF files beyond what Pillow reads right: more than 8 bits a sample, one plane after the other, further channels."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
from PIL import Image

from engine.contracts.errors import UnreadablePictureError
from engine.contracts.messages import Message
from engine.imaging.png import Values
from engine.imaging.raster import DAMAGED, eight_bits

if TYPE_CHECKING:
    from tifffile import TiffPage

_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GREY_FROM_WHITE, _GREY, _RGB, _PALETTE, _INKS = 0, 1, 2, 3, 5
"""What the samples mean (the tag PhotometricInterpretation)."""
_WHOLE, _SIGNED, _FLOATING = 1, 2, 3
"""How a sample is stored (the tag SampleFormat)."""
_SEPARATE = 2
"""The planes of the channels stand one after the other (the tag PlanarConfiguration)."""
_PROFILE, _XMP = 34675, 700
"""Tags of the colour profile and of further metadata."""
_PREMULTIPLIED, _ALPHA = 1, 2
"""What a further channel is (the tag ExtraSamples); all others mean nothing to us."""


def is_tiff(data: bytes) -> bool:
    """Whether a file begins as TIFF files do."""
    return data.startswith(_SIGNATURES)


def header(data: bytes) -> tuple[int, int, int]:
    """Width and height of the first picture as its decoder here understands the header, and how many there are.

    Raises:
        ValueError, and others of :data:`engine.imaging.raster.DAMAGED`: the file is damaged.
    """
    with _opened(data) as file:
        page = file.pages[0]
        return int(page.imagewidth), int(page.imagelength), len(file.pages)


@dataclass(frozen=True, eq=False)
class DecodedTiff:
    """The first picture of a file."""

    values: Values
    """``(H, W, C)`` of 8 or 16 bits, not turned, alpha not premultiplied: grey, grey + alpha, RGB, RGB + alpha."""
    image: Image.Image
    """The same with 8 bits, and with the file's profile and metadata."""


def decoded(data: bytes) -> DecodedTiff | None:
    """The first picture; None where Pillow reads it.

    Raises:
        UnreadablePictureError: it has a feature that cannot be read here; the message names it.
        ValueError, and others of :data:`engine.imaging.raster.DAMAGED`: the file is damaged.
    """
    with _opened(data) as file:
        page = file.pages[0]
        bits = _bits(page)
        separate = page.planarconfig == _SEPARATE and page.samplesperpixel > 1
        unusual = bits > 8 or separate or page.extrasamples or page.sampleformat != _WHOLE
        if not unusual or (page.photometric == _INKS and bits <= 16 and not separate):
            return None
        _check(page, bits)
        ends = (start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=0) > len(data):
            raise ValueError("the file ends too early")  # else what is missing would be black
        values = page.asarray()
        if separate:
            values = numpy.moveaxis(values, 0, -1)
        values = values.reshape(page.imagelength, page.imagewidth, page.samplesperpixel)
        if bits not in (8, 16):  # 10, 12 or 14 bits, which begin at zero, too
            values = (values.astype(numpy.uint32) * 65535 // (2**bits - 1)).astype(numpy.uint16)
        values = _with_alpha(values, page)
        return DecodedTiff(values, _image(values, page, data))


def _image(values: Values, page: TiffPage, data: bytes) -> Image.Image:
    bytewise = eight_bits(values)
    image = Image.fromarray(bytewise[..., 0] if bytewise.shape[2] == 1 else bytewise)
    for tag, name in ((_PROFILE, "icc_profile"), (_XMP, "xmp")):
        if tag in page.tags:
            image.info[name] = bytes(page.tags[tag].value)
    with suppress(*DAMAGED):  # metadata that cannot be read says nothing
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + data)  # a TIFF begins as EXIF does
        image.info["exif"] = exif.tobytes()
    return image


def _opened(data: bytes) -> Any:
    from tifffile import TiffFile  # not loaded before somebody has a TIFF

    return TiffFile(io.BytesIO(data))


def _bits(page: TiffPage) -> int:
    return int(numpy.max(page.bitspersample))  # one number, or one for each channel


def _check(page: TiffPage, bits: int) -> None:
    """Refuse what has no clear meaning as colour, by its name."""
    features = {
        Message("floating-point samples"): page.sampleformat == _FLOATING,
        Message("signed samples"): page.sampleformat == _SIGNED and bits <= 16,
        Message("samples of {bits} bits", bits=bits): bits > 16,
        Message("printing inks in separate planes"): page.photometric == _INKS,
        Message("a palette"): page.photometric == _PALETTE,
        Message("colours of another kind than RGB"): page.photometric > _RGB,
        Message("{count} channels", count=page.samplesperpixel): _colours(page) not in (1, 3),
    }
    for feature, there in features.items():
        if there:
            raise UnreadablePictureError(
                Message(
                    "TIFF files with {feature} are not supported; please save it as grey or RGB with 8 or 16 bits.",
                    feature=feature,
                )
            )


def _colours(page: TiffPage) -> int:
    return int(page.samplesperpixel) - len(page.extrasamples)


def _with_alpha(values: Values, page: TiffPage) -> Values:
    """Colours, and the first further channel that is alpha; premultiplied colours are divided by it."""
    white = numpy.iinfo(values.dtype).max
    colours = values[..., : _colours(page)]
    if page.photometric == _GREY_FROM_WHITE:
        colours = white - colours
    kinds = [int(kind) for kind in page.extrasamples]
    for index, kind in enumerate(kinds):
        if kind in (_PREMULTIPLIED, _ALPHA):
            alpha = values[..., _colours(page) + index, None]
            if kind == _PREMULTIPLIED:
                share = numpy.maximum(alpha, 1).astype(numpy.float64) / white
                colours = (colours / share).round().clip(0, white).astype(values.dtype)
            return numpy.concatenate([colours, alpha], axis=2)
    return numpy.ascontiguousarray(colours)
