"""PNG files of 8 and 16 bits with profile, EXIF and texts; Pillow reads and writes no more than 8 bits in colour."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import imagecodecs
import numpy
from numpy.typing import NDArray

Values = NDArray[Any]
"""Samples ``(H, W, C)``, bytes or 16 bits without sign."""
_QUICK = {"level": 1, "strategy": imagecodecs.PNG.STRATEGY.RLE, "filter": imagecodecs.PNG.FILTER.SUB}
"""Five times as quick as the defaults, for files that are a fifth larger."""


def decoded(data: bytes) -> Values | None:
    """Samples of a PNG with all their bits, ``(H, W, C)``; None when unreadable."""
    try:
        samples = imagecodecs.png_decode(data)
    except (ValueError, RuntimeError):
        return None
    return samples[..., None] if samples.ndim == 2 else samples


def encoded(values: Values, profile: bytes, exif: bytes | None, text: dict[str, str]) -> bytes:
    """A PNG of 8 or 16 bits a sample."""
    plane = values[..., 0] if values.shape[2] == 1 else values
    data = bytes(imagecodecs.png_encode(numpy.ascontiguousarray(plane), **_QUICK))
    extra = b""
    if profile:
        extra += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    if exif:
        extra += _chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    return with_text(_inserted(data, extra), text)


def with_text(png: bytes, text: Mapping[str, str]) -> bytes:
    """A PNG file that keeps texts by keyword, and is the same in everything else."""
    body = (name.encode("latin-1") + b"\0\0\0\0\0" + value.encode() for name, value in text.items())
    return _inserted(png, b"".join(_chunk(b"iTXt", each) for each in body))


def _inserted(png: bytes, chunks: bytes) -> bytes:
    start = 8 + 25  # signature and IHDR
    return png[:start] + chunks + png[start:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
