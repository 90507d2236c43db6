"""Bicubic | residual | GAN | original: the comparison of the super-resolution papers (Ledig et al. 2017, figure 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy
from PIL import Image

from engine.contracts.errors import PictureError
from engine.contracts.job import Job, Outcome, Run, Walk
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.picture import MINIMUM_SIDE
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.model_store.catalogue import LPIPS
from engine.super_resolution.methods import METHODS
from engine.tasks.super_resolution import MethodName, enlarged, gflop


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
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.hardware.device import measured

    small, reference = _prepared(pictures["image"][0].image, parameters)
    scale = parameters.scale
    panels: list[Panel] = []
    shares = _costs(parameters, small.width * small.height)
    names = tuple(dict.fromkeys(parameters.methods))
    for index, name in enumerate(names):
        if job.stopped and index:
            break
        walk = Walk(measured(enlarged(Raster(numpy.asarray(small)), name, scale, job, faithful=parameters.faithful)))
        for step in walk:
            yield step.within(sum(shares[:index]) / sum(shares), shares[index] / sum(shares))
        found = walk.result
        image, stopped = found.result.raster.image(), "unfinished" in found.result.facts
        quality = _quality(image, reference, scale) if parameters.original and not job.stopped else {}
        panels.append(Panel(METHODS[name].title, image, found.seconds, found.memory, quality, stopped))
    last = "original" if parameters.original else "your picture"
    comparison = Comparison(
        [*panels, Panel(last, reference)], missing=[METHODS[name].title for name in names[len(panels) :]]
    )
    facts = {"methods": {panel.title: panel.facts for panel in panels}, "small": list(small.size), "scale": scale}
    return Outcome(image=comparison.sheet(), facts=facts, explanation=comparison)


def _prepared(image: Image.Image, parameters: SuperResolutionComparison) -> tuple[Image.Image, Image.Image]:
    """The small picture, and what stands beside the results in their size: the original, or the small one's pixels.

    Raises:
        PictureError: the original is too small to be reduced.
    """
    from engine.imaging.resize import imresize_bytes

    scale = parameters.scale
    box = _box(image.size, parameters)
    part = image.crop((box.left, box.top, box.right, box.bottom))
    if not parameters.original:
        small = part
        size = (scale * small.width, scale * small.height)
        return small, small.resize(size, Image.Resampling.NEAREST)
    if min(image.size) < scale * MINIMUM_SIDE:
        raise PictureError(
            f"An original needs at least {scale * MINIMUM_SIDE} pixels a side, to be reduced by {scale}."
        )
    size = (part.width // scale, part.height // scale)
    return Image.fromarray(imresize_bytes(numpy.asarray(part), size)), part


def part_of(size: tuple[int, int], *, scale: int, original: bool, side: int, across: float, down: float) -> Box:
    """The part of a picture of ``size`` (width, height) that is compared; of an original, sides are multiples."""
    multiple = scale if original else 1
    width, height = (min(length, multiple * side) // multiple * multiple for length in size)
    left, top = round((size[0] - width) * across / 100), round((size[1] - height) * down / 100)
    return Box(left, top, left + width, top + height)


def _quality(image: Image.Image, original: Image.Image, scale: int) -> dict[str, float]:
    from engine.imaging import metrics
    from engine.imaging.tensors import to_tensor

    return metrics.quality(to_tensor(image), to_tensor(original), border=scale)


def _box(size: tuple[int, int], parameters: SuperResolutionComparison) -> Box:
    return part_of(size, **parameters.model_dump(include={"scale", "original", "side", "across", "down"}))


def _costs(parameters: SuperResolutionComparison, area: int) -> list[float]:
    return [gflop(name, parameters.scale, max(1, area)) for name in parameters.methods]


def cost(parameters: SuperResolutionComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    area = _box(sizes["image"][0], parameters).area
    return sum(_costs(parameters, area // parameters.scale**2 if parameters.original else area))


def weights(parameters: SuperResolutionComparison) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.Task.weights`."""
    used = [entry for name in parameters.methods for entry in METHODS[name].weights(parameters.scale)]
    return tuple(dict.fromkeys([*used, LPIPS] if parameters.original else used))


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
