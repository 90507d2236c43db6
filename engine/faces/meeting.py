"""All faces of a swap: found, measured, aligned and taken apart, and the identity's pictures ranked."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from engine.contracts.job import Step
from engine.contracts.messages import Message
from engine.faces.align import alignment, scale_of
from engine.faces.aligned_face import AlignedFace, Candidate, align_face, choose_face, ranked
from engine.faces.detection import find_faces
from engine.faces.face import Face
from engine.model_store.loaded_nets import LoadedNets

CROP_SIDES = 256, 1024
"""Smallest and largest side in pixels of the crop that a face is swapped in; between them it is as fine as the
picture."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """A scene, and the identity's faces over it."""

    scene: AlignedFace
    candidates: Sequence[Candidate]
    """The most fitting first."""
    count: int
    """Faces in the scene's picture."""

    @property
    def best(self) -> AlignedFace:
        """The most fitting picture of the identity."""
        return self.candidates[0].face


def meet(
    picture: NDArray[numpy.uint8], identity: Sequence[NDArray[numpy.uint8]], number: int, nets: LoadedNets
) -> Generator[Step, None, Meeting]:
    """Find, measure, align and take apart all faces, and rank the identity's.

    Raises:
        FaceError: a picture without a usable face, by its name; several faces in a picture of the identity are no
            error: the largest is meant.
    """
    yield Step(done=0, stage=Message("looking for the face"))
    faces = find_faces(picture, nets)
    face = choose_face(faces, Message("Photo"), number)
    scene = align_face(picture, face, crop_side(face), nets)
    aligned = []
    for index, each in enumerate(identity, start=1):
        stage = Message("measuring picture {number} of the identity", number=index)
        yield Step(done=index / (len(identity) + 1), stage=stage)
        name = Message("Identity, picture {number}", number=index) if len(identity) > 1 else Message("Identity")
        largest = choose_face(find_faces(each, nets), name)
        aligned.append(align_face(each, largest, CROP_SIDES[0], nets))
    return Meeting(scene, ranked(scene, aligned), len(faces))


def crop_side(face: Face) -> int:
    """Pixels of the crop whose pixels are as large as the picture's, a multiple of 32 within :data:`CROP_SIDES`."""
    side = 1 / scale_of(alignment(face, 1))
    return int(min(max(32 * round(side / 32), CROP_SIDES[0]), CROP_SIDES[1]))
