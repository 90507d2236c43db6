"""The faces of a picture, numbered from the left, with their 68 landmarks."""

from __future__ import annotations

from dataclasses import astuple

import numpy

from engine.contracts.context import RunContext
from engine.contracts.errors import FaceError
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import Trial


class FindFaces(Parameters):
    """Parameters of the search."""

    landmarks: bool = option(False, label="Show the landmarks")
    """Draw the 68 points of every face."""


INPUTS = (
    InputSpec(
        name="image",
        label=Message("Photo"),
        help=Message("A picture with faces that look at the camera, more or less."),
        shows_face=True,
    ),
)


def run(inputs: Inputs, parameters: FindFaces, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.faces.detection import find_faces
    from engine.faces.drawing import numbered

    image = inputs["image"][0].image
    values = numpy.asarray(image)
    yield Step(done=0, stage=Message("looking for faces"), preview=image.copy)
    faces = find_faces(values, context.nets)
    if not faces:
        raise FaceError(
            Message("No face was found; please use a picture with a face that looks at the camera.", faces=0)
        )
    shown = numbered(values, faces, landmarks=parameters.landmarks)
    if not context.stopped:
        yield Step(done=1, stage=Message("found"), preview=shown.copy)
    figures = [
        {"box": list(astuple(each.box)), "turned": round(each.yaw), "tilted": round(each.roll)} for each in faces
    ]
    return TaskOutput(image=shown, facts=TaskFacts(figures={"faces": figures}))


def cost(parameters: FindFaces, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`: the detector looks at tiles of large pictures."""
    return sum(4.0 + each.width * each.height * 8e-6 for each in extents["image"])


FIND_FACES = TaskSpec(
    name="find-faces",
    title=Message("Find faces"),
    summary=Message("Finds the faces of a picture and numbers them from the left."),
    paper="Bazarevsky et al. 2019; Kartynnik et al. 2019",
    parameters=FindFaces,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: ("blazeface", "facemesh"),
    cost=cost,
    trial=Trial(explained=False),
)
