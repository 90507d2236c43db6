"""Colour profiles (ICC)."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy
from PIL import Image, ImageCms

_MADE = slice(24, 36)
"""Where an ICC profile says when it was made; without it, the same picture is the same file."""
_SPACE = slice(16, 20)
"""Where it says what kind of colours it is for."""
_SAME = 2
"""Largest difference in levels between a profile of sRGB and ours; they are rounded, and some adapt white anew."""
_COLOURS = numpy.stack(numpy.meshgrid(*3 * [numpy.linspace(0, 255, 9).astype(numpy.uint8)]), -1).reshape(27, 27, 3)
"""Colours that profiles are compared by."""


def _srgb() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_MADE] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")  # 1 January 2026
    return bytes(profile)


SRGB: bytes = _srgb()
"""The profile that every result in sRGB carries."""


def description(profile: bytes) -> str | None:
    """The profile's own name; None for one that cannot be read."""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=32)
def is_srgb(profile: bytes) -> bool:
    """Whether colours stay what they are by a profile's curves and primaries, whatever its name is."""
    colours = Image.fromarray(_COLOURS)
    converted = to_srgb(colours, profile)
    return converted is not None and int(numpy.abs(numpy.asarray(converted, int) - _COLOURS).max()) <= _SAME


def fits(profile: bytes, *, grey: bool) -> bool:
    """Whether a profile is for pictures of one colour channel, or of three."""
    return profile[_SPACE] == (b"GRAY" if grey else b"RGB ")


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture as sRGB, mode RGB; None when the profile cannot be read or does not fit the picture."""
    return _converted(image, profile, SRGB, "RGB")


def from_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image | None:
    """An RGB picture in the colours of a profile; None when the profile cannot be read or does not fit the mode."""
    return _converted(image, SRGB, profile, mode)


def _converted(image: Image.Image, source: bytes, target: bytes, mode: str) -> Image.Image | None:
    try:
        source_profile, target_profile = (ImageCms.ImageCmsProfile(io.BytesIO(each)) for each in (source, target))
        return ImageCms.profileToProfile(image, source_profile, target_profile, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
