"""The holes of a mask, and the part of the picture that each of them is filled from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy
from numpy.typing import NDArray

from engine.imaging.masks import Mask, around, bounds, distance, grown
from engine.imaging.tiles import Box

CONTEXT = 2.0
"""Side of the part that is worked on, relative to the longer side of a hole too large for a full-size view."""
FULL_SIZE = 0.75
"""Share of the smallest part's side up to which a hole is seen at full size."""
TOGETHER = 1.25
"""Holes are merged if the side of their joint crop is at most this times the larger hole's."""
THIN = 4.0
"""Side of a part relative to the thickness of a long thin hole, which is worked on piece by piece."""
LONG = 1.5
"""A thin hole longer than this many pieces is split."""
APART = 64
"""More holes than this are first joined with their neighbours: somebody sprinkled dots."""
REACHES = (0, 8, 32, 128)
"""Pixels that neighbours may be apart when they are joined; the first that leaves few enough holes."""


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
    """The holes of a mask, the largest first; for the size of their parts see :func:`crop_around`.

    Holes near each other share a part, as long as none of them has to be seen much coarser for it.
    """
    labels, boxes = _components(mask)
    size = (mask.shape[1], mask.shape[0])
    parts = []
    for numbers, box in sorted(_groups(boxes, least), key=lambda group: -group[1].area):
        cut = (slice(box.top, box.bottom), slice(box.left, box.right))
        own = mask[cut] & numpy.isin(labels[cut], numbers)
        parts += [_hole(own, box, piece, crop_around(piece, least, size)) for piece in _pieces(own, box, least)]
    return parts


def _hole(own: Mask, box: Box, piece: Box, crop: Box) -> Hole:
    """A piece of a hole whose pixels are ``own``, counted from the corner of its box."""
    inside = numpy.zeros((crop.height, crop.width), numpy.bool_)
    to, source = piece.within(crop), piece.within(box)
    inside[to.top : to.bottom, to.left : to.right] = own[source.top : source.bottom, source.left : source.right]
    return Hole(piece, crop, inside)


def _groups(boxes: list[Box], least: int) -> list[tuple[list[int], Box]]:
    """Numbers, from 1, and the common box of holes that share a part; no two groups belong together any more."""
    groups: list[tuple[list[int], Box]] = []
    waiting = [([number], box) for number, box in enumerate(boxes, start=1)]
    while waiting:
        numbers, box = waiting.pop()
        near = next((at for at, (_, other) in enumerate(groups) if _belong(box, other, least)), None)
        if near is None:
            groups.append((numbers, box))
        else:
            others, other = groups.pop(near)
            waiting.append((numbers + others, around(box, other)))
    return groups


def _pieces(own: Mask, box: Box, least: int) -> list[Box]:
    """The box itself, or for a long thin hole such as a scratch, boxes along it that can be seen at full size."""
    thickness = 2 * float(distance(numpy.pad(~own, 1, constant_values=True)).max())
    piece = round(FULL_SIZE * max(least, THIN * thickness))
    if max(box.width, box.height) <= LONG * piece:
        return [box]
    pieces = []
    for tile in box.tiles(piece):
        at = tile.within(box)
        part = bounds(own[at.top : at.bottom, at.left : at.right])
        if part.area:
            left, top = tile.left + part.left, tile.top + part.top
            pieces.append(Box(left, top, left + part.width, top + part.height))
    return pieces


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


def crop_around(hole: Box, least: int, size: tuple[int, int]) -> Box:
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
