"""Original | mask | classical | network | refined: the comparison of the inpainting papers, on a visitor's picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy
from PIL import Image

from engine.contracts.job import Job, Outcome, Run, Walk
from engine.contracts.parameters import option
from engine.contracts.task import Pictures, Task
from engine.imaging import masks
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.masks import Mask
from engine.imaging.tiles import Box
from engine.model_store.catalogue import LPIPS
from engine.tasks.inpainting import (
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
    from engine.inpainting.fill import Filling

MethodName = Literal["telea", "navier-stokes", "biharmonic", "network-bicubic", "network", "refined"]
TITLES: Mapping[MethodName, str] = {
    "telea": "Telea",
    "navier-stokes": "Navier-Stokes",
    "biharmonic": "biharmonic",
    "network-bicubic": "network, bicubic",
    "network": "content network",
    "refined": "refined",
}
MARKED = (255, 64, 160)
"""Colour of the mask."""
SURROUNDINGS = 0.3
"""What is shown around the holes, relative to the box around all of them."""
SHOWN_SIDE = 1024
"""Longer side in pixels of what is shown."""


class InpaintingComparison(Marked):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("telea", "biharmonic", "network", "refined"), least=1, most=len(TITLES), label="Methods"
    )
    """Classical methods, the content network (enlarged by interpolation, or by our own network), and its refinement."""
    truth: bool = option(False, label="Nothing has to go")
    """What is under the mask is right as it is: methods are measured on how near they come to it."""


def run(pictures: Pictures, parameters: InpaintingComparison, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.hardware.device import measured
    from engine.imaging.canvas import Canvas
    from engine.imaging.metrics import inside
    from engine.imaging.tensors import to_tensor
    from engine.inpainting.fill import fill

    mask = mask_given(pictures, parameters)
    raster = raster_given(pictures)
    before = Canvas(raster, opaque=parameters.transparent).image
    names = tuple(dict.fromkeys(parameters.methods))
    fillings = [filling(parameters, name) for name in names]
    shares = [part_cost(way, masks.bounds(mask), (mask.shape[1], mask.shape[0])) for way in fillings]
    box = _shown(mask)
    panels = [Panel("your picture", _part(before, box)), Panel("mask", _part(_marked(before, mask), box))]
    done = 0.0
    for index, (name, way) in enumerate(zip(names, fillings, strict=True)):
        if job.stopped and index:
            break
        canvas = Canvas(raster, opaque=parameters.transparent)
        walk = Walk(measured(fill(canvas, mask, way, job)))
        for step in walk:
            yield step.within(sum(shares[:index]) / sum(shares), shares[index] / sum(shares), f"{TITLES[name]}: ")
        found = walk.result
        done += found.result.gflop
        quality = {}
        if parameters.truth and not job.stopped:
            made, original = (to_tensor(Image.fromarray(each)) for each in (canvas.image, before))
            quality = inside(made, original, mask)
        part = _part(canvas.image, box)
        panels.append(Panel(TITLES[name], part, found.seconds, found.memory, quality, job.stopped))
    compared = panels[2:]
    comparison = Comparison(
        panels,
        missing=[TITLES[name] for name in names[len(compared) :]],
        last=False,
        columns=3,
        pair=(compared[0].title, compared[-1].title),
    )
    facts = {"masked": round(float(mask.mean()), 4), "methods": {panel.title: panel.facts for panel in compared}}
    return Outcome(image=comparison.sheet(), facts=facts, explanation=comparison, gflop=done)


def filling(parameters: Marked, name: MethodName) -> Filling:
    """How a method fills."""
    made = filling_of(parameters)
    if name == "network" or name == "refined":
        return replace(made, kind=name)
    if name == "network-bicubic":
        return replace(made, kind="network", bicubic=True)
    return replace(made, kind="classical", classical=name)


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


def cost(parameters: InpaintingComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    hole = box_given(parameters, sizes)
    ways = [filling(parameters, name) for name in dict.fromkeys(parameters.methods)]
    return sum(part_cost(way, hole, sizes["image"][0]) for way in ways)


def _weights(parameters: InpaintingComparison) -> tuple[str, ...]:
    found: tuple[str, ...] = (LPIPS,) if parameters.truth else ()
    if {"network-bicubic", "network", "refined"} & set(parameters.methods):
        found += weights_of(parameters, refined="refined" in parameters.methods)
    return found


INPAINTING_COMPARISON = Task(
    name="inpainting-comparison",
    title="Inpainting side by side",
    summary="Fills the same holes by classical methods, the content network and texture refinement, side by side.",
    paper="Telea 2004; Bertalmio et al. 2001; Damelin & Hoang 2018; Sargsyan et al. 2023; Yang et al. 2017",
    parameters=InpaintingComparison,
    inputs=INPUTS,
    run=run,
    weights=_weights,
    cost=cost,
)
