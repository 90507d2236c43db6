"""Bicubic | residual | GAN | original: the comparison of the super-resolution papers (Ledig et al. 2017, figure 2)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from PIL import Image

from engine.enlargement.comparison import Comparison, Panel
from engine.enlargement.methods import METHODS
from engine.errors import PictureError
from engine.job import Job, Outcome, Run, Walk
from engine.parameters import Parameters, option
from engine.picture import MINIMUM_SIDE
from engine.registry import PictureInput, Pictures, Task
from engine.tasks.super_resolution import MethodName, enlarged, gflop

LPIPS_WEIGHTS = "lpips-alex"


class SuperResolutionComparison(Parameters):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("bicubic", "residual", "gan"), least=1, most=len(METHODS), label="Methods"
    )
    """What is compared, in this order; EDSR, RRDB, ESRGAN and Real-ESRGAN are downloaded from the Hub first."""
    scale: int = option(4, low=2, high=4, step=1, label="Scale")
    """How much longer every side becomes."""
    original: bool = option(False, label="I have the original")
    """Your picture is the original: it is reduced first by MATLAB's bicubic rule, and methods are measured on it."""
    side: int = option(192, low=32, high=512, step=32, label="Part")
    """Longest side of the small picture in pixels; of a larger one a part is taken, so that every pixel counts."""
    across: float = option(50.0, low=0, high=100, step=5, label="Part: across")
    """Where the part lies: 0 at the left, 100 at the right."""
    down: float = option(50.0, low=0, high=100, step=5, label="Part: down")
    """Where the part lies: 0 at the top, 100 at the bottom."""
    faithful: bool = option(True, label="Faithful colours", advanced=True)
    """A GAN's colours stray; one step of back-projection leads them back to your picture's. Off: the network's own."""


def run(pictures: Pictures, parameters: SuperResolutionComparison, job: Job) -> Run:
    """See :attr:`engine.registry.Task.run`."""
    from engine.device import PeakMemory, best_device
    from engine.raster import Raster

    small, reference = _prepared(pictures["image"][0].image, parameters)
    scale = parameters.scale
    panels: list[Panel] = []
    shares = _costs(parameters, small.size)
    for index, name in enumerate(parameters.methods):
        if job.stopped and index:
            break
        memory, start = PeakMemory(best_device().torch_device), time.perf_counter()
        walk = Walk(enlarged(Raster(numpy.asarray(small)), name, scale, job, faithful=parameters.faithful))
        for step in walk:
            memory.sample()
            yield step.within(sum(shares[:index]) / sum(shares), shares[index] / sum(shares))
        image = walk.result.raster.image()
        seconds, peak = time.perf_counter() - start, memory.sample()
        quality = _quality(image, reference, scale) if parameters.original else {}
        panels.append(Panel(METHODS[name].title, image, seconds, peak, quality))
    last = "original" if parameters.original else "your picture"
    comparison = Comparison([*panels, Panel(last, reference)], missing=len(parameters.methods) - len(panels))
    methods = {
        panel.title: {"seconds": round(panel.seconds or 0, 3), "peak_memory_bytes": panel.memory, **panel.quality}
        for panel in panels
    }
    facts = {"methods": methods, "small": list(small.size), "scale": scale}
    return Outcome(image=comparison.sheet(), facts=facts, explanation=comparison)


def _prepared(image: Image.Image, parameters: SuperResolutionComparison) -> tuple[Image.Image, Image.Image]:
    """The small picture, and what stands beside the results in their size: the original, or the small one's pixels.

    Raises:
        PictureError: the original is too small to be reduced.
    """
    from engine.resize import imresize_bytes

    scale = parameters.scale
    if not parameters.original:
        small = _part(image, parameters, parameters.side, 1)
        size = (scale * small.width, scale * small.height)
        return small, small.resize(size, Image.Resampling.NEAREST)
    if min(image.size) < scale * MINIMUM_SIDE:
        raise PictureError(
            f"An original needs at least {scale * MINIMUM_SIDE} pixels a side, to be reduced by {scale}."
        )
    original = _part(image, parameters, scale * parameters.side, scale)
    size = (original.width // scale, original.height // scale)
    return Image.fromarray(imresize_bytes(numpy.asarray(original), size)), original


def _part(image: Image.Image, parameters: SuperResolutionComparison, longest: int, multiple: int) -> Image.Image:
    """The part of a picture that is compared: no side longer than that, sides that are multiples."""
    width, height = (min(side, longest) // multiple * multiple for side in image.size)
    left = round((image.width - width) * parameters.across / 100)
    top = round((image.height - height) * parameters.down / 100)
    return image.crop((left, top, left + width, top + height))


def _quality(image: Image.Image, original: Image.Image, scale: int) -> dict[str, float]:
    from engine import metrics
    from engine.tensors import to_tensor

    ours, theirs = to_tensor(image), to_tensor(original)
    return {
        "psnr": metrics.psnr(ours, theirs, border=scale),
        "ssim": metrics.ssim(ours, theirs, border=scale),
        "lpips": metrics.lpips(ours, theirs),
    }


def _small(parameters: SuperResolutionComparison, size: tuple[int, int]) -> tuple[int, int]:
    factor = parameters.scale if parameters.original else 1
    return min(size[0] // factor, parameters.side), min(size[1] // factor, parameters.side)


def _costs(parameters: SuperResolutionComparison, small: tuple[int, int]) -> list[float]:
    return [gflop(name, parameters.scale, max(1, small[0] * small[1])) for name in parameters.methods]


def cost(parameters: SuperResolutionComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.registry.Task.cost`."""
    return sum(_costs(parameters, _small(parameters, sizes["image"][0])))


def weights(parameters: SuperResolutionComparison) -> tuple[str, ...]:
    """See :attr:`engine.registry.Task.weights`."""
    chains: list[Any] = [METHODS[name].chain(parameters.scale) for name in parameters.methods]
    used = [upscaler.weights for chain in chains for upscaler in chain]
    return tuple(dict.fromkeys([*used, *([LPIPS_WEIGHTS] if parameters.original else [])]))


SUPER_RESOLUTION_COMPARISON = Task(
    name="super-resolution-comparison",
    title="Bicubic, residual, GAN, original",
    summary="Enlarges a part of a picture by several methods side by side, measured where there is an original.",
    paper="Ledig et al. 2017, figure 2",
    parameters=SuperResolutionComparison,
    inputs=(PictureInput(name="image", label="Picture", help="The small picture, or the original of one."),),
    run=run,
    weights=weights,
    cost=cost,
)
