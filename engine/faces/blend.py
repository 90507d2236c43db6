"""A face put into a crop, and the crop into the picture, so that no seam shows and nothing else changes."""

from __future__ import annotations

import cv2
import numpy

from engine.faces.align import Matrix, inverse, moved, scale_of
from engine.imaging.masks import Colours, Cover
from engine.imaging.tiles import Box

COARSEST = 8
"""Side in pixels of the coarsest level of the pyramids."""


def pyramid_blend(face: Colours, scene: Colours, cover: Cover) -> Colours:
    """``face`` where the cover is 1, ``scene`` where it is 0, by frequencies (Burt & Adelson 1983)."""
    levels = max(1, int(numpy.log2(min(cover.shape) / COARSEST)))
    masks, differences = [cover], [face - scene]
    for _ in range(levels):
        masks.append(cv2.pyrDown(masks[-1]))
        differences.append(cv2.pyrDown(differences[-1]))
    total = differences[-1] * masks[-1][..., None]
    for mask, fine, coarse in zip(masks[-2::-1], differences[-2::-1], differences[:0:-1], strict=True):
        size = (fine.shape[1], fine.shape[0])
        band = fine - cv2.pyrUp(coarse, dstsize=size)
        total = cv2.pyrUp(total, dstsize=size) + band * mask[..., None]
    blended: Colours = (scene + total).clip(0, 1).astype(numpy.float32)
    return blended


def placed(crop: Colours, cover: Cover, matrix: Matrix, size: tuple[int, int]) -> tuple[Box, Colours, Cover] | None:
    """The crop where it lies in a picture of ``size`` (width, height): the part of it, its colours, and their cover.

    None where nothing of it lies inside. ``cover`` has to be 0 at the crop's edges.
    """
    back = inverse(matrix)
    rows, columns = numpy.nonzero(cover > 0)
    if not len(rows):
        return None
    low, high = (columns.min() - 1, rows.min() - 1), (columns.max() + 1, rows.max() + 1)
    corners = moved(numpy.array([low, (high[0], low[1]), high, (low[0], high[1])], numpy.float32), back)
    left, top = (max(0, int(numpy.floor(edge))) for edge in corners.min(0))
    right, bottom = (min(most, int(numpy.ceil(edge)) + 1) for edge, most in zip(corners.max(0), size, strict=True))
    if right <= left or bottom <= top:
        return None
    box = Box(left, top, right, bottom)
    scale = scale_of(matrix)
    if scale > 1.4:  # the crop is finer than the picture: its pixels are averaged first
        sigma = 0.4 * scale
        crop, cover = cv2.GaussianBlur(crop, (0, 0), sigma), cv2.GaussianBlur(cover, (0, 0), sigma)
    # Places of the picture in the crop.
    lines = (numpy.arange(low, high, dtype=numpy.float32) for low, high in ((left, right), (top, bottom)))
    whole = numpy.stack(numpy.meshgrid(*lines), axis=-1)
    places = moved(whole.reshape(-1, 2), matrix).reshape(*whole.shape)
    across, down = numpy.ascontiguousarray(places[..., 0]), numpy.ascontiguousarray(places[..., 1])
    colours = cv2.remap(crop, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).clip(0, 1)
    share = cv2.remap(cover, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return box, colours, share
