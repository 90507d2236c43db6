"""The visitor's picture while parts of it are replaced: in the file's own samples, and as the networks see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy
from numpy.typing import NDArray
from PIL import Image

from engine.imaging.masks import Colours, Cover, Mask
from engine.imaging.profiles import from_srgb
from engine.imaging.raster import Raster, filled_under
from engine.imaging.tiles import Box

Alpha = Literal["continued", "kept", "opaque"]
ALPHA_RADIUS = 3
"""In pixels, of the neighbourhood that transparency is continued from."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance of a picture (ITU-R BT.601)."""


class Canvas:
    """Samples that change only where something is put.

    Args:
        raster: of the file; not written to.
        opaque: whether transparency goes: what was transparent is a hole to be filled.
    """

    def __init__(self, raster: Raster, *, opaque: bool = False) -> None:
        seen = replace(raster, values=filled_under(raster).colours.copy())
        self._raster = seen if opaque else replace(raster, values=raster.values.copy())
        self._seen = numpy.array(seen.image())

    @property
    def raster(self) -> Raster:
        """As it is now."""
        return self._raster

    @property
    def image(self) -> NDArray[numpy.uint8]:
        """``(H, W, 3)`` sRGB without transparency, as the networks see it now."""
        return self._seen

    def part(self, box: Box) -> Colours:
        """A copy of a part, ``(h, w, 3)`` in [0, 1]."""
        return self._seen[box.top : box.bottom, box.left : box.right].astype(numpy.float32) / 255

    def put(self, box: Box, colours: Colours, cover: Cover, *, alpha: Alpha = "continued") -> None:
        """Fill: ``colours`` where ``cover`` is 1, mixed with what is there where it is less, nothing where it is 0.

        ``alpha`` says what becomes of transparency: it is continued from around a hole, kept as it is, or gone.
        """
        cut = (slice(box.top, box.bottom), slice(box.left, box.right))
        changed = cover > 0
        values, white = self._raster.values[cut], self._raster.white
        _mix(values[..., : self._raster.colours.shape[2]], white * self._in_file(colours), cover, changed)
        if self._raster.alpha is not None and alpha == "opaque":
            values[..., -1][changed] = white
        elif self._raster.alpha is not None and alpha == "continued":
            shares = numpy.ascontiguousarray(values[..., -1])
            shares = cv2.inpaint(shares, changed.astype(numpy.uint8), ALPHA_RADIUS, cv2.INPAINT_TELEA)
            _mix(values[..., -1:], shares[..., None].astype(numpy.float32), cover, changed)
        _mix(self._seen[cut], 255 * colours, cover, changed)

    def _in_file(self, colours: Colours) -> Colours:
        """sRGB colours as the file has them, ``(h, w, 1 or 3)`` in [0, 1]."""
        if self._raster.profile is not None:
            mode = "L" if self._raster.grey else "RGB"
            eight = Image.fromarray((255 * colours).round().astype(numpy.uint8))
            converted = from_srgb(eight, self._raster.profile, mode)
            if converted is not None:
                shape = (*colours.shape[:2], -1)
                return numpy.asarray(converted).reshape(shape).astype(numpy.float32) / 255
        return (colours @ numpy.array(LUMA, numpy.float32))[..., None] if self._raster.grey else colours


def _mix(values: NDArray[numpy.generic], colours: Colours, cover: Cover, changed: Mask) -> None:
    """Write ``colours`` into samples; those that are not ``changed`` are not touched."""
    share = cover[changed][:, None]
    mixed = share * colours[changed] + (1 - share) * values[changed].astype(numpy.float32)
    values[changed] = mixed.round().astype(values.dtype)
