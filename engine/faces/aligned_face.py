"""A face in its aligned crop, with everything that a swap asks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy
from numpy.typing import NDArray

from engine.contracts.errors import FaceError
from engine.contracts.messages import Message
from engine.faces.align import Matrix, alignment, crop, moved
from engine.faces.face import (
    INNER,
    INNER_LIPS,
    LANDMARKS_OF_MESH,
    LEFT_BROW,
    LEFT_EYE,
    NOSE,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    Face,
    Points,
    openness,
)  # fmt: skip
from engine.faces.face_mask import feathered, grown, polygon
from engine.faces.parsing import COVERING, FACE, Parts, parts_of
from engine.faces.relighting import light_distance
from engine.imaging.masks import Colours, Cover
from engine.model_store.loaded_nets import LoadedNets

LEAST_EYES = 16.0
"""Distance of the outer eye corners in pixels below which a face has nothing to swap; a head of about 40 pixels."""
MOST_YAW = 50.0
"""Degrees to the side beyond which one eye cannot be seen."""
LEAST_WIDTH = 60
"""Width of a face in pixels that a person is told to use at least."""
RANKING_SIDE = 128
"""Side of the crops in which pictures of an identity are compared."""
UNITS = {"pose": 12.0, "expression": 5.0, "eyes": 0.07, "mouth": 0.20, "light": 2.5, "glasses": 0.05, "resolution": 1.0}
"""Difference between two faces that counts as a distance of 1: in degrees (pose), per cent of the eye distance
(expression), openness (eyes, mouth), L* (light), share of the face (glasses), octaves (resolution)."""
ENOUGH_EYES = 70.0
"""Eye distance in pixels from which on a picture of the identity is sharp enough for a crop of 256."""


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """An aligned face."""

    face: Face
    picture: NDArray[numpy.uint8]
    """``(H, W, 3)`` that it is from."""
    matrix: Matrix
    """Picture -> crop."""
    crop: Colours
    """``(side, side, 3)``."""
    parts: Parts

    @property
    def side(self) -> int:
        """Side of the square crop in pixels."""
        return int(self.crop.shape[0])

    @cached_property
    def mesh(self) -> Points:
        """``(468, 2)`` in the crop."""
        return moved(self.face.mesh[:, :2], self.matrix)

    @property
    def landmarks(self) -> Points:
        """The 68 points in the crop."""
        return self.mesh[list(LANDMARKS_OF_MESH)]

    @cached_property
    def inside(self) -> Cover:
        """1 inside the face's outline."""
        return polygon(self.mesh[list(OVAL)], self.side)

    @cached_property
    def skin(self) -> Cover:
        """Mask of the face without hair and glasses, a little inside its outline, ``(side, side)`` in [0, 1]."""
        cover: Cover = grown(self.inside, -self.side // 40) * self.parts.of(*FACE)
        return cover

    @cached_property
    def glasses(self) -> float:
        """Share of the face that glasses cover."""
        return float((self.inside * self.parts.of("glasses")).sum() / max(self.inside.sum(), 1.0))

    @cached_property
    def covered(self) -> Cover:
        """Hair and hats."""
        return self.parts.of(*COVERING)


def align_face(picture: NDArray[numpy.uint8], face: Face, side: int, nets: LoadedNets) -> AlignedFace:
    """Align a face and take it apart."""
    matrix = alignment(face, side)
    aligned = crop(picture, matrix, side)
    return AlignedFace(face, picture, matrix, aligned, parts_of(aligned, nets))


def choose_face(faces: Sequence[Face], name: Message, number: int = 0) -> Face:
    """One face of a picture.

    Args:
        faces: all that were found.
        name: of the picture, for a message.
        number: counted from the left from 1; 0 for the largest.

    Raises:
        FaceError: there is no face, not so many, or the one is too small or seen from the side.
    """
    if not faces:
        raise FaceError(
            Message(
                "{picture}: no face was found; please use a picture with a face that looks at the camera.", picture=name
            )
        )
    if number > len(faces):
        raise FaceError(
            Message(
                "{picture}: there is no face {number}; please choose one of {faces}.",
                picture=name,
                number=number,
                faces=len(faces),
            )
        )
    face = faces[number - 1] if number else max(faces, key=lambda each: each.box.area)
    if face.scale < LEAST_EYES:
        raise FaceError(
            Message(
                "{picture}: the face is only {width} pixels wide; please use one of at least {minimum} pixels.",
                picture=name,
                width=face.box.width,
                minimum=LEAST_WIDTH,
            )
        )
    if abs(face.yaw) > MOST_YAW:
        raise FaceError(
            Message(
                "{picture}: the face is seen from the side ({yaw:.0f} degrees); please use one that shows both eyes.",
                picture=name,
                yaw=abs(face.yaw),
            )
        )
    return face


def distances(scene: AlignedFace, other: AlignedFace) -> dict[str, float]:
    """How unlike a picture of the identity is to the scene in what a swap cannot change, each in :data:`UNITS`."""
    ours, theirs = scene.landmarks / scene.side, other.landmarks / other.side
    eyes = numpy.linalg.norm(ours[45] - ours[36])
    opened, theirs_opened = openness(ours), openness(theirs)
    apart = {
        "pose": abs(scene.face.yaw - other.face.yaw),
        "expression": 100 * float(numpy.linalg.norm(ours[INNER] - theirs[INNER], axis=1).mean() / eyes),
        "eyes": max(abs(opened[eye] - theirs_opened[eye]) for eye in ("left eye", "right eye")),
        "mouth": abs(opened["mouth"] - theirs_opened["mouth"]),
        "light": light_distance(_small(other.crop), _small(scene.crop), _small(scene.skin) * _small(other.skin)),
        "glasses": max(0.0, other.glasses - 0.5 * scene.glasses),
        "resolution": max(0.0, float(numpy.log2(ENOUGH_EYES / other.face.scale))),
    }
    return {name: value / UNITS[name] for name, value in apart.items()}


def _small(values: Colours | Cover) -> Colours | Cover:
    small: Colours | Cover = cv2.resize(values, (RANKING_SIDE, RANKING_SIDE), interpolation=cv2.INTER_AREA)
    return small


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture of the identity as a source for a scene."""

    number: int
    """Counted from 1, as given."""
    face: AlignedFace
    apart: Mapping[str, float]
    """See :func:`distances`."""

    @property
    def total(self) -> float:
        """Smaller is better."""
        return sum(self.apart.values())


def ranked(scene: AlignedFace, others: Sequence[AlignedFace]) -> list[Candidate]:
    """Pictures of the identity, the most fitting one first."""
    candidates = [Candidate(index, each, distances(scene, each)) for index, each in enumerate(others, start=1)]
    return sorted(candidates, key=lambda each: each.total)


def region_labels(landmarks: Points, inside: Cover) -> NDArray[numpy.int64]:
    """Which part of the face every pixel belongs to: 0 beside it, 1 skin, 2 jaw, 3 nose, 4 mouth, then eyes and brows.

    What the search for patches is limited by: an eye is made of eyes only.
    """
    side = inside.shape[0]
    labels = (inside > 0.5).astype(numpy.int64)
    below = numpy.arange(side)[:, None] > landmarks[OUTER_LIPS][:, 1].max() - 0.02 * side
    labels[(labels == 1) & below] = 2
    margins = ((NOSE, 3, 0.025), (OUTER_LIPS, 4, 0.02), (LEFT_BROW, 7, 0.03), (RIGHT_BROW, 8, 0.03))
    for part, label, margin in (*margins, (LEFT_EYE, 5, 0.035), (RIGHT_EYE, 6, 0.035)):
        hull = cv2.convexHull(landmarks[part])[:, 0]
        labels[grown(polygon(hull, side), round(margin * side)) > 0.5] = label
    return labels


LABELS = ("beside", "skin", "jaw", "nose", "mouth", "left eye", "right eye", "left brow", "right brow")
"""Names of the face parts; the index of a name is the label that :func:`region_labels` uses."""


def mouth_inside(landmarks: Points, side: int) -> Cover:
    """Mask of the mouth's inside, between the lips, with a soft edge, ``(side, side)`` in [0, 1]."""
    return feathered(polygon(landmarks[INNER_LIPS], side), side * 1.3 / 256)
