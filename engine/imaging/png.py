"""PNG files of 8 and 16 bits with profile, EXIF and texts; Pillow cannot write 16 bits in colour."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[Any]
"""Samples ``(H, W, C)``, bytes or 16 bits without sign."""


def decoded(data: bytes) -> Values | None:
    """Samples of a PNG or TIFF with all their bits, ``(H, W, C)``; grey with alpha as RGBA; None when unreadable."""
    samples = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        return None
    rgb = [2, 1, 0, 3]  # OpenCV has BGR
    samples = samples[..., None] if samples.ndim == 2 else samples[..., rgb[: samples.shape[2]]]
    return numpy.ascontiguousarray(samples)


def encoded(values: Values, profile: bytes, exif: bytes | None, text: dict[str, str]) -> bytes:
    """A PNG of 8 or 16 bits a sample; Pillow cannot write the latter in colour."""
    if values.dtype == numpy.uint16 and values.shape[2] == 2:  # OpenCV has no grey with alpha
        values = values[..., [0, 0, 0, 1]]
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}
    if values.shape[2] == 2:
        stream = io.BytesIO()
        Image.fromarray(values).save(stream, "PNG")
        data = stream.getvalue()
    else:
        data = cv2.imencode(".png", values[..., order[values.shape[2]]])[1].tobytes()
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
