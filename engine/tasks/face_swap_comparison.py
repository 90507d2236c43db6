"""Input | editor | classical | patches: the rows of the paper's figures, on one photo."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import option
from engine.contracts.task import Extents, Inputs, TaskSpec
from engine.contracts.task_parts import BenchCase, HowItWorks, Trial
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.imaging.xmp import COMPOSITE
from engine.runtime.compare import Measured, Variant, compared
from engine.tasks.face_swap import (
    EXAMPLES,
    INPUTS,
    Swap,
    check_begun,
    check_swap,
    gflop,
    label_of,
    preparation,
    swap_settings,
    weights_of,
)

if TYPE_CHECKING:
    from engine.faces.labelled_scene import LabelledScene
    from engine.faces.meeting import Meeting
    from engine.faces.swap import Swapped

MethodName = Literal["editor", "classical", "patches"]
TITLES: Mapping[MethodName, Message] = {
    "editor": Message("image editor"),
    "classical": Message("warp, light, blend"),
    "patches": Message("patches (V3)"),
}
AROUND = 0.5
"""Width of what is shown around the face, as a share of the face's."""
SHOWN_SIDE = 640
"""Longest side of a panel in pixels."""


class FaceSwapComparison(Swap):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("editor", "classical", "patches"), least=1, most=len(TITLES), label="Methods"
    )
    """What is compared, in this order: a warp and a seamless clone, the classical chain, and the descent."""


HOW = HowItWorks(
    text=Message(
        "An **editor** warps one picture and clones its gradients. The **classical** chain takes the best picture, "
        "corrects its light and blends by bands. **Patches** make the face anew. "
        "[Korshunova et al. 2017](https://arxiv.org/abs/1611.09577), "
        "[Perez et al. 2003](https://doi.org/10.1145/882262.882269)"
    ),
    inside=Message("all methods with time and memory"),
)


def run(inputs: Inputs, parameters: FaceSwapComparison, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.faces.labelled_scene import LabelledScene
    from engine.faces.meeting import meet

    check_swap(parameters, inputs, "patches", context.settings)
    scene = LabelledScene(inputs["image"][0].as_raster(), label_of(parameters))
    identity = [numpy.asarray(each.image) for each in inputs["identity"]]
    names = tuple(dict.fromkeys(parameters.methods))
    works = [gflop(parameters, name, len(identity)) for name in names]
    before = preparation(len(identity), scene.size)
    share = before / (before + sum(works))
    meeting = StepRun(meet(scene.picture, identity, parameters.face, context.nets))
    for step in meeting:
        yield step.within(0, share)
        check_begun(context)
    met = meeting.result
    part = _around(met.scene.face.box, scene.size)
    yield Step(done=share, stage=Message("faces found"), preview=scene.untouched)
    best = met.candidates[0].number
    panels = [
        Panel(Message("your photo"), _part(scene.picture, part)),
        Panel(Message("identity, picture {number}", number=best), _identity(met.best.crop, part)),
    ]

    def take(index: int, measured: Measured[Swapped]) -> None:
        face = measured.result
        values = scene.with_face(face.box, face.colours, face.cover, plain=True).image()
        image = label_of(parameters).draw(_part(numpy.asarray(values), part))
        title, cost = TITLES[names[index]], (measured.seconds, measured.memory_bytes)
        panels.append(Panel(title, image, *cost, stopped=context.stopped))

    variants = [
        Variant(TITLES[name], work, partial(_swapped, met, parameters, name, context, scene))
        for name, work in zip(names, works, strict=True)
    ]
    missing = yield from compared(variants, context, take, start=share)
    comparison = Comparison(panels, missing, last=False, pair=(0, len(panels) - 1))
    sheet = comparison.sheet()
    facts = TaskFacts(methods=[panel.facts for panel in panels[2:]], figures={"faces": met.count})
    raster = Raster(numpy.asarray(sheet), source_type=COMPOSITE)
    if not context.stopped:
        yield Step(done=1, stage=Message("side by side"), preview=sheet.copy)
    return TaskOutput(image=sheet, raster=raster, facts=facts, explanation=comparison)


def _swapped(
    met: Meeting, parameters: Swap, name: MethodName, context: RunContext, scene: LabelledScene
) -> Generator[Step, None, Swapped]:
    from engine.faces.swap import swapped

    return swapped(met, swap_settings(parameters, name), context, scene.size, scene.preview)


def _around(face: Box, size: tuple[int, int]) -> Box:
    return face.grown(round(AROUND * face.width), size)


def _part(picture: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.uint8]], part: Box) -> Image.Image:
    image = Image.fromarray(picture[part.top : part.bottom, part.left : part.right])
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    return image


def _identity(crop: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]], part: Box) -> Image.Image:
    """In the size of the other panels, with white beside it."""
    from engine.faces.align import samples

    size = Image.new("RGB", (part.width, part.height))
    size.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    image = Image.fromarray(samples(crop))
    side = min(size.size)
    sheet = Image.new("RGB", size.size, "white")
    sheet.paste(
        image.resize((side, side), Image.Resampling.LANCZOS), ((size.width - side) // 2, (size.height - side) // 2)
    )
    return sheet


def cost(parameters: FaceSwapComparison, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    count = len(extents.get("identity", ()))
    return preparation(count, extents["image"][0].size) + sum(
        gflop(parameters, name, max(1, count)) for name in set(parameters.methods)
    )


FACE_SWAP_COMPARISON = TaskSpec(
    name="face-swap-comparison",
    title=Message("Face swaps side by side"),
    summary=Message("Swaps one face as an image editor does, by the classical chain, and by patches."),
    paper="Korshunova et al. 2017; Pérez, Gangnet & Blake 2003",
    parameters=FaceSwapComparison,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: weights_of(parameters, parameters.methods),
    cost=cost,
    how=HOW,
    examples=EXAMPLES,
    trial=Trial(
        parameters={"consent": True, "iterations": 3},
        fourfold=({"iterations": 100}, {"iterations": 400}),
        optional_inputs=("identity",),
    ),
    bench=(BenchCase(values={"consent": True}, inputs=("identity",)),),
)
