"""The faces of a picture, numbered from the left, with their 68 landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import numpy

from engine.contracts.errors import PictureError
from engine.contracts.job import Job, Outcome, Run, Step
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task


class FindFaces(Parameters):
    """Parameters of the search."""

    landmarks: bool = option(False, label="Show the landmarks")
    """Draw the 68 points of every face."""


def run(pictures: Pictures, parameters: FindFaces, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.faces.detection import find_faces
    from engine.faces.drawing import numbered
    from engine.hardware.device import best_device

    image = pictures["image"][0].image
    values = numpy.asarray(image)
    yield Step(done=0, stage="looking for faces", preview=image.copy)
    faces = find_faces(values, best_device())
    if not faces:
        raise PictureError("No face was found; please use a picture with a face that looks at the camera.")
    shown = numbered(values, faces, landmarks=parameters.landmarks)
    if not job.stopped:
        yield Step(done=1, stage="found", preview=shown.copy)
    found = [{"box": list(astuple(each.box)), "turned": round(each.yaw), "tilted": round(each.roll)} for each in faces]
    return Outcome(image=shown, facts={"faces": found})


def cost(parameters: FindFaces, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`: the detector looks at tiles of large pictures."""
    return sum(4.0 + width * height * 8e-6 for width, height in sizes["image"])


FIND_FACES = Task(
    name="find-faces",
    title="Find faces",
    summary="Finds the faces of a picture and numbers them from the left.",
    paper="Bazarevsky et al. 2019; Kartynnik et al. 2019",
    parameters=FindFaces,
    inputs=(
        PictureInput(name="image", label="Photo", help="A picture with faces that look at the camera, more or less."),
    ),
    run=run,
    weights=lambda parameters: ("blazeface", "facemesh"),
    cost=cost,
)
