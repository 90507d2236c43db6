"""A visitor's photo with a new face in it, the label that says so, and the statement in its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy
from PIL import Image

from engine.faces.provenance import Corner, label
from engine.imaging.canvas import Canvas
from engine.imaging.raster import Raster
from engine.imaging.xmp import COMPOSITE

if TYPE_CHECKING:
    from engine.imaging.masks import Colours, Cover
    from engine.imaging.tiles import Box

PREVIEW_SIDE = 1024
"""Longer side of a preview in pixels."""


@dataclass(frozen=True)
class Label:
    """How a result is labelled."""

    corner: Corner
    """Where the words stand."""
    share: float
    """Height of the letters relative to the picture's shorter side."""

    def draw(self, image: Image.Image) -> Image.Image:
        """The image itself, with the label drawn into it."""
        drawn = label(image.size, self.corner, self.share)
        if drawn is not None:
            box, colours, cover = drawn
            plate = Image.fromarray((255 * colours).round().astype(numpy.uint8))
            image.paste(plate, (box.left, box.top), Image.fromarray((255 * cover).round().astype(numpy.uint8)))
        return image


class LabelledScene:
    """The photo, and what becomes of it.

    Args:
        raster: of the photo.
        label: of the result and of every preview.
    """

    def __init__(self, raster: Raster, label: Label) -> None:
        self._raster, self._label = raster, label
        self.picture = Canvas(raster).image
        """``(H, W, 3)``, sRGB."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]

    def with_face(self, box: Box, colours: Colours, cover: Cover, *, plain: bool = False) -> Raster:
        """The photo with another face, the label, and the statement of what it is; all else to the last bit as it was.

        Only a step on the way may be ``plain``, without the label.
        """
        canvas = Canvas(self._raster)
        canvas.put(box, colours, cover, alpha="kept")
        drawn = label(self.size, self._label.corner, self._label.share)
        if drawn is not None and not plain:
            canvas.put(*drawn, alpha="opaque")
        return replace(canvas.raster, source_type=COMPOSITE)

    def preview(self, box: Box, colours: Colours, cover: Cover) -> Image.Image:
        """The same for the page: reduced, and with the label, too."""
        cut = (slice(box.top, box.bottom), slice(box.left, box.right))
        shown = self.picture.copy()
        share = cover[..., None]
        shown[cut] = (share * 255 * colours + (1 - share) * shown[cut]).round().astype(numpy.uint8)
        return self._reduced(Image.fromarray(shown))

    def untouched(self) -> Image.Image:
        """A preview before there is a face."""
        return self._reduced(Image.fromarray(self.picture))

    def _reduced(self, image: Image.Image) -> Image.Image:
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BILINEAR)
        return self._label.draw(image)
