"""Colour profiles (ICC)."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

SRGB: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""The profile that every result in sRGB carries."""


def description(profile: bytes) -> str | None:
    """The profile's own name; None for one that cannot be read."""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture as sRGB, mode RGB; None when the profile cannot be read or does not fit the picture."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def from_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image | None:
    """An RGB picture in the colours of a profile; None when the profile cannot be read or does not fit the mode."""
    try:
        target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
