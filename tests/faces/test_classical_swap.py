"""The swap without a descent: the identity's pixels over the scene's landmarks."""

from __future__ import annotations

import cv2
import numpy

from engine import Runtime
from engine.faces import classical_swap
from engine.faces.align import samples
from engine.faces.aligned_face import AlignedFace
from engine.faces.detection import find_faces
from engine.faces.face import INNER, LANDMARKS_OF_MESH, OVAL
from tests.support.faces import aligned_in, image_of


def test_the_warp_brings_landmarks_onto_landmarks(runtime: Runtime, scene: AlignedFace, source: AlignedFace) -> None:
    face = classical_swap.warped(scene, source, 0.0)
    assert numpy.abs(face.points - scene.mesh).max() < 1e-3, "without shape the mesh is the scene's"
    faces = find_faces(samples(cv2.resize(face.colours, (256, 256))), runtime.nets)
    away = numpy.linalg.norm((faces[0].landmarks + 0.5) / 2 - 0.5 - scene.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * numpy.linalg.norm(scene.landmarks[45] - scene.landmarks[36])


def test_shape_moves_the_inside_and_leaves_the_outline(scene: AlignedFace, source: AlignedFace) -> None:
    moved = classical_swap.between(scene, source, 1.0) - scene.mesh
    outline = list(OVAL)
    assert numpy.abs(moved[outline]).max() < 0.02 * scene.side
    assert numpy.abs(moved[list(LANDMARKS_OF_MESH)[27:68]]).max() > 0.01 * scene.side


def test_teeth_of_the_scene_stay_where_the_identity_has_none(
    runtime: Runtime, scene: AlignedFace, source: AlignedFace
) -> None:
    face = classical_swap.warped(scene, source)
    place = classical_swap.placement(scene, face, source)
    across, down = scene.landmarks[[62, 66]].mean(0).round().astype(int)
    assert place.mouth[down, across] > 0.5, "she smiles, he does not"
    result = classical_swap.joined(classical_swap.in_light(face, scene), scene, place)
    assert numpy.abs(result[down, across] - scene.crop[down, across]).max() < 0.06
    closed = classical_swap.placement(source, classical_swap.warped(source, scene), scene)
    across, down = source.landmarks[48:60].mean(0).round().astype(int)
    assert closed.mouth[down, across] > 0.8, "his closed lips stay, where she would press her teeth into a line"
    mirrored = numpy.ascontiguousarray(image_of("moltedo")[:, ::-1])
    same = aligned_in(runtime.nets, mirrored)
    assert classical_swap.placement(source, classical_swap.warped(source, same), same).mouth.max() == 0
