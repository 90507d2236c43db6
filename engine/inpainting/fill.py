"""All holes of a picture, one after the other: a filling, its refinement where that is wanted, and the blend."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy
import torch
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun
from engine.contracts.messages import Message
from engine.imaging.canvas import Canvas
from engine.imaging.comparison import Panel
from engine.imaging.masks import Colours, Mask, feathered
from engine.imaging.preview import Preview
from engine.imaging.tensors import fitted
from engine.imaging.tiles import Box
from engine.inpainting.classical import CLASSICAL_SIDES, Classical, classical
from engine.inpainting.content_network import NETWORKS, NetworkName, network
from engine.inpainting.hole_energy import Refinement
from engine.inpainting.holes import Hole, holes
from engine.inpainting.refine import SHOWN_SIDE, refine, refinement_gflop, window_box
from engine.perceptual.network import perceptual_network

Kind = Literal["auto", "refined", "network", "classical"]

CONTENT_NETWORK = Message("content network")
COARSE = 1.1
"""How much a filling may have been enlarged before its texture is refined without being asked for."""
LEAST_SIDE = 512
"""Least side in pixels of the part around a hole, so that networks see enough around a small one."""
CLASSICAL_FLOP: Mapping[Classical, float] = {"telea": 1e5, "navier-stokes": 1e5, "biharmonic": 1e6}
"""Method -> cost of each pixel, as floating-point operations that take the same time (measured)."""


@dataclass(frozen=True, kw_only=True)
class Filling:
    """How holes are filled."""

    kind: Kind = "auto"
    """``auto`` refines what the network's size made coarse."""
    classical: Classical = "telea"
    network: NetworkName = "migan-512-places2"
    bicubic: bool = False
    """Whether a network's filling is enlarged by interpolation alone."""
    refinement: Refinement = field(default_factory=Refinement)
    feather: int = 0
    """Pixels outside the mask over which the filling fades out."""

    def refines(self, crop: Box) -> bool:
        """Whether the texture of a hole with that part is refined."""
        if self.kind == "auto":
            return max(crop.width, crop.height) > COARSE * NETWORKS[self.network].side
        return self.kind == "refined"

    def gflop(self, hole: Box, crop: Box) -> float:
        """Arithmetic of one hole."""
        if self.kind == "classical":
            factor = min(1.0, CLASSICAL_SIDES[self.classical] / max(crop.width, crop.height))
            return 1e-9 * CLASSICAL_FLOP[self.classical] * crop.area * factor**2
        total = NETWORKS[self.network].gflop
        if self.refines(crop):
            window = window_box(hole, (crop.width, crop.height))
            total += refinement_gflop((window.width, window.height), (crop.width, crop.height), self.refinement)
        return total


QUICKEST = Filling(kind="classical")
"""Quickest way of filling, for the holes that are left after a stop."""


@dataclass(frozen=True)
class Filled:
    """The result of :func:`fill`; the picture itself is in the canvas."""

    stages: Sequence[Panel]
    """Pictures of the stages at the largest hole: masked, filled, after each scale, blended."""
    gflop: float
    """Arithmetic that was done."""
    facts: TaskFacts
    """``holes``, ``parts`` (their sizes), ``refined`` (how many of them)."""


def fill(canvas: Canvas, mask: Mask, filling: Filling, context: RunContext) -> Generator[Step, None, Filled]:
    """Fill all holes of a mask; a generator of steps.

    Holes are filled one after the other, the largest first; later ones see what earlier ones became. After a stop the
    rest is filled by Telea's method, which is quick, and the facts say so.
    """
    cover = feathered(mask, filling.feather)
    unknown = cover > 0
    every = holes(unknown, LEAST_SIDE)
    work = [filling.gflop(hole.box.within(hole.crop), hole.crop) for hole in every]
    before = Image.fromarray(canvas.image)  # a copy: the canvas changes
    preview = Preview(lambda: before, before.size)
    stages: Sequence[Panel] = ()
    figures: dict[str, Any] = {}
    done = finished = 0.0
    refined = left_over = 0
    yield Step(done=0, stage=Message("looking at the holes"), preview=preview.image)
    for index, (hole, share) in enumerate(zip(every, work, strict=True)):
        crop = hole.crop
        cut = (slice(crop.top, crop.bottom), slice(crop.left, crop.right))
        part_before, hidden = canvas.part(crop), unknown[cut].copy()
        left_over += context.stopped
        part = Message("hole {hole} of {holes}", hole=index + 1, holes=len(every)) if len(every) > 1 else None
        run = StepRun(_filled(part_before, hidden, hole, QUICKEST if context.stopped else filling, context))
        for step in run:
            shown = step.within(finished / sum(work), share / sum(work), part)
            done = shown.done
            yield replace(shown, preview=lambda at=step.preview, box=crop: preview.showing(at(), box))  # type: ignore[misc]
        canvas.put(crop, run.result.colours, numpy.where(hole.mask, cover[cut], 0).astype(numpy.float32))
        unknown[cut] &= ~hole.mask
        preview.take(canvas.image, crop)
        stages = stages or _stages(part_before, hidden, run.result.stages, canvas.part(crop))
        refined += run.result.refined
        figures = {**run.result.figures, **figures}
        if not context.stopped:
            finished += share
            done = finished / sum(work)
            yield Step(done=done, stage=Message("blended"), preview=preview.image).within(0, 1, part)
    if context.stopped:
        yield Step(done=done, stage=Message("stopped"), preview=preview.image)
    figures |= {"holes": len(every), "parts": [[each.crop.width, each.crop.height] for each in every]}
    return Filled(stages, done * sum(work), _facts({**figures, "refined": refined}, left_over, len(every)))


def _facts(figures: Mapping[str, Any], left_over: int, count: int) -> TaskFacts:
    unfinished = Message(
        "{left_over} of {holes} holes are filled by Telea's method only", left_over=left_over, holes=count
    )
    return TaskFacts(figures=figures, unfinished=unfinished if left_over else None)


@dataclass(frozen=True)
class _FilledHole:
    """The filling of one hole."""

    colours: Colours
    """``(h, w, 3)`` of the whole part."""
    stages: Sequence[Panel]
    refined: bool = False
    figures: Mapping[str, Any] = field(default_factory=dict)


def _filled(
    part: Colours, unknown: Mask, hole: Hole, filling: Filling, context: RunContext
) -> Generator[Step, None, _FilledHole]:
    """Fill one hole; steps have previews of the part. The quickest method takes none."""
    if filling.kind == "classical":
        filled = classical(part, unknown, filling.classical)
        return _FilledHole(filled, [Panel(Message("{method}", method=filling.classical), _image(filled))])
    filled = network(part, unknown, filling.network, context.nets, bicubic=filling.bicubic)
    first = Panel(CONTENT_NETWORK, _image(filled))
    if not filling.refines(hole.crop) or context.stopped:
        return _FilledHole(filled, [first])
    alone = NETWORKS[filling.network].gflop / filling.gflop(hole.box.within(hole.crop), hole.crop)
    yield Step(done=alone, stage=CONTENT_NETWORK, preview=first.image.copy)
    device = context.device.torch_device
    tensor, hidden, own = (
        torch.from_numpy(each).to(device) for each in (filled.transpose(2, 0, 1)[None], unknown, hole.mask)
    )
    vgg = perceptual_network(filling.refinement.network, context.nets, in_bytes=context.device.uses_float32)
    run = StepRun(refine(tensor.contiguous(), hidden, own, filling.refinement, vgg, context.job))
    for step in run:
        yield step.within(alone, 1 - alone, Message("texture"))
    textured = [
        Panel(Message("texture, {pixels} px", pixels=pixels), image) for pixels, image in run.result.stages.items()
    ]
    colours = run.result.part[0].permute(1, 2, 0).cpu().numpy()
    return _FilledHole(colours, [first, *textured], refined=True, figures=run.result.facts)


def _stages(before: Colours, unknown: Mask, between: Sequence[Panel], after: Colours) -> list[Panel]:
    """Pictures of one hole's stages, all of one size, reduced where large: masked, ``between``, blended."""
    holed = numpy.where(unknown[..., None], 1, before)
    shown = [Panel(Message("masked"), _image(holed)), *between, Panel(Message("blended"), _image(after))]
    size = fitted((unknown.shape[1], unknown.shape[0]), min(SHOWN_SIDE, max(unknown.shape)))
    return [replace(each, image=each.image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)) for each in shown]


def _image(colours: Colours) -> Image.Image:
    return Image.fromarray(cv2.convertScaleAbs(colours, alpha=255))  # four times as quick as numpy's rounding
