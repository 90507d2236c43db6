"""Masks: which pixels are marked. Arrays ``(H, W)``, True where they are. No torch here."""

from __future__ import annotations

from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from engine.contracts.errors import MaskError
from engine.contracts.messages import Message
from engine.contracts.notes import Note, NoteKind
from engine.contracts.task import Extent
from engine.imaging.picture import Picture
from engine.imaging.raster import eight_bits
from engine.imaging.tiles import Box

Mask = NDArray[numpy.bool_]
Cover = NDArray[Any]
"""``(H, W)`` float32 in [0, 1]: how much of something each pixel gets."""
Colours = NDArray[Any]
"""``(H, W, 3)`` float32, sRGB in [0, 1]."""

COLOURED = 48
"""A mask whose channels differ by more than this somewhere, of 255, is one in colours."""
MOST = 0.95
"""Largest share of a picture that may be a hole."""
PARTS = 10_000
"""Parts that a picture's side is divided into; one of them is the unit of :func:`extent`."""
PROPORTIONS = 0.02
"""How much a mask may differ from the picture in proportions."""


def mask_of(picture: Picture, size: tuple[int, int]) -> Mask:
    """The marked pixels of a mask at another size, by nearest neighbour.

    They are the opaque ones where it has transparency, else the bright ones; where it has colours, or nothing bright,
    as the files of segmentation tools with their values 0 and 1, those that differ from what is at the border.

    Args:
        picture: opened with its raster, where transparency should count.
        size: width and height of the picture that it belongs to.

    Raises:
        MaskError: its proportions are another picture's.
    """
    width, height = picture.size
    if abs(width * size[1] / (height * size[0]) - 1) > PROPORTIONS:
        raise MaskError(
            Message(
                "The mask has {width} x {height} pixels and the picture {picture_width} x {picture_height}; "
                "please give one of the same proportions.",
                width=width,
                height=height,
                picture_width=size[0],
                picture_height=size[1],
            )
        )
    return resized(_marked(picture), size)


def reading(picture: Picture) -> Note | None:
    """How a mask is read, where that is not plain: white on black."""
    if _alpha(picture) is not None:
        return Note(NoteKind.MASK, Message("what is opaque is marked"))
    if _bright(_colours(picture)) is None:
        return Note(NoteKind.MASK, Message("what differs from the colour at the border is marked"))
    return None


def _alpha(picture: Picture) -> NDArray[Any] | None:
    return picture.raster.alpha if picture.raster else None


def _colours(picture: Picture) -> NDArray[numpy.uint8]:
    return numpy.asarray(picture.image.convert("RGB"))


def _bright(colours: NDArray[numpy.uint8]) -> Mask | None:
    """What is bright in ``(H, W, 3)``; None where there is nothing, or where there are colours."""
    bright: Mask = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY) > 127
    red, green, blue = cv2.split(colours)
    apart = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    coloured = int(apart.max()) > COLOURED
    return bright if bright.any() and not coloured else None


def _marked(picture: Picture) -> Mask:
    alpha, colours = _alpha(picture), _colours(picture)
    if alpha is not None:
        return numpy.asarray(eight_bits(alpha) > 127)
    if (bright := _bright(colours)) is not None:
        return bright
    border = numpy.concatenate((colours[0], colours[-1], colours[:, 0], colours[:, -1]))
    kinds, counts = numpy.unique(border, axis=0, return_counts=True)
    apart = numpy.abs(colours.astype(int) - kinds[counts.argmax()]).max(axis=2)
    marked: Mask = apart > apart.max() / 2
    return marked


def resized(mask: Mask, size: tuple[int, int]) -> Mask:
    """At another size (width, height), by nearest neighbour."""
    if mask.shape == (size[1], size[0]):
        return mask
    return cv2.resize(mask.astype(numpy.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def checked(mask: Mask) -> Mask:
    """The mask itself.

    Raises:
        MaskError: nothing is marked, or hardly anything is left to learn from.
    """
    if not mask.any():
        raise MaskError(Message("The mask is empty; please paint over what should go."))
    if mask.mean() > MOST:
        raise MaskError(
            Message("The mask covers {share:.0%} of the picture; please leave more of it.", share=float(mask.mean()))
        )
    return mask


def grown(mask: Mask, pixels: int) -> Mask:
    """Larger by some pixels on every side, rounded; smaller for a negative number. Borders of the picture stay."""
    if pixels == 0:
        unchanged: Mask = mask.copy()
        return unchanged
    if pixels < 0:
        return ~grown(~mask, -pixels)
    reached: Mask = distance(mask) <= pixels
    return reached


def feathered(mask: Mask, pixels: int) -> Cover:
    """How much of the filling each pixel gets: 1 in the hole, falling to 0 within so many pixels outside of it."""
    if pixels <= 0:
        return mask.astype(numpy.float32)
    cover: Cover = (1 - distance(mask) / (pixels + 1)).clip(0, 1).astype(numpy.float32)
    return cover


def distance(mask: Mask) -> NDArray[Any]:
    """Pixels to the nearest one that is marked; farther than any side where nothing is."""
    return cv2.distanceTransform((~mask).astype(numpy.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def around(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return Box(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )  # fmt: skip


def bounds(mask: Mask) -> Box:
    """The box around all that a mask marks."""
    left, top, width, height = cv2.boundingRect(mask.astype(numpy.uint8))
    return Box(left, top, left + width, top + height)


def extent(picture: Picture) -> Extent:
    """Width and height of the box around all that a mask marks, for estimates; at least 1.

    In :data:`PARTS` of the mask's sides, for a mask may have another size than the picture that it belongs to.
    """
    box = bounds(mask_of(picture, picture.size))
    width, height = picture.size
    return Extent(max(1, round(PARTS * box.width / width)), max(1, round(PARTS * box.height / height)))
