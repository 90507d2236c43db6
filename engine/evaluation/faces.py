"""How well landmarks lie, and how good swaps are, both by an independent model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from engine.contracts.context import RunContext
from engine.contracts.errors import ParameterError, PentimentoError, PictureError
from engine.contracts.job import StepRun
from engine.contracts.messages import Message
from engine.evaluation.folder import pictures_in
from engine.evaluation.reference_model import ReferenceModel
from engine.faces.detection import find_faces
from engine.faces.face import INNER, JAW, Face, Points
from engine.faces.labelled_scene import LabelledScene
from engine.imaging.canvas import Canvas
from engine.imaging.door import open_picture
from engine.imaging.picture import Picture
from engine.runtime.runtime import Runtime
from engine.tasks.face_swap import FaceSwap, label_of, swap_settings

Image = NDArray[Any]
"""``(H, W, 3)``, bytes."""
TILTS = (0, 15, -15, 30, -30)
"""Degrees by which pictures are turned."""
SMALL = 60
"""Width in pixels of the smallest faces."""
LANDMARK_KEYS = ("inner", "jaw", "all")
SWAP_KEYS = ("to_identity", "to_photo", "nearer", "landmarks", "untouched", "seconds")


def landmarks(runtime: Runtime, folder: Path) -> Iterator[dict[str, Any]]:
    """Distances from the reference model's points in per cent of those of the outer eye corners; a row for each change.

    The reference model looks at the picture as it is; its points are then turned or reduced as the picture is for ours.
    """
    judge = ReferenceModel()
    for path in pictures_in(folder, nested=True):
        try:
            image = numpy.asarray(open_picture(path).image)
        except PictureError:  # a file that is no picture is no face
            continue
        judged = judge(image)
        if judged is None:
            continue
        for name, changed, matrix in _changes(image, judged.points):
            points = judged.points @ matrix[:, :2].T + matrix[:, 2]
            face = _nearest(find_faces(changed, runtime.nets), points)
            yield {"name": path.name, "change": name, **_errors(face, points)}


def _changes(image: Image, points: Points) -> Iterator[tuple[str, Image, NDArray[Any]]]:
    height, width = image.shape[:2]
    for degrees in TILTS:
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
        turned = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        yield f"{degrees} degrees", turned if degrees else image, matrix
    factor = SMALL / float(points[:, 0].max() - points[:, 0].min())
    if factor < 1:
        size = (round(width * factor), round(height * factor))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        scales = numpy.array([size[0] / width, size[1] / height])
        yield f"{SMALL} pixels", small, numpy.column_stack([numpy.diag(scales), 0.5 * scales - 0.5])


def _nearest(faces: Sequence[Face], points: Points) -> Face | None:
    return min(faces, key=lambda face: float(abs(face.landmarks - points).mean()), default=None)


def _errors(face: Face | None, points: Points) -> dict[str, float]:
    if face is None:
        return dict.fromkeys(LANDMARK_KEYS, math.nan)
    away = 100 * numpy.linalg.norm(face.landmarks - points, axis=1) / numpy.linalg.norm(points[45] - points[36])
    return {"inner": float(away[INNER].mean()), "jaw": float(away[JAW].mean()), "all": float(away.mean())}


def swaps(
    runtime: Runtime, folder: Path, methods: Sequence[str], pairs: int, parameters: FaceSwap
) -> Iterator[dict[str, Any]]:
    """Swap pairs of identities, and let the judge say whom the result is like; a row for each pair and method.

    ``folder`` has a folder for each identity, or single pictures. Of an identity with several pictures, the second half
    is held out: the swap sees the first, the judge measures the distance to the second.
    """
    judge = ReferenceModel()
    people = _people(folder)
    for photo, identity in _pairs(list(people), pairs):
        shown = people[identity]
        half = (len(shown) + 1) // 2
        seen, held_out = shown[:half], shown[half:] or shown
        scene = people[photo][0]
        for method in methods:
            try:
                row = _row(judge, runtime.context(), scene, seen, held_out, method, parameters)
            except PentimentoError as error:
                row = {**dict.fromkeys(SWAP_KEYS, math.nan), "error": str(error)}
            yield {"photo": photo, "identity": identity, "method": method, "held_out": bool(shown[half:]), **row}


def _people(folder: Path) -> Mapping[str, list[Picture]]:
    people: dict[str, list[Picture]] = {}
    for path in pictures_in(folder, nested=True):
        owner = path.stem if path.parent == folder else path.parent.name
        try:
            picture = open_picture(path, raster=True)
        except PictureError:
            continue
        people.setdefault(owner, []).append(picture)
    if len(people) < 2:
        raise ParameterError(Message("There are no two identities in {folder!r}.", folder=folder.name))
    return people


def _pairs(names: Sequence[str], count: int) -> list[tuple[str, str]]:
    """``count`` ordered pairs, every name about equally often as photo and as identity."""
    steps = range(1, len(names))
    every = [(name, names[(index + step) % len(names)]) for step in steps for index, name in enumerate(names)]
    return every[:count]


def _row(
    judge: ReferenceModel, context: RunContext, photo: Picture, seen: Sequence[Picture],
    held_out: Sequence[Picture], method: str, parameters: FaceSwap,
) -> dict[str, Any]:  # fmt: skip
    import time

    from engine.faces.meeting import meet
    from engine.faces.swap import swapped

    scene = LabelledScene(photo.as_raster(), label_of(parameters))
    start = time.perf_counter()
    identity = [numpy.asarray(each.image) for each in seen]
    met = StepRun(meet(scene.picture, identity, 0, context.nets)).finish()
    settings = swap_settings(parameters, method)
    face = StepRun(swapped(met, settings, context, scene.size, lambda *_: photo.image)).finish()
    seconds = time.perf_counter() - start
    canvas = Canvas(photo.as_raster())  # without the label, which the judge should not see
    canvas.put(face.box, face.colours, face.cover, alpha="kept")
    result = canvas.image
    outside = numpy.ones(result.shape[:2], numpy.bool_)
    outside[face.box.top : face.box.bottom, face.box.left : face.box.right] = face.cover <= 0
    before, after = judge(scene.picture), judge(result)
    answers = [judge(numpy.asarray(each.image)) for each in held_out]
    others = [answer.embedding for answer in answers if answer is not None]
    if before is None or after is None or not others:
        raise ParameterError(Message("The reference model finds no face."))
    to_identity = float(numpy.mean([numpy.linalg.norm(after.embedding - each) for each in others]))
    to_photo = float(numpy.linalg.norm(after.embedding - before.embedding))
    eyes = numpy.linalg.norm(before.points[45] - before.points[36])
    return {
        "to_identity": to_identity,
        "to_photo": to_photo,
        "nearer": float(to_identity < to_photo),
        "landmarks": 100 * float(numpy.linalg.norm(after.points - before.points, axis=1).mean() / eyes),
        "untouched": float((result[outside] == scene.picture[outside]).all()),
        "seconds": seconds,
    }
