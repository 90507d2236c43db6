"""Faces and their landmarks: upright, turned, small, at the end of a strip, and none at all."""

from __future__ import annotations

import cv2
import numpy
import pytest
from PIL import Image

from engine import Runtime
from engine.faces import align
from engine.faces.detection import MOST_TILES, _pieces, find_faces
from engine.faces.face import INNER, Face, openness
from tests.support import pictures
from tests.support.faces import image_of


def test_a_face_is_found_where_it_is(astronaut: Face) -> None:
    points = astronaut.landmarks
    assert points.shape == (68, 2)
    left, top, right, bottom = pictures.FACE_BOXES["astronaut"]
    assert ((points > (left, top)) & (points < (right, bottom))).all()
    one, other = astronaut.eyes
    assert one[0] < other[0], "left is left in the picture"
    assert points[8, 1] > points[57, 1] > points[33, 1] > points[27, 1], "chin, lip, nose tip, nose root"
    assert abs(astronaut.yaw) < 10
    assert 0.1 < openness(points)["mouth"] < 0.4, "she smiles"


@pytest.mark.parametrize("degrees", [-30, 30])
def test_landmarks_turn_with_the_picture(runtime: Runtime, astronaut: Face, degrees: int) -> None:
    matrix = cv2.getRotationMatrix2D((256, 150), degrees, 1)
    turned = cv2.warpAffine(image_of(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    (face,) = find_faces(turned, runtime.nets)
    away = numpy.linalg.norm(face.landmarks - align.moved(astronaut.landmarks, matrix), axis=1)
    assert away[INNER].mean() < 0.03 * astronaut.scale
    assert abs(face.roll + degrees - astronaut.roll) < 4


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_is_turned(runtime: Runtime, astronaut: Face, turns: int) -> None:
    (face,) = find_faces(numpy.ascontiguousarray(numpy.rot90(image_of(), -turns)), runtime.nets)
    back = face.mesh[:, :2]
    for _ in range(turns):  # where a pixel of the picture turned by 90 degrees clockwise was before
        back = numpy.stack([back[:, 1], 511 - back[:, 0]], 1)
    assert numpy.abs(back - astronaut.mesh[:, :2]).mean() < 0.03 * astronaut.scale


def test_small_faces_in_large_pictures_are_found(runtime: Runtime, astronaut: Face) -> None:
    sheet = numpy.full((1500, 2600, 3), 120, numpy.uint8)
    small = numpy.asarray(pictures.portrait().resize((330, 330), Image.Resampling.LANCZOS))
    sheet[1100:1430, 2200:2530] = small
    sheet[100:430, 60:390] = small
    faces = find_faces(sheet, runtime.nets)
    assert len(faces) == 2
    assert faces[0].box.left < faces[1].box.left, "from left to right"
    assert numpy.abs(faces[0].landmarks - (60, 100) - astronaut.landmarks * 330 / 512).mean() < 2


def test_no_face_is_an_empty_list(runtime: Runtime) -> None:
    assert find_faces(numpy.asarray(pictures.scene(200, 160)), runtime.nets) == []


@pytest.mark.parametrize("size", [(60_000, 16), (60_000, 40), (40, 60_000)])
def test_strips_are_looked_at_in_few_pieces(runtime: Runtime, size: tuple[int, int]) -> None:
    strip = numpy.zeros((size[1], size[0], 3), numpy.uint8)
    assert len(list(_pieces(strip))) <= 2 * MOST_TILES + 3
    assert find_faces(strip, runtime.nets) == []


def test_a_face_at_the_end_of_a_wide_picture_is_found(runtime: Runtime) -> None:
    wide = numpy.full((400, 33_000, 3), 120, numpy.uint8)
    wide[:, -400:] = numpy.asarray(pictures.face(400, 400))
    (face,) = find_faces(wide, runtime.nets)
    assert face.box.left > 32_600
