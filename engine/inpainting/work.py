"""All holes of a picture, one after the other: a filling, its refinement where that is wanted, and the blend."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy
import torch
from PIL import Image

from engine.device import best_device
from engine.inpainting.canvas import Canvas
from engine.inpainting.fill import CLASSICAL_SIDES, NETWORKS, Classical, Colours, NetworkName, classical, network
from engine.inpainting.masks import Cover, Hole, Mask, feathered, holes
from engine.inpainting.refine import Refinement, refine, refinement_gflop, window_box
from engine.job import Job, Step, Walk
from engine.perceptual.network import perceptual_network
from engine.preview import Preview
from engine.tensors import to_image
from engine.tiles import Box

Kind = Literal["auto", "refined", "network", "classical"]

COARSE = 1.1
"""How much a filling may have been enlarged before its texture is refined without being asked for."""
LEAST_SIDE = 512
"""Of a part in pixels, so that networks see enough around a small hole."""
SHOWN_SIDE = 1024
"""Longer side of a stage's picture in pixels."""
CLASSICAL_FLOP: Mapping[Classical, float] = {"telea": 1e5, "navier-stokes": 1e5, "biharmonic": 1e6}
"""Of each pixel, as arithmetic that takes the same time (measured)."""


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
        made = NETWORKS[self.network].gflop
        if self.refines(crop):
            window = window_box(hole, (crop.width, crop.height))
            made += refinement_gflop((window.width, window.height), (crop.width, crop.height), self.refinement)
        return made


@dataclass(frozen=True)
class Stage:
    """The part around a hole at one point of the way."""

    title: str
    image: Image.Image


@dataclass(frozen=True)
class Filled:
    """What :func:`fill` returns."""

    stages: Sequence[Stage]
    """Of the largest hole: masked, filled, after each scale, blended."""
    gflop: float
    """Arithmetic that was done."""
    facts: Mapping[str, Any]
    """``holes``, ``parts`` (their sizes), ``refined`` (how many of them), and ``unfinished`` after a stop."""


def fill(canvas: Canvas, mask: Mask, filling: Filling, job: Job) -> Generator[Step, None, Filled]:
    """Fill all holes of a mask; a generator of steps.

    Holes are filled one after the other, the largest first; later ones see what earlier ones became. After a stop the
    rest is filled by Telea's method, which is quick, and the facts say so.
    """
    cover = feathered(mask, filling.feather)
    unknown = cover > 0
    left = holes(unknown, LEAST_SIDE)
    count, work = len(left), [filling.gflop(hole.box.within(hole.crop), hole.crop) for hole in left]
    facts: dict[str, Any] = {"holes": count, "parts": [[each.crop.width, each.crop.height] for each in left]}
    preview = Preview(Image.fromarray(canvas.image), (mask.shape[1], mask.shape[0]))
    stages: Sequence[Stage] = ()
    total, refined = sum(work), 0
    done = finished = 0.0
    yield Step(done=0, stage="looking at the holes", preview=preview.image)
    while left and not job.stopped:
        hole, share = left.pop(0), work.pop(0)
        cut = (slice(hole.crop.top, hole.crop.bottom), slice(hole.crop.left, hole.crop.right))
        before, hidden = canvas.part(hole.crop), unknown[cut].copy()
        name = f"hole {count - len(left)} of {count}, " if count > 1 else ""
        walk = Walk(_filled(before, hidden, hole, filling, job))
        for step in walk:
            part = step.preview
            shown = step.within(finished / total, share / total, name)
            done = shown.done
            yield replace(shown, preview=lambda at=part, box=hole.crop: preview.showing(at(), box))  # type: ignore[misc]
        _put(canvas, hole, walk.result.colours, cover[cut], unknown[cut])
        preview.take(canvas.image, hole.crop)
        stages = stages or _stages(before, hidden, walk.result.stages, canvas.part(hole.crop))
        refined += walk.result.refined
        facts = {**walk.result.facts, **facts}
        if not job.stopped:
            finished += share
            done = finished / total
            yield Step(done=done, stage=f"{name}blended", preview=preview.image)
    if job.stopped:
        if left:
            facts["unfinished"] = f"{len(left)} of {count} holes are filled by Telea's method only"
        for hole in left:
            cut = (slice(hole.crop.top, hole.crop.bottom), slice(hole.crop.left, hole.crop.right))
            before, hidden = canvas.part(hole.crop), unknown[cut].copy()
            made = classical(before, hidden, "telea")
            _put(canvas, hole, made, cover[cut], unknown[cut])
            preview.take(canvas.image, hole.crop)
            stages = stages or _stages(before, hidden, [Stage("telea", _image(made))], canvas.part(hole.crop))
        yield Step(done=done, stage="stopped", preview=preview.image)
    return Filled(stages, done * total, {**facts, "refined": refined})


@dataclass(frozen=True)
class _Made:
    """What one hole was filled with."""

    colours: Colours
    """Of the whole part."""
    stages: Sequence[Stage]
    refined: bool
    facts: Mapping[str, Any]


def _filled(part: Colours, unknown: Mask, hole: Hole, filling: Filling, job: Job) -> Generator[Step, None, _Made]:
    """Fill one hole; steps have previews of the part."""
    if filling.kind == "classical":
        made = classical(part, unknown, filling.classical)
        return _Made(made, [Stage(filling.classical, _image(made))], False, {})
    made = network(part, unknown, filling.network, bicubic=filling.bicubic)
    stages = [Stage("content network", _image(made))]
    if not filling.refines(hole.crop) or job.stopped:
        return _Made(made, stages, False, {})
    alone = NETWORKS[filling.network].gflop / filling.gflop(hole.box.within(hole.crop), hole.crop)
    yield Step(done=alone, stage="content network", preview=stages[0].image.copy)
    device = best_device()
    tensor, hidden, own = (
        torch.from_numpy(each).to(device.torch_device) for each in (made.transpose(2, 0, 1)[None], unknown, hole.mask)
    )
    vgg = perceptual_network(filling.refinement.network, device)
    walk = Walk(refine(tensor.contiguous(), hidden, own, filling.refinement, vgg, job))
    for step in walk:
        yield step.within(alone, 1 - alone, "texture at ")
    stages += [Stage(f"texture, {title}", to_image(each)) for title, each in walk.result.stages.items()]
    colours = walk.result.part[0].permute(1, 2, 0).cpu().numpy()
    return _Made(colours, stages, True, walk.result.facts)


def _put(canvas: Canvas, hole: Hole, made: Colours, cover: Cover, unknown: Mask) -> None:
    """Blend into the canvas what belongs to this hole, which is known from now on."""
    canvas.put(hole.crop, made, numpy.where(hole.mask, cover, 0).astype(numpy.float32))
    unknown &= ~hole.mask


def _stages(before: Colours, unknown: Mask, made: Sequence[Stage], after: Colours) -> list[Stage]:
    """What is shown of a hole, reduced where it is large."""
    holed = numpy.where(unknown[..., None], 1, before)
    shown = [Stage("masked", _image(holed)), *made, Stage("blended", _image(after))]
    height, width = unknown.shape
    factor = min(1.0, SHOWN_SIDE / max(height, width))
    size = (max(1, round(factor * width)), max(1, round(factor * height)))
    return [Stage(each.title, each.image.resize(size, Image.Resampling.LANCZOS)) for each in shown]


def _image(colours: Colours) -> Image.Image:
    return Image.fromarray((255 * colours).round().astype(numpy.uint8))
