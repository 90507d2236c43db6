"""Faces of a picture: BlazeFace finds them, Face Mesh measures them, looking again where it found them last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.faces.face import Face
from engine.hardware.device import Device
from engine.imaging.tiles import Box
from engine.model_store.loaded_nets import LoadedNets
from engine.nets import blazeface, facemesh
from engine.nets.blazeface import ANCHORS, BlazeFace
from engine.nets.facemesh import FaceMesh

DETECTOR, MESH = "blazeface", "facemesh"
"""Entries of the catalogue."""
LEAST_SCORE = 0.5
"""Least score of the detector for a candidate, 0 to 1; the mesh network decides afterwards."""
LEAST_FLAG = 0.5
"""Least score of the mesh network for a face, 0 to 1."""
SAME = 0.3
"""Intersection over union from which on two boxes are one face."""
TILE_SIDES = (1536, 768)
"""In pixels, of the pieces in which large pictures are looked at, too: the detector needs a tenth of its picture."""
MOST_TILES = 24
"""Pieces in a row; a picture that is a strip is looked at in larger ones."""
LEAST_SIDE = 32
"""Shorter side in pixels of a picture that can have a face."""
MOST_FACES = 50
OVERLAP = 0.3
"""Share by which neighbouring tiles overlap, so that every face up to a certain size is whole in one of them."""
CONTEXT = 1.5
"""Side of the mesh's picture through the face's; what it was trained with."""
PASSES = 3
"""Looks of the mesh, each where the one before found the face."""

Image = NDArray[numpy.uint8]
"""``(H, W, 3)``, RGB."""


@dataclass(frozen=True)
class _Detection:
    """A candidate for a face, as the detector reports it."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""
    score: float
    tilt: float
    """In radians, clockwise."""


def find_faces(image: Image, nets: LoadedNets) -> list[Face]:
    """All faces of a picture that look into it somehow, from left to right.

    Tilted by up to about 45 degrees; where there is none, the picture is looked at lying and standing on its head, as a
    whole. No more than :data:`MOST_FACES`, those that the detector is most sure of.
    """
    if min(image.shape[:2]) < LEAST_SIDE:
        return []
    for turns in range(4):
        turned = numpy.ascontiguousarray(numpy.rot90(image, turns))
        faces = _upright(turned, nets, pieces=turns == 0)
        if faces:
            return sorted((_turned_back(face, turns, turned) for face in faces), key=lambda face: face.box.left)
    return []


def _turned_back(face: Face, turns: int, turned: Image) -> Face:
    """A face of a picture that ``numpy.rot90`` has turned, in the picture before."""
    mesh = face.mesh
    height, width = turned.shape[:2]
    for _ in range(turns):
        mesh = numpy.stack([height - 1 - mesh[:, 1], mesh[:, 0], mesh[:, 2]], 1)
        height, width = width, height
    return replace(face, mesh=mesh)


@torch.inference_mode()
def _upright(image: Image, nets: LoadedNets, *, pieces: bool) -> list[Face]:
    # Half precision would move points by a pixel.
    detector, mesh = nets.get(DETECTOR, torch.float32), nets.get(MESH, torch.float32)
    device = nets.device
    assert isinstance(detector, BlazeFace)
    assert isinstance(mesh, FaceMesh)
    looks = _pieces(image) if pieces else [_whole(image)]
    detections = _distinct([each for piece in looks for each in _detected(image, piece, detector, device)])[:MOST_FACES]
    faces = [face for each in detections if (face := _measured(image, each, mesh, device)) is not None]
    boxes = [_Detection(_corners(face.box), face.score * face.box.area, 0) for face in faces]
    kept = _distinct(boxes)  # two boxes may have led to one face
    return [face for face, box in zip(faces, boxes, strict=True) if box in kept]


def _pieces(image: Image) -> Iterator[Box]:
    """The whole picture as a square, then squares that overlap; larger ones where there would be too many."""
    height, width = image.shape[:2]
    yield _whole(image)
    longest = max(height, width)
    least = int(longest / (MOST_TILES * (1 - OVERLAP)))
    for tile in sorted({max(each, least) for each in TILE_SIDES}, reverse=True):
        if longest <= 1.2 * tile:
            continue
        for down in _starts(height, tile):
            yield from (Box(across, down, across + tile, down + tile) for across in _starts(width, tile))


def _whole(image: Image) -> Box:
    height, width = image.shape[:2]
    side = max(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return Box(left, top, left + side, top + side)


def _starts(length: int, tile: int) -> list[int]:
    """Where pieces begin that cover a length; one that is longer than it lies in its middle."""
    if length <= tile:
        return [(length - tile) // 2]
    count = -(-(length - tile) // int((1 - OVERLAP) * tile))
    return [round(index * (length - tile) / count) for index in range(count + 1)]


def _detected(image: Image, piece: Box, detector: BlazeFace, device: Device) -> list[_Detection]:
    factor = blazeface.SIDE / piece.width
    height, width = image.shape[:2]
    inside = Box(max(piece.left, 0), max(piece.top, 0), min(piece.right, width), min(piece.bottom, height))
    part = image[inside.top : inside.bottom, inside.left : inside.right]
    size = (max(1, round(inside.width * factor)), max(1, round(inside.height * factor)))
    left, top = round((inside.left - piece.left) * factor), round((inside.top - piece.top) * factor)
    canvas = numpy.zeros((blazeface.SIDE, blazeface.SIDE, 3), numpy.uint8)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    small = small[: blazeface.SIDE - top, : blazeface.SIDE - left]
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    scores, values = (each[0].cpu().numpy() for each in detector(_picture(canvas, 127.5, 1, device)))
    candidates = numpy.flatnonzero(scores > numpy.log(LEAST_SCORE / (1 - LEAST_SCORE)))
    shares = values[candidates, :8].astype(numpy.float64) / blazeface.SIDE
    middles, halves = shares[:, :2] + MIDDLES[candidates], abs(shares[:, 2:4]) / 2
    boxes = numpy.hstack([middles - halves, middles + halves]) * piece.width + 2 * [piece.left, piece.top]
    tilts = numpy.arctan2(shares[:, 7] - shares[:, 5], shares[:, 6] - shares[:, 4])
    certain = 1 / (1 + numpy.exp(-scores[candidates].astype(numpy.float64)))
    return [
        _Detection((box[0], box[1], box[2], box[3]), score, tilt)
        for box, score, tilt in zip(boxes.tolist(), certain.tolist(), tilts.tolist(), strict=True)
    ]


def _middles() -> NDArray[numpy.float64]:
    cells = [(numpy.indices((side, side))[::-1].reshape(2, -1).T + 0.5) / side for side, _ in ANCHORS]
    return numpy.concatenate([each.repeat(count, 0) for each, (_, count) in zip(cells, ANCHORS, strict=True)])


MIDDLES = _middles()
"""Middle of every anchor's cell as a share of the picture, across and down, ``(N, 2)``."""


def _distinct(detections: list[_Detection]) -> list[_Detection]:
    """The best one of every group that overlaps."""
    kept: list[_Detection] = []
    for each in sorted(detections, key=lambda one: -one.score):
        if all(_overlap(each.box, other.box) < SAME for other in kept):
            kept.append(each)
    return kept


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union, or over the smaller one where that lies inside."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    both = wide * high
    return max(both / (sum(areas) - both), (both / min(areas) > 0.8) * 1.0)


def _measured(image: Image, detection: _Detection, mesh: FaceMesh, device: Device) -> Face | None:
    left, top, right, bottom = detection.box
    middle = numpy.array([(left + right) / 2, (top + bottom) / 2])
    side, tilt = CONTEXT * max(right - left, bottom - top), detection.tilt
    face: Face | None = None
    for _ in range(PASSES):
        face = _mesh_at(image, middle, side, tilt, mesh, device)
        if face.score < LEAST_FLAG:
            return None
        one, other = face.eyes
        tilt = float(numpy.arctan2(other[1] - one[1], other[0] - one[0]))
        turn = numpy.array([[numpy.cos(tilt), numpy.sin(tilt)], [-numpy.sin(tilt), numpy.cos(tilt)]])
        straight = face.mesh[:, :2] @ turn.T
        low, high = straight.min(0), straight.max(0)
        middle = turn.T @ ((low + high) / 2)
        side = CONTEXT * float((high - low).max())
    return face


def _mesh_at(
    image: Image, middle: NDArray[numpy.float64], side: float, tilt: float, mesh: FaceMesh, device: Device
) -> Face:
    """The face that the mesh network finds in a square of the picture, turned by ``tilt`` in radians."""
    factor = facemesh.SIDE / side
    matrix = factor * numpy.array([[numpy.cos(tilt), numpy.sin(tilt)], [-numpy.sin(tilt), numpy.cos(tilt)]])
    offset = (facemesh.SIDE - 1) / 2 - matrix @ middle
    box = _around(middle, side, image)
    source: NDArray[Any] = image[box.top : box.bottom, box.left : box.right]
    shrink = numpy.ones(2)
    if factor < 0.5:  # else pixels between the samples would be left out
        size = (max(1, round(2 * factor * box.width)), max(1, round(2 * factor * box.height)))
        source = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
        shrink = numpy.array([size[0] / box.width, size[1] / box.height])
    # A place p of the picture is ((p - corner + 0.5) * shrink - 0.5) of the part.
    back, corner = matrix / shrink, numpy.array([box.left, box.top]) - 0.5
    affine = numpy.column_stack([back, offset + matrix @ corner + back @ numpy.array([0.5, 0.5])])
    square = cv2.warpAffine(source, affine, (facemesh.SIDE, facemesh.SIDE), flags=cv2.INTER_LINEAR)
    points, score = mesh(_picture(square, 255, 0, device))
    mesh_points = points[0].cpu().numpy().astype(numpy.float64)
    # The network counts from the corner of the first pixel.
    flat = (mesh_points[:, :2] - 0.5 - offset) @ numpy.linalg.inv(matrix).T
    return Face(numpy.column_stack([flat, mesh_points[:, 2] / factor]).astype(numpy.float32), float(score.sigmoid()))


def _picture(image: NDArray[Any], span: float, offset: float, device: Device) -> Tensor:
    """An image as a net takes it, ``(1, 3, H, W)``: divided by ``span``, less ``offset``.

    By numpy: torch's threads would wait for more work for some milliseconds, on the cores that OpenCV needs next.
    """
    planes = image.transpose(2, 0, 1).astype(numpy.float32, order="C")[None] / span - offset
    return torch.from_numpy(planes).to(device.torch_device)


def _around(middle: NDArray[numpy.float64], side: float, image: Image) -> Box:
    reach = 0.75 * side + 2
    height, width = image.shape[:2]
    left, top = (int(min(max(edge - reach, 0), most - 1)) for edge, most in zip(middle, (width, height), strict=True))
    right, bottom = (int(max(edge + reach, 1)) for edge in middle)
    return Box(left, top, max(left + 1, min(right, width)), max(top + 1, min(bottom, height)))


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
