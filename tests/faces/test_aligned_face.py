"""Aligned faces: where they stand, their parts, which picture fits best, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy
import pytest

from engine import Runtime
from engine.contracts.errors import FaceError
from engine.contracts.messages import Message
from engine.faces import align
from engine.faces.aligned_face import LABELS, LEAST_WIDTH, MOST_YAW, AlignedFace, choose_face, ranked, region_labels
from engine.faces.face import Face
from tests.support.faces import aligned_in, image_of


def test_an_aligned_face_stands_as_in_the_template(scene: AlignedFace) -> None:
    points = scene.landmarks
    eyes = numpy.stack([points[36:42].mean(0), points[42:48].mean(0)])
    assert eyes == pytest.approx(align.TEMPLATE[:2] * 128 - 0.5, abs=4)
    assert scene.parts.of("hair").mean() > 0.1
    nose = scene.landmarks[30].round().astype(int)
    assert scene.parts.of("nose", "skin")[nose[1], nose[0]] > 0.8
    assert scene.parts.shares.sum(0) == pytest.approx(1, abs=1e-4)
    assert scene.glasses < 0.02


def test_regions_are_where_the_landmarks_are(scene: AlignedFace) -> None:
    labels = region_labels(scene.landmarks, scene.inside)
    wanted = {"left eye": 37, "right eye": 43, "left brow": 19, "right brow": 24, "nose": 30, "mouth": 62}
    for name, number in wanted.items():
        across, down = scene.landmarks[number].round().astype(int)
        assert LABELS[labels[down, across]] == name
    chin = (scene.landmarks[8] * 0.8 + scene.landmarks[57] * 0.2).round().astype(int)
    assert LABELS[labels[chin[1], chin[0]]] == "jaw"
    assert labels[2, 2] == 0


def test_pictures_of_the_same_look_come_first(runtime: Runtime, scene: AlignedFace) -> None:
    mirrored = numpy.ascontiguousarray(image_of()[:, ::-1])
    same = aligned_in(runtime.nets, mirrored)
    dark = (image_of("young_woman") * 0.6).astype(numpy.uint8)
    other = aligned_in(runtime.nets, dark)
    order = ranked(scene, [other, same])
    assert [each.number for each in order] == [2, 1]
    assert order[0].total < order[1].total
    assert order[1].apart["pose"] > order[0].apart["pose"]


def test_each_refusal_names_the_picture(astronaut: Face) -> None:
    photo, third = Message("Photo"), Message("Identity, picture {number}", number=3)
    small = replace(astronaut, mesh=astronaut.mesh * 0.2)
    turned = astronaut.mesh.copy()
    turned[:, 2] += 2 * (turned[:, 0] - turned[:, 0].mean())
    side_on = replace(astronaut, mesh=turned)
    width = {"width": small.box.width, "minimum": LEAST_WIDTH}
    refusals: list[tuple[list[Face], Message, int, dict[str, Any]]] = [
        ([], third, 0, {}),
        ([astronaut], photo, 2, {"number": 2, "faces": 1}),
        ([small], photo, 0, width),
        ([side_on], photo, 0, {"yaw": pytest.approx(abs(side_on.yaw))}),
    ]
    assert abs(side_on.yaw) > MOST_YAW
    for faces, name, number, fields in refusals:
        with pytest.raises(FaceError) as refusal:
            choose_face(faces, name, number)
        assert refusal.value.fields == {"picture": name, **fields}
        assert str(refusal.value).startswith(str(name))
