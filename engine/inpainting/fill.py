"""All holes of a picture, one after the other: a filling, its refinement where that is wanted, and the blend."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy
import torch
from PIL import Image

from engine.contracts.job import Job, Step, Walk
from engine.hardware.device import best_device
from engine.imaging.canvas import Canvas
from engine.imaging.comparison import Panel
from engine.imaging.masks import Hole, Mask, feathered, holes
from engine.imaging.preview import Preview
from engine.imaging.tensors import fitted
from engine.imaging.tiles import Box
from engine.inpainting.methods import CLASSICAL_SIDES, NETWORKS, Classical, Colours, NetworkName, classical, network
from engine.inpainting.refine import SHOWN_SIDE, Refinement, refine, refinement_gflop, window_box
from engine.perceptual.network import perceptual_network

Kind = Literal["auto", "refined", "network", "classical"]

COARSE = 1.1
"""How much a filling may have been enlarged before its texture is refined without being asked for."""
LEAST_SIDE = 512
"""Of a part in pixels, so that networks see enough around a small hole."""
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


QUICKEST = Filling(kind="classical")
"""What a stop leaves to be done."""


@dataclass(frozen=True)
class Filled:
    """What :func:`fill` returns."""

    stages: Sequence[Panel]
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
    found = holes(unknown, LEAST_SIDE)
    work = [filling.gflop(hole.box.within(hole.crop), hole.crop) for hole in found]
    preview = Preview(Image.fromarray(canvas.image), (mask.shape[1], mask.shape[0]))
    stages: Sequence[Panel] = ()
    facts: dict[str, Any] = {}
    done = finished = 0.0
    refined = left_over = 0
    yield Step(done=0, stage="looking at the holes", preview=preview.image)
    for index, (hole, share) in enumerate(zip(found, work, strict=True)):
        crop = hole.crop
        cut = (slice(crop.top, crop.bottom), slice(crop.left, crop.right))
        before, hidden = canvas.part(crop), unknown[cut].copy()
        left_over += job.stopped
        name = f"hole {index + 1} of {len(found)}, " if len(found) > 1 else ""
        walk = Walk(_filled(before, hidden, hole, QUICKEST if job.stopped else filling, job))
        for step in walk:
            shown = step.within(finished / sum(work), share / sum(work), name)
            done = shown.done
            yield replace(shown, preview=lambda at=step.preview, box=crop: preview.showing(at(), box))  # type: ignore[misc]
        canvas.put(crop, walk.result.colours, numpy.where(hole.mask, cover[cut], 0).astype(numpy.float32))
        unknown[cut] &= ~hole.mask
        preview.take(canvas.image, crop)
        stages = stages or _stages(before, hidden, walk.result.stages, canvas.part(crop))
        refined += walk.result.refined
        facts = {**walk.result.facts, **facts}
        if not job.stopped:
            finished += share
            done = finished / sum(work)
            yield Step(done=done, stage=f"{name}blended", preview=preview.image)
    if job.stopped:
        yield Step(done=done, stage="stopped", preview=preview.image)
    facts |= {"holes": len(found), "parts": [[each.crop.width, each.crop.height] for each in found], "refined": refined}
    if left_over:
        facts["unfinished"] = f"{left_over} of {len(found)} holes are filled by Telea's method only"
    return Filled(stages, done * sum(work), facts)


@dataclass(frozen=True)
class _Made:
    """What one hole was filled with."""

    colours: Colours
    """Of the whole part."""
    stages: Sequence[Panel]
    refined: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def _filled(part: Colours, unknown: Mask, hole: Hole, filling: Filling, job: Job) -> Generator[Step, None, _Made]:
    """Fill one hole; steps have previews of the part. The quickest method takes none."""
    if filling.kind == "classical":
        made = classical(part, unknown, filling.classical)
        return _Made(made, [Panel(filling.classical, _image(made))])
    made = network(part, unknown, filling.network, bicubic=filling.bicubic)
    first = Panel("content network", _image(made))
    if not filling.refines(hole.crop) or job.stopped:
        return _Made(made, [first])
    alone = NETWORKS[filling.network].gflop / filling.gflop(hole.box.within(hole.crop), hole.crop)
    yield Step(done=alone, stage="content network", preview=first.image.copy)
    device = best_device()
    tensor, hidden, own = (
        torch.from_numpy(each).to(device.torch_device) for each in (made.transpose(2, 0, 1)[None], unknown, hole.mask)
    )
    vgg = perceptual_network(filling.refinement.network, device)
    walk = Walk(refine(tensor.contiguous(), hidden, own, filling.refinement, vgg, job))
    for step in walk:
        yield step.within(alone, 1 - alone, "texture at ")
    textured = [Panel(f"texture, {title}", image) for title, image in walk.result.stages.items()]
    colours = walk.result.part[0].permute(1, 2, 0).cpu().numpy()
    return _Made(colours, [first, *textured], refined=True, facts=walk.result.facts)


def _stages(before: Colours, unknown: Mask, made: Sequence[Panel], after: Colours) -> list[Panel]:
    """What is shown of a hole, all of one size, reduced where it is large."""
    holed = numpy.where(unknown[..., None], 1, before)
    shown = [Panel("masked", _image(holed)), *made, Panel("blended", _image(after))]
    size = fitted((unknown.shape[1], unknown.shape[0]), min(SHOWN_SIDE, max(unknown.shape)))
    return [replace(each, image=each.image.resize(size, Image.Resampling.LANCZOS)) for each in shown]


def _image(colours: Colours) -> Image.Image:
    return Image.fromarray((255 * colours).round().astype(numpy.uint8))
