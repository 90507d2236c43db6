"""Masks: which pixels are to be replaced. Arrays ``(H, W)``, True in a hole. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from engine.contracts.errors import PictureError
from engine.imaging.picture import Picture
from engine.imaging.raster import eight_bits
from engine.imaging.tiles import Box

Mask = NDArray[numpy.bool_]
Cover = NDArray[numpy.float32]

MOST = 0.95
"""Largest share of a picture that may be a hole."""
CONTEXT = 2.0
"""Side of the part that is worked on, relative to the longer side of a hole too large for a full-size view."""
FULL_SIZE = 0.75
"""Share of the smallest part's side up to which a hole is seen at full size."""
TOGETHER = 1.25
"""Holes share a part when that makes it at most so much larger than the larger hole's own."""
THIN = 4.0
"""Side of a part relative to the thickness of a long thin hole, which is worked on piece by piece."""
LONG = 1.5
"""A hole is worked on piece by piece when it is so much longer than such a piece."""
APART = 64
"""More holes than this are first joined with their neighbours: somebody sprinkled dots."""
REACHES = (0, 8, 32, 128)
"""Pixels that neighbours may be apart when they are joined; the first that leaves few enough holes."""
PARTS = 10_000
"""Of a side: the unit of :func:`extent`."""
PROPORTIONS = 0.02
"""How much a mask may differ from the picture in proportions."""


def mask_of(picture: Picture, size: tuple[int, int]) -> Mask:
    """The bright pixels of a mask, or the opaque ones where it has transparency, at another size by nearest neighbour.

    Args:
        picture: opened with its raster, where transparency should count.
        size: width and height of the picture that it belongs to.

    Raises:
        PictureError: its proportions are another picture's.
    """
    width, height = picture.size
    if abs(width * size[1] / (height * size[0]) - 1) > PROPORTIONS:
        raise PictureError(
            f"The mask has {width} x {height} pixels and the picture {size[0]} x {size[1]}; "
            "please give one of the same proportions."
        )
    alpha = picture.raster.alpha if picture.raster else None
    shown = numpy.asarray(picture.image.convert("L")) if alpha is None else eight_bits(alpha)
    return resized(shown > 127, size)


def resized(mask: Mask, size: tuple[int, int]) -> Mask:
    """At another size (width, height), by nearest neighbour."""
    if mask.shape == (size[1], size[0]):
        return mask
    return cv2.resize(mask.astype(numpy.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def checked(mask: Mask) -> Mask:
    """The mask itself.

    Raises:
        PictureError: nothing is marked, or hardly anything is left to learn from.
    """
    if not mask.any():
        raise PictureError("The mask is empty; please paint over what should go.")
    if mask.mean() > MOST:
        raise PictureError(f"The mask covers {mask.mean():.0%} of the picture; please leave more of it.")
    return mask


def grown(mask: Mask, pixels: int) -> Mask:
    """Larger by some pixels on every side, rounded; smaller for a negative number. Borders of the picture stay."""
    if pixels == 0:
        return mask.copy()
    if pixels < 0:
        return ~grown(~mask, -pixels)
    reached: Mask = _distance(mask) <= pixels
    return reached


def feathered(mask: Mask, pixels: int) -> Cover:
    """How much of the filling each pixel gets: 1 in the hole, falling to 0 within so many pixels outside of it."""
    if pixels <= 0:
        return mask.astype(numpy.float32)
    made: Cover = (1 - _distance(mask) / (pixels + 1)).clip(0, 1).astype(numpy.float32)
    return made


def _distance(mask: Mask) -> NDArray[Any]:
    """Pixels to the nearest one that is marked; farther than any side where nothing is."""
    return cv2.distanceTransform((~mask).astype(numpy.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


@dataclass(frozen=True, eq=False)
class Hole:
    """One hole, or several near each other, and the part of the picture to work on."""

    box: Box
    """Around the hole."""
    crop: Box
    """The part: the hole with known picture around it."""
    mask: Mask
    """``(crop.height, crop.width)``: the hole itself, without others that happen to lie in the part."""


def holes(mask: Mask, least: int) -> list[Hole]:
    """The holes of a mask, the largest first; for the size of their parts see :func:`context`.

    Holes near each other share a part, as long as none of them has to be seen much coarser for it.
    """
    labels, boxes = _components(mask)
    size = (mask.shape[1], mask.shape[0])
    made = []
    for numbers, box in sorted(_groups(boxes, least), key=lambda group: -group[1].area):
        cut = (slice(box.top, box.bottom), slice(box.left, box.right))
        own = mask[cut] & numpy.isin(labels[cut], numbers)
        made += [_hole(own, box, piece, context(piece, least, size)) for piece in _pieces(own, box, least)]
    return made


def _hole(own: Mask, box: Box, piece: Box, crop: Box) -> Hole:
    """A piece of a hole whose pixels are ``own``, counted from the corner of its box."""
    inside = numpy.zeros((crop.height, crop.width), numpy.bool_)
    to, source = piece.within(crop), piece.within(box)
    inside[to.top : to.bottom, to.left : to.right] = own[source.top : source.bottom, source.left : source.right]
    return Hole(piece, crop, inside)


def _groups(boxes: list[Box], least: int) -> list[tuple[list[int], Box]]:
    """Numbers, from 1, and the common box of holes that share a part; no two groups belong together any more."""
    found: list[tuple[list[int], Box]] = []
    waiting = [([number], box) for number, box in enumerate(boxes, start=1)]
    while waiting:
        numbers, box = waiting.pop()
        near = next((at for at, (_, other) in enumerate(found) if _belong(box, other, least)), None)
        if near is None:
            found.append((numbers, box))
        else:
            others, other = found.pop(near)
            waiting.append((numbers + others, around(box, other)))
    return found


def _pieces(own: Mask, box: Box, least: int) -> list[Box]:
    """The box itself, or for a long thin hole such as a scratch, boxes along it that can be seen at full size."""
    thickness = 2 * float(_distance(numpy.pad(~own, 1, constant_values=True)).max())
    piece = round(FULL_SIZE * max(least, THIN * thickness))
    if max(box.width, box.height) <= LONG * piece:
        return [box]
    found = []
    for tile in box.tiles(piece):
        at = tile.within(box)
        part = bounds(own[at.top : at.bottom, at.left : at.right])
        if part.area:
            left, top = tile.left + part.left, tile.top + part.top
            found.append(Box(left, top, left + part.width, top + part.height))
    return found


def _components(mask: Mask) -> tuple[NDArray[numpy.int32], list[Box]]:
    """A number for every hole's pixels, from 1, and the boxes around them."""
    for reach in REACHES:
        wide = grown(mask, reach).astype(numpy.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
        if count - 1 <= APART:
            break
    boxes = [Box(left, top, left + w, top + h) for left, top, w, h, _ in stats[1:count].tolist()]
    return numpy.asarray(labels, numpy.int32), boxes


def _belong(one: Box, other: Box, least: int) -> bool:
    return _side(around(one, other), least) <= max(least, TOGETHER * max(_side(one, least), _side(other, least)))


def _side(hole: Box, least: int) -> int:
    longer = max(hole.width, hole.height)
    return least if longer <= FULL_SIZE * least else round(CONTEXT * longer)


def context(hole: Box, least: int, size: tuple[int, int]) -> Box:
    """The part to work on: a square around a hole, where a picture of ``size`` (width, height) allows it.

    Its side is ``least`` for holes up to :data:`FULL_SIZE` of that, and :data:`CONTEXT` times the longer side of larger
    ones.
    """
    side = _side(hole, least)
    spans = []
    for start, stop, longest in ((hole.left, hole.right, size[0]), (hole.top, hole.bottom, size[1])):
        length = min(side, longest)
        first = min(max((start + stop - length) // 2, 0), longest - length)
        spans.append((first, first + length))
    (left, right), (top, bottom) = spans
    return Box(left, top, right, bottom)


def around(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return Box(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )  # fmt: skip


def bounds(mask: Mask) -> Box:
    """The box around all that a mask marks."""
    left, top, width, height = cv2.boundingRect(mask.astype(numpy.uint8))
    return Box(left, top, left + width, top + height)


def extent(picture: Picture) -> tuple[int, int]:
    """Width and height of the box around all that a mask marks, for estimates; at least 1.

    In :data:`PARTS` of the mask's sides, for a mask may have another size than the picture that it belongs to.
    """
    found = bounds(mask_of(picture, picture.size))
    width, height = picture.size
    return max(1, round(PARTS * found.width / width)), max(1, round(PARTS * found.height / height))
