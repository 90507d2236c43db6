"""Colour profiles (ICC)."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

_MADE = slice(24, 36)
"""Where an ICC profile says when it was made; without it, the same picture is the same file."""


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
