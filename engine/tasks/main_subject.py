"""The main subject of a picture as a mask: a proposal of what to remove, to be corrected by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import Trial
from engine.inpainting.subject import NETWORK, SHARES

GFLOP = 40.0
"""Cost of one pass of the network, as GFLOP that take the same time (measured)."""


class MainSubject(Parameters):
    """Parameters of the proposal."""

    certainty: float = option(0.5, low=0.05, high=0.95, step=0.05, label="Certainty")
    """How sure the network has to be that a pixel belongs to the subject; less takes more of the picture."""
    margin: float = option(1.0, low=0, high=10, step=0.5, label="Margin")
    """What is marked beyond the subject's edge, in percent of the longer side: soft edges and shadows go, too."""
    across: float = option(-1.0, low=-1, high=100, step=0.1, label="Across", advanced=True)
    """Place of what is to be marked instead of the main subject, in percent of the width; below 0 for none."""
    down: float = option(-1.0, low=-1, high=100, step=0.1, label="Down", advanced=True)
    """The same in percent of the height."""

    earlier: ClassVar[Mapping[str, Any]] = {"across": -1.0, "down": -1.0}


INPUTS = (
    InputSpec(name="image", label=Message("Picture"), help=Message("The picture whose subject is to be marked.")),
)


def run(inputs: Inputs, parameters: MainSubject, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`; the result is white where the subject is."""
    from engine.imaging.masks import grown
    from engine.inpainting.subject import object_at, subject_of

    image = inputs["image"][0].image
    yield Step(done=0, stage=Message("looking for the subject"), preview=lambda: Image.new("RGB", image.size))
    if min(parameters.across, parameters.down) < 0:
        seen = subject_of(image, parameters.certainty, context.nets)
    else:
        place = parameters.across / 100, parameters.down / 100
        seen = object_at(image, place, parameters.certainty, context.nets)
    mask = grown(seen, round(parameters.margin / 100 * max(image.size)))
    marked = Image.fromarray(numpy.where(mask, 255, 0).astype(numpy.uint8)).convert("RGB")
    yield Step(done=1, stage=Message("found"), preview=marked.copy)
    return TaskOutput(image=marked, facts=TaskFacts(figures={"masked": round(float(mask.mean()), 4)}))


def cost(parameters: MainSubject, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    return GFLOP if min(parameters.across, parameters.down) < 0 else len(SHARES) * GFLOP


MAIN_SUBJECT = TaskSpec(
    name="main-subject",
    title=Message("Main subject"),
    summary=Message("Marks what a picture is of, or what is at a place of it, as a mask for inpainting."),
    paper="Qin et al. 2020, U2-Net: going deeper with nested U-structure for salient object detection; Rother, "
    "Kolmogorov & Blake 2004, GrabCut",
    parameters=MainSubject,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: (NETWORK,),
    cost=cost,
    trial=Trial(explained=False),
)
