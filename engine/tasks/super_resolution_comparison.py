"""Bicubic | residual | GAN | original: the comparison of the super-resolution papers (Ledig et al. 2017, figure 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.errors import PictureSizeError
from engine.contracts.facts import TaskFacts
from engine.contracts.job import TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import HowItWorks, Trial
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.door import MINIMUM_SIDE
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.model_store.catalogue import LPIPS
from engine.runtime.compare import Measured, Variant, compared
from engine.super_resolution.enlarge import Enlarged, enlarged, gflop
from engine.super_resolution.methods import METHODS, TITLES
from engine.tasks.super_resolution import EXAMPLES, MethodName


class SuperResolutionComparison(Parameters):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("bicubic", "residual", "gan"), least=1, most=len(METHODS), label="Methods"
    )
    """What is compared, in this order; EDSR, RRDB and ESRGAN are downloaded from the Hub first."""
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
    ensemble: bool = option(False, label="Eight looks", advanced=True)
    """The networks look at the picture turned and mirrored in eight ways: a little truer, eight times as long."""

    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {"methods": TITLES}
    earlier: ClassVar[Mapping[str, Any]] = {"ensemble": False}


HOW = HowItWorks(
    text=Message(
        "With the original at hand, quality can be measured: **PSNR** counts squared errors, **SSIM** compares "
        "structure, **LPIPS** compares what a network sees. A GAN has a lower PSNR on purpose: invented detail is "
        "never at the right place to the pixel. [Ledig et al. 2017](https://arxiv.org/abs/1609.04802), "
        "[Zhang et al. 2018](https://arxiv.org/abs/1801.03924)"
    ),
    inside=Message("all methods with time, memory and quality"),
)


INPUTS = (
    InputSpec(name="image", label=Message("Picture"), help=Message("The small picture, or the original of one.")),
)


def run(inputs: Inputs, parameters: SuperResolutionComparison, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    small, reference = _prepared(inputs["image"][0].image, parameters)
    names = tuple(dict.fromkeys(parameters.methods))
    works = _costs(parameters, small.size)
    panels: list[Panel] = []

    def take(index: int, measured: Measured[Enlarged]) -> None:
        image, stopped = measured.result.raster.image(), measured.result.unfinished is not None
        judged = parameters.original and not context.stopped
        quality = _quality(image, reference, parameters.scale, context) if judged else {}
        method = METHODS[names[index]]
        costs = measured.seconds, measured.memory_bytes
        panels.append(Panel(method.title, image, *costs, quality, stopped, name=method.name))

    variants = [_variant(name, work, small, parameters, context) for name, work in zip(names, works, strict=True)]
    missing = yield from compared(variants, context, take, named=False)
    last = Message("original") if parameters.original else Message("your picture")
    comparison = Comparison([*panels, Panel(last, reference)], missing=missing)
    figures = {"small": list(small.size), "scale": parameters.scale}
    facts = TaskFacts(methods=[panel.facts for panel in panels], figures=figures)
    return TaskOutput(image=comparison.sheet(), facts=facts, explanation=comparison)


def _variant(
    name: MethodName, work: float, small: Image.Image, parameters: SuperResolutionComparison, context: RunContext
) -> Variant[Enlarged]:
    raster, options = Raster(numpy.asarray(small)), parameters.model_dump(include={"faithful", "ensemble"})
    return Variant(
        METHODS[name].title,
        work,
        lambda: enlarged(raster, name, parameters.scale, context.nets, context.job, **options),
    )


def _prepared(image: Image.Image, parameters: SuperResolutionComparison) -> tuple[Image.Image, Image.Image]:
    """The small picture, and what stands beside the results in their size: the original, or the small one's pixels.

    Raises:
        PictureSizeError: the original is too small to be reduced.
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
        raise PictureSizeError(
            Message(
                "An original needs at least {minimum} pixels a side, to be reduced by {scale}.",
                minimum=scale * MINIMUM_SIDE,
                scale=scale,
            )
        )
    size = (part.width // scale, part.height // scale)
    return Image.fromarray(imresize_bytes(numpy.asarray(part), size)), part


def part_of(size: tuple[int, int], *, scale: int, original: bool, side: int, across: float, down: float) -> Box:
    """The part of a picture of ``size`` (width, height) that is compared; of an original, sides are multiples."""
    multiple = scale if original else 1
    width, height = (min(length, multiple * side) // multiple * multiple for length in size)
    left, top = round((size[0] - width) * across / 100), round((size[1] - height) * down / 100)
    return Box(left, top, left + width, top + height)


def _quality(image: Image.Image, original: Image.Image, scale: int, context: RunContext) -> dict[str, float]:
    from engine.imaging.tensors import to_tensor
    from engine.perceptual.quality import quality

    return quality(to_tensor(image), to_tensor(original), context.nets, border=scale)


def _box(size: tuple[int, int], parameters: SuperResolutionComparison) -> Box:
    return part_of(size, **parameters.model_dump(include={"scale", "original", "side", "across", "down"}))


def _costs(parameters: SuperResolutionComparison, size: tuple[int, int]) -> list[float]:
    names, ensemble = dict.fromkeys(parameters.methods), parameters.ensemble
    return [gflop(name, parameters.scale, size, ensemble=ensemble) for name in names]


def cost(parameters: SuperResolutionComparison, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    box = _box(extents["image"][0].size, parameters)
    reduced = parameters.scale if parameters.original else 1
    return sum(_costs(parameters, (max(1, box.width // reduced), max(1, box.height // reduced))))


def weights(parameters: SuperResolutionComparison) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.TaskSpec.weights`."""
    used = [entry for name in parameters.methods for entry in METHODS[name].weights(parameters.scale)]
    return tuple(dict.fromkeys([*used, LPIPS] if parameters.original else used))


SUPER_RESOLUTION_COMPARISON = TaskSpec(
    name="super-resolution-comparison",
    title=Message("Bicubic, residual, GAN, original"),
    summary=Message(
        "Enlarges a part of a picture by several methods side by side, measured where there is an original."
    ),
    paper="Ledig et al. 2017, figure 2",
    parameters=SuperResolutionComparison,
    inputs=INPUTS,
    run=run,
    weights=weights,
    cost=cost,
    how=HOW,
    examples=EXAMPLES,
    trial=Trial(parameters={"side": 32}, fourfold=({"side": 32}, {"side": 64})),
)
