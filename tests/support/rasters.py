"""Pictures of all kinds: channels x depths x profiles x formats."""

from __future__ import annotations

import io
import itertools
import struct
import warnings
import zlib

import imagecodecs
import numpy

from engine import open_picture
from engine.imaging import profiles
from engine.imaging.raster import Raster
from tests.support import pictures
from tests.support.profiles import GREY, LINEAR

CHANNELS, DEPTHS = (1, 2, 3, 4), ("uint8", "uint16")
PROFILES = {"none": None, "sRGB": profiles.SRGB, "linear": LINEAR, "grey": GREY}
MATRIX = list(itertools.product(CHANNELS, DEPTHS, PROFILES, ("png", "jpeg")))


def with_profile(png: bytes, profile: bytes | None) -> bytes:
    """A PNG with a profile, whether it fits or not."""
    if profile is None:
        return png
    body = b"iCCP" + b"a profile\0\0" + zlib.compress(profile)
    return png[:33] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + png[33:]


def raster(channels: int, depth: str, profile: str) -> Raster:
    """A picture as a task would hand it on: opened from a file that has all of this."""
    photo = numpy.asarray(pictures.scene()).astype(numpy.uint16)
    alpha = numpy.arange(photo.shape[1], dtype=numpy.uint16)[None, :, None].repeat(photo.shape[0], 0) + 100
    colours = photo if channels > 2 else photo[..., :1]
    values = numpy.concatenate([colours, alpha], axis=2) if channels in (2, 4) else colours
    values = values * 257 if depth == "uint16" else values.astype(numpy.uint8)
    plane = values[..., 0] if channels == 1 else values
    data = imagecodecs.png_encode(numpy.ascontiguousarray(plane))
    source = with_profile(data, PROFILES[profile])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = open_picture(source, raster=True).raster
    assert opened is not None
    assert opened.values.shape[2] == channels
    assert opened.values.dtype == depth
    return opened


def written(picture: Raster, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind=kind, text={"comment": "a recipe"})
    return stream.getvalue()
