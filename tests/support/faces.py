"""Portraits as arrays, and faces aligned in them."""

from __future__ import annotations

import numpy

from engine.contracts.messages import Message
from engine.faces.aligned_face import AlignedFace, align_face, choose_face
from engine.faces.detection import find_faces
from engine.model_store.loaded_nets import LoadedNets
from tests.support import pictures


def image_of(name: str = "astronaut") -> numpy.ndarray:
    """A portrait as ``(H, W, 3)``, bytes."""
    return numpy.asarray(pictures.portrait(name))


def aligned(nets: LoadedNets, name: str, side: int = 128) -> AlignedFace:
    """The face of a portrait."""
    return aligned_in(nets, image_of(name), side)


def aligned_in(nets: LoadedNets, picture: numpy.ndarray, side: int = 128) -> AlignedFace:
    """The largest face of a picture."""
    return align_face(picture, choose_face(find_faces(picture, nets), Message("Photo")), side, nets)
