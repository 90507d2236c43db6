"""Alignment: a similarity that brings a face to the template, then a smooth warp driven by the mesh."""

from __future__ import annotations

from typing import Any

import cv2
import numpy
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator  # type: ignore[import-untyped]
from skimage.transform import SimilarityTransform

from engine.faces.face import LEFT_EYE, RIGHT_EYE, Face, Points
from engine.imaging.masks import Colours

Matrix = NDArray[Any]
"""``(2, 3)`` float64: picture -> crop, in pixels."""

TEMPLATE = numpy.array([[0.365, 0.42], [0.635, 0.42], [0.39, 0.70], [0.61, 0.70]])
"""Middles of the eyes and corners of the mouth in a crop of side 1: forehead and chin are inside."""
SMOOTHING = 2.0
"""Smoothing of the warp's spline, at a crop of 256 pixels: how much it may miss its points so as not to fold."""
GRID = 48
"""Places in a row where the warp is computed; between them it is interpolated, for it is smooth."""
LEAST_SCALE = 0.7
"""Crop pixels per picture pixel below which the picture is reduced first, so that none of its pixels is left out."""


def anchors(face: Face) -> Points:
    """The four points of :data:`TEMPLATE` of a face."""
    points = face.landmarks
    return numpy.stack([points[LEFT_EYE].mean(0), points[RIGHT_EYE].mean(0), points[48], points[54]])


def similarity(source: Points, target: Points) -> Matrix:
    """Turn, scale and shift that bring ``(N, 2)`` points nearest to others, in least squares (Umeyama 1991)."""
    transform: Any = SimilarityTransform.from_estimate(source.astype(numpy.float64), target.astype(numpy.float64))
    matrix: Matrix = transform.params[:2]
    return matrix


def alignment(face: Face, side: int) -> Matrix:
    """Picture -> square crop of ``side`` pixels in which the face stands as in the template."""
    return similarity(anchors(face), TEMPLATE * side - 0.5)


def moved(points: NDArray[numpy.floating], matrix: Matrix) -> Points:
    """``(N, 2)`` points under a matrix."""
    places: Points = (points @ matrix[:, :2].T + matrix[:, 2]).astype(numpy.float32)
    return places


def inverse(matrix: Matrix) -> Matrix:
    """Crop -> picture."""
    back: Matrix = cv2.invertAffineTransform(matrix)
    return back


def scale_of(matrix: Matrix) -> float:
    """Crop pixels per picture pixel."""
    return float(numpy.sqrt(abs(numpy.linalg.det(matrix[:, :2]))))


def identity_map(side: int) -> NDArray[numpy.float32]:
    """``(side, side, 2)``: every pixel's own place, across and down."""
    return numpy.stack(numpy.meshgrid(*[numpy.arange(side, dtype=numpy.float32)] * 2), axis=-1)


def sampled(picture: NDArray[Any], places: NDArray[numpy.float32], scale: float) -> Colours:
    """The picture at places ``(h, w, 2)``, ``scale`` of whose pixels are one of the picture's; borders go on."""
    height, width = picture.shape[:2]
    low, high = places.reshape(-1, 2).min(0) - 4, places.reshape(-1, 2).max(0) + 5
    left, top = (int(min(max(edge, 0), most - 1)) for edge, most in zip(low, (width, height), strict=True))
    right, bottom = (int(min(max(edge, 1), most)) for edge, most in zip(high, (width, height), strict=True))
    part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    places = places - numpy.array([left, top], numpy.float32)
    if scale < LEAST_SCALE:
        size = tuple(max(1, round(length * 1.4 * scale)) for length in (part.shape[1], part.shape[0]))
        shrink = numpy.array([size[0] / part.shape[1], size[1] / part.shape[0]], numpy.float32)
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        places = (places + 0.5) * shrink - 0.5
    values = cv2.remap(
        numpy.ascontiguousarray(part), numpy.ascontiguousarray(places[..., 0]), numpy.ascontiguousarray(places[..., 1]),
        cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return values.astype(numpy.float32) / 255


def crop(picture: NDArray[numpy.uint8], matrix: Matrix, side: int) -> Colours:
    """The crop that a matrix describes."""
    places = identity_map(side).reshape(-1, 2)
    back = moved(places, inverse(matrix)).reshape(side, side, 2)
    return sampled(picture, back, scale_of(matrix))


def smooth_map(target: Points, source: Points, side: int) -> NDArray[numpy.float32]:
    """For every pixel of a crop whose points are to lie at ``target``, where ``source`` has it: ``(side, side, 2)``.

    A thin-plate spline through all points of the mesh (Bookstein 1989), a little smoothed.
    """
    unit = 256 / side
    spline = RBFInterpolator(target * unit, (source - target) * unit, kernel="thin_plate_spline", smoothing=SMOOTHING)
    line = numpy.linspace(0, side - 1, GRID)
    grid = numpy.stack(numpy.meshgrid(line, line), axis=-1).reshape(-1, 2)
    coarse = (spline(grid * unit) / unit).reshape(GRID, GRID, 2).astype(numpy.float32)
    own = identity_map(side)
    finer = own * ((GRID - 1) / (side - 1))
    shift = cv2.remap(coarse, finer[..., 0], finer[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    places: NDArray[numpy.float32] = own + shift
    return places


def samples(colours: Colours) -> NDArray[numpy.uint8]:
    """Colours as bytes, rounded."""
    levels: NDArray[numpy.uint8] = (255 * colours.clip(0, 1)).round().astype(numpy.uint8)
    return levels
