"""Faces that the tests share: a scene that smiles, and an identity that does not."""

from __future__ import annotations

import pytest

from engine import Runtime
from engine.faces.aligned_face import AlignedFace
from engine.faces.detection import find_faces
from engine.faces.face import Face
from tests.support.faces import aligned, image_of


@pytest.fixture(scope="session")
def astronaut(runtime: Runtime) -> Face:
    (face,) = find_faces(image_of(), runtime.nets)
    return face


@pytest.fixture(scope="session")
def scene(runtime: Runtime) -> AlignedFace:
    return aligned(runtime.nets, "astronaut")


@pytest.fixture(scope="session")
def source(runtime: Runtime) -> AlignedFace:
    return aligned(runtime.nets, "moltedo")
