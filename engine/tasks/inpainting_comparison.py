"""Original | mask | classical | network | refined: the comparison of the inpainting papers, on a visitor's picture."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import option
from engine.contracts.task import Extents, Inputs, TaskSpec
from engine.contracts.task_parts import BenchCase, HowItWorks, Trial
from engine.imaging import masks
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.masks import Mask
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.model_store.catalogue import LPIPS
from engine.runtime.compare import Measured, Variant, compared
from engine.tasks.inpainting import (
    EXAMPLES,
    INPUTS,
    Marked,
    box_given,
    filling_of,
    mask_given,
    part_cost,
    raster_given,
    weights_of,
)

if TYPE_CHECKING:
    from engine.inpainting.fill import Filled, Filling

MethodName = Literal["telea", "navier-stokes", "biharmonic", "network-bicubic", "network", "refined"]
TITLES: Mapping[MethodName, Message] = {
    "telea": Message("Telea"),
    "navier-stokes": Message("Navier-Stokes"),
    "biharmonic": Message("biharmonic"),
    "network-bicubic": Message("network, bicubic"),
    "network": Message("content network"),
    "refined": Message("refined"),
}
MARKED = (255, 64, 160)
"""Colour of the mask."""
SURROUNDINGS = 0.3
"""Width of the surroundings that are shown around the holes, relative to the box around all of them."""
SHOWN_SIDE = 1024
"""Longer side in pixels of what is shown."""


class InpaintingComparison(Marked):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("telea", "biharmonic", "network", "refined"), least=1, most=len(TITLES), label="Methods"
    )
    """Classical methods, the content network (enlarged by interpolation, or by our own network), and its refinement."""
    truth: bool = option(False, label="Measure against this picture")
    """What is under the mask is right as it is: methods are measured on how near they come to it."""


HOW = HowItWorks(
    text=Message(
        "**Telea** and **Navier-Stokes** carry colours inwards from the border, the **biharmonic** equation bends "
        "a thin plate through it: good for scratches, smears for holes. The network knows what a window is; "
        "refinement gives it the texture of your picture. "
        "[Telea 2004](https://doi.org/10.1080/10867651.2004.10487596), "
        "[Bertalmio et al. 2001](https://doi.org/10.1109/CVPR.2001.990497)"
    ),
    inside=Message("all methods with time, memory and quality"),
)


def run(inputs: Inputs, parameters: InpaintingComparison, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.imaging.canvas import Canvas

    mask, raster = mask_given(inputs, parameters), raster_given(inputs)
    before = Canvas(raster, opaque=parameters.transparent).image
    names = tuple(dict.fromkeys(parameters.methods))
    box = _shown(mask)
    panels = [
        Panel(Message("your picture"), _part(before, box)),
        Panel(Message("mask"), _part(_marked(before, mask), box)),
    ]
    done = 0.0

    def take(index: int, measured: Measured[_Attempt]) -> None:
        nonlocal done
        attempt = measured.result
        done += attempt.filled.gflop
        judged = parameters.truth and not context.stopped
        quality = _quality(attempt.picture, before, mask, context) if judged else {}
        part = _part(attempt.picture, box)
        title, cost = TITLES[names[index]], (measured.seconds, measured.memory_bytes)
        panels.append(Panel(title, part, *cost, quality, context.stopped))

    size = (mask.shape[1], mask.shape[0])
    variants = [
        Variant(
            TITLES[name],
            part_cost(filling(parameters, name), masks.bounds(mask), size),
            partial(_attempted, raster, mask, filling(parameters, name), parameters.transparent, context),
        )
        for name in names
    ]
    missing = yield from compared(variants, context, take)
    comparison = Comparison(panels, missing=missing, last=False, columns=3, pair=(2, len(panels) - 1))
    figures = {"masked": round(float(mask.mean()), 4)}
    facts = TaskFacts(methods=[panel.facts for panel in panels[2:]], figures=figures)
    return TaskOutput(image=comparison.sheet(), facts=facts, explanation=comparison, gflop=done)


@dataclass(frozen=True)
class _Attempt:
    """The result of one method."""

    picture: numpy.ndarray
    """``(H, W, 3)``."""
    filled: Filled


def _attempted(
    raster: Raster, mask: Mask, way: Filling, transparent: bool, context: RunContext
) -> Generator[Step, None, _Attempt]:
    from engine.imaging.canvas import Canvas
    from engine.inpainting.fill import fill

    canvas = Canvas(raster, opaque=transparent)
    filled = yield from fill(canvas, mask, way, context)
    return _Attempt(canvas.image, filled)


def _quality(picture: numpy.ndarray, before: numpy.ndarray, mask: Mask, context: RunContext) -> dict[str, float]:
    from engine.imaging.tensors import to_tensor
    from engine.perceptual.quality import quality_inside

    filled, original = (to_tensor(Image.fromarray(each)) for each in (picture, before))
    return quality_inside(filled, original, mask, context.nets)


def filling(parameters: Marked, name: MethodName) -> Filling:
    """How a method fills."""
    way = filling_of(parameters)
    if name == "network" or name == "refined":
        return replace(way, kind=name)
    if name == "network-bicubic":
        return replace(way, kind="network", bicubic=True)
    return replace(way, kind="classical", classical=name)


def _shown(mask: Mask) -> Box:
    """All holes with some of what is around them."""
    box = masks.bounds(mask)
    margin = max(32, round(SURROUNDINGS * max(box.width, box.height)))
    return box.grown(margin, (mask.shape[1], mask.shape[0]))


def _part(values: numpy.ndarray, box: Box) -> Image.Image:
    """A part of a picture ``(H, W, 3)``, reduced where it is large."""
    part = Image.fromarray(values[box.top : box.bottom, box.left : box.right])
    part.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    return part


def _marked(values: numpy.ndarray, mask: Mask) -> numpy.ndarray:
    """The picture with its holes in a colour."""
    marked: numpy.ndarray = numpy.where(mask[..., None], numpy.array(MARKED, numpy.uint8), values)
    return marked


def cost(parameters: InpaintingComparison, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    hole = box_given(parameters, extents)
    ways = [filling(parameters, name) for name in dict.fromkeys(parameters.methods)]
    return sum(part_cost(way, hole, extents["image"][0].size) for way in ways)


def _weights(parameters: InpaintingComparison) -> tuple[str, ...]:
    names: tuple[str, ...] = (LPIPS,) if parameters.truth else ()
    if {"network-bicubic", "network", "refined"} & set(parameters.methods):
        names += weights_of(parameters, refined="refined" in parameters.methods)
    return names


INPAINTING_COMPARISON = TaskSpec(
    name="inpainting-comparison",
    title=Message("Inpainting side by side"),
    summary=Message(
        "Fills the same holes by classical methods, the content network and texture refinement, side by side."
    ),
    paper="Telea 2004; Bertalmio et al. 2001; Damelin & Hoang 2018; Sargsyan et al. 2023; Yang et al. 2017",
    parameters=InpaintingComparison,
    inputs=INPUTS,
    run=run,
    weights=_weights,
    cost=cost,
    how=HOW,
    examples=EXAMPLES,
    trial=Trial(
        parameters={"methods": ["telea", "navier-stokes"]},
        fourfold=({"methods": ["network"]}, {"methods": ["refined"], "scales": 1, "iterations": 78}),
        optional_inputs=("mask",),
    ),
    bench=(BenchCase(inputs=("mask",)),),
)
