"""A picture as its file has it (depth, grey, transparency, colours, metadata), for tasks that give all of it back."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import cv2
import numpy
from numpy.typing import NDArray
from PIL import Image

from engine.imaging.formats import FileKind, check_format
from engine.imaging.png import Values, encoded
from engine.imaging.profiles import SRGB, fits, to_srgb
from engine.imaging.xmp import XMP_KEY, stated_source, xmp

DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
)
"""Exceptions that Pillow's decoders are known to raise on damaged files."""

_JPEG_EXIF = 65_533
"""Most bytes that a segment of a JPEG can hold."""
_ORIENTATION = 0x0112
_EXIF = 0x8769
_OF_THE_FILE = (
    *range(0x00FE, 0x0108), 0x010A, 0x0111, *range(0x0115, 0x011A), 0x011C, 0x013D, *range(0x0140, 0x0146),
    0x0152, 0x0153, 0x0201, 0x0202, 0x0211, 0x0212, 0x0213, 0x8773,
)  # fmt: skip
"""Tags that describe how a TIFF stores its samples, not the photo: another file stores them in another way."""
_TURNS = {
    2: lambda values: values[:, ::-1],
    3: lambda values: values[::-1, ::-1],
    4: lambda values: values[::-1],
    5: lambda values: values.swapaxes(0, 1),
    6: lambda values: values.swapaxes(0, 1)[:, ::-1],
    7: lambda values: values.swapaxes(0, 1)[::-1, ::-1],
    8: lambda values: values.swapaxes(0, 1)[::-1],
}
"""EXIF orientation -> how to make it upright."""


@dataclass(frozen=True, eq=False)
class Raster:
    """Samples and what belongs to them."""

    values: Values
    """``(H, W, C)``, upright, bytes or 16 bits: grey, grey + alpha, RGB, or RGB + alpha; alpha is not premultiplied."""
    profile: bytes | None = None
    """ICC profile of the colours; None for sRGB."""
    exif: bytes | None = None
    """Metadata without the orientation, which :attr:`values` have no more."""
    source_type: str | None = None
    """IPTC's digital source type (:data:`COMPOSITE`), which the file states; None where it states none."""

    @property
    def white(self) -> int:
        """The largest value: 255 or 65535."""
        return int(numpy.iinfo(self.values.dtype).max)

    @property
    def grey(self) -> bool:
        """Whether there is one colour channel."""
        return int(self.values.shape[2]) < 3

    @property
    def colours(self) -> Values:
        """``(H, W, 1 or 3)``."""
        return self.values[..., : 1 if self.grey else 3]

    @property
    def alpha(self) -> Values | None:
        """``(H, W)``, or None where nothing is transparent."""
        return self.values[..., -1] if self.values.shape[2] in (2, 4) else None

    def image(self) -> Image.Image:
        """For the eye: RGB, 8 bits, sRGB, transparency on white."""
        image = Image.fromarray(_squeezed(eight_bits(self.values)))
        if self.profile is not None:
            alpha = image.getchannel("A") if self.alpha is not None else None
            plain = image.convert("L" if self.grey else "RGB")
            image = to_srgb(plain, self.profile) or plain
            if alpha is not None:
                image.putalpha(alpha)
        return image.convert("RGB") if self.alpha is None else on_white(image.convert("RGBA"))

    def save(self, target: Path | IO[bytes], *, kind: FileKind, text: dict[str, str]) -> None:
        """Write a file: PNG with everything, or JPEG with what JPEG can have (8 bits, transparency on white).

        Args:
            target: path or binary stream.
            kind: ``"png"`` or ``"jpeg"``.
            text: keyword -> text that the file keeps (JPEG: the first one, as its comment).

        Raises:
            OutputError: it is too large for a JPEG.
        """
        check_format((self.values.shape[1], self.values.shape[0]), kind)
        if kind == "jpeg":
            options: dict[str, Any] = {"exif": self.exif} if self.exif and len(self.exif) <= _JPEG_EXIF else {}
            if self.source_type:
                options["xmp"] = xmp(self.source_type).encode()
            if text:
                options["comment"] = next(iter(text.values())).encode()
            fits = self.alpha is None and self.white == 255
            flat = Image.fromarray(_squeezed(self.values)) if fits else self.image()
            profile = (fits and self.profile) or (SRGB if flat.mode == "RGB" else b"")
            flat.save(target, "JPEG", quality=92, subsampling=0, icc_profile=profile, **options)
            return
        stated = {XMP_KEY: xmp(self.source_type)} if self.source_type else {}
        data = encoded(self.values, self.profile or (b"" if self.grey else SRGB), self.exif, {**stated, **text})
        if isinstance(target, Path):
            target.write_bytes(data)
        else:
            target.write(data)


def raster_of(image: Image.Image, samples: Values | None, pixels: int) -> Raster:
    """The raster of a decoded file.

    Args:
        image: the first frame, not yet turned; decoded where there are no ``samples``.
        samples: ``(H, W, C)``, where the file has what Pillow drops or reads wrongly.
        pixels: larger pictures are reduced to about this number.
    """
    turn, kept = _metadata(image)
    profile = image.info.get("icc_profile")
    values = sixteen_bits(image) if samples is None else samples
    if values is None:
        if image.mode == "CMYK":
            image, profile = (profile and to_srgb(image, profile)) or image.convert("RGB"), None
        values = numpy.asarray(_plain(image))
    values = values[..., None] if values.ndim == 2 else values
    values = _TURNS.get(turn, lambda upright: upright)(values)
    factor = min(1.0, (pixels / (values.shape[0] * values.shape[1])) ** 0.5)
    if factor < 1:
        size = (round(values.shape[1] * factor), round(values.shape[0] * factor))
        values = cv2.resize(numpy.ascontiguousarray(values), size, interpolation=cv2.INTER_AREA)
        values = values[..., None] if values.ndim == 2 else values
    if values.shape[2] in (2, 4) and values[..., -1].min() == numpy.iinfo(values.dtype).max:
        values = values[..., :-1]  # an alpha channel that hides nothing
    if profile and not fits(profile, grey=values.shape[2] < 3):
        profile = None  # a file that contradicts itself; so would ours
    return Raster(numpy.ascontiguousarray(values), profile, kept, stated_source(image))


def _metadata(image: Image.Image) -> tuple[int, bytes | None]:
    """Orientation, and the EXIF of the photo without it; EXIF that cannot be read says nothing."""
    try:
        exif = Image.Exif()
        exif.load(image.getexif().tobytes())  # a copy: what getexif gives is the image's own
        turn = exif.pop(_ORIENTATION, 1)
        for tag in _OF_THE_FILE:
            exif.pop(tag, None)
        if _EXIF in exif:  # asking for it would make an empty one
            inner = exif.get_ifd(_EXIF)
            for tag in (0xA002, 0xA003):  # width and height
                inner.pop(tag, None)
        return turn, exif.tobytes() if len(exif) else None
    except DAMAGED:
        return 1, None


def filled_under(raster: Raster) -> Raster:
    """The raster with the colours of transparent pixels taken from their surroundings.

    What is stored under full transparency is often black; a network would draw it into the visible edge.
    """
    alpha = raster.alpha
    if alpha is None:
        return raster
    weight = alpha.astype(numpy.float32) / raster.white
    colours = raster.colours.astype(numpy.float32)
    weighted, known = colours * weight[..., None], weight
    filled, missing = colours.copy(), weight < 1e-3
    side = 2
    while missing.any() and side < 2 * max(weight.shape):  # surroundings that grow until they reach something visible
        near, share = (cv2.blur(each, (2 * side + 1, 2 * side + 1)) for each in (weighted, known))
        near = near.reshape(weighted.shape)
        reached = missing & (share > 1e-6)
        filled[reached] = near[reached] / share[reached][:, None]
        missing &= ~reached
        side *= 2
    values = raster.values.copy()
    values[..., :-1] = filled.round().astype(values.dtype)
    return replace(raster, values=values)


def eight_bits(values: Values) -> NDArray[numpy.uint8]:
    """Samples as bytes, rounded."""
    return values if values.dtype == numpy.uint8 else ((values.astype(numpy.uint32) + 128) // 257).astype(numpy.uint8)


def sixteen_bits(image: Image.Image) -> NDArray[numpy.uint16] | None:
    """The samples of a deep grey picture; None for one of 8 bits. Pillow's own conversion clips at 255."""
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return None
    return numpy.asarray(image).astype(numpy.int64).clip(0, 65535).astype(numpy.uint16)


def on_white(image: Image.Image) -> Image.Image:
    """RGBA -> RGB."""
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """Grey, grey + alpha, RGB or RGBA."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and not (image.mode in ("L", "RGB") and image.has_transparency_data):
        return image
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _squeezed(values: Values) -> Values:
    return values[..., 0] if values.shape[2] == 1 else values
