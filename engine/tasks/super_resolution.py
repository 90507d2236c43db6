"""Super-resolution: one picture, enlarged by one method, whatever its size, depth and transparency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Offer, Trial, destinations
from engine.imaging.comparison import difference
from engine.imaging.montage import Plates
from engine.super_resolution.advice import remark
from engine.super_resolution.enlarge import enlarged, gflop, result_size
from engine.super_resolution.methods import LARGEST, METHODS, TITLES

MethodName = Literal[
    "bicubic", "residual", "gan", "compact", "edsr", "rrdb", "esrgan", "real-esrgan", "drawing", "drawing-fast"
]

WORKING_PIXELS = 24_000_000
EXPLAINED = 320
"""Longest side in pixels of the part of a result that is shown beside its interpolation."""


EXAMPLES = tuple(Example({"image": name}) for name in ("cat.jpg", "astronaut.jpg", "temple.jpg", "street.jpg"))


class SuperResolution(Parameters):
    """Parameters of super-resolution."""

    method: MethodName = option("residual", label="Method")
    """Faithful ones are true to the original; sharp ones invent detail; real photos have noise and blocks, which go."""
    scale: float = option(4.0, low=1, high=LARGEST, step=0.5, label="Scale")
    """How much longer every side becomes; networks know fixed scales, the rest is resized exactly."""
    faithful: bool = option(True, label="Faithful colours")
    """A GAN's colours stray; one step of back-projection leads them back to your picture's. Off: the network's own."""
    metadata: bool = option(True, label="Keep metadata")
    """The photo's EXIF (camera, date, place) goes into the result, too."""
    tile: int = option(0, low=0, high=1024, step=32, label="Tile", advanced=True)
    """Side of the pieces in pixels of your picture; smaller ones need less memory; 0 chooses for this device."""
    ensemble: bool = option(False, label="Eight looks", advanced=True)
    """The network looks at the picture turned and mirrored in eight ways: a little truer, eight times as long."""

    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {"method": TITLES}
    earlier: ClassVar[Mapping[str, Any]] = {"ensemble": False}


HOW = HowItWorks(
    text=Message(
        "Interpolation makes a picture larger and adds nothing. A **residual network** only learns what has to be "
        "added to it: the difference. Trained on the squared error it plays safe and stays smooth; trained against "
        "a critic that tells real pictures from enlarged ones (a **GAN**) it dares to invent texture. Below: the "
        "middle of your picture interpolated, what was added, and the sum. "
        "[Ledig et al. 2017](https://arxiv.org/abs/1609.04802), "
        "[Kim, Lee & Lee 2016](https://arxiv.org/abs/1511.04587)"
    ),
    inside=Message("the middle of your picture: interpolated, what was added, and the result"),
)


INPUTS = (
    InputSpec(
        name="image",
        label=Message("Picture"),
        help=Message("The picture to enlarge; transparency, 16 bits, grey, colour profile and metadata are kept."),
        working_pixels=WORKING_PIXELS,
        raster=True,
        remark=remark,
    ),
)


def run(inputs: Inputs, parameters: SuperResolution, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    small = inputs["image"][0].as_raster()
    method, scale = parameters.method, parameters.scale
    options = parameters.model_dump(include={"tile", "faithful", "ensemble"})
    steps = enlarged(small, method, scale, context.nets, context.job, **options)
    run = StepRun(steps)
    yield from run
    large = run.result
    raster = large.raster if parameters.metadata else replace(large.raster, exif=None)
    image = raster.image()
    facts = TaskFacts(figures={"tile": large.tile, "scale": scale}, unfinished=large.unfinished)
    return TaskOutput(image=image, raster=raster, facts=facts, explanation=_added(small.image(), image))


def _added(small: Image.Image, large: Image.Image) -> Plates:
    """The picture's middle: interpolated, what the method adds to that (4 times as strong), and the result."""
    width, height = (min(EXPLAINED, side) for side in large.size)
    left, top = (large.width - width) // 2, (large.height - height) // 2
    across, down = small.width / large.width, small.height / large.height
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    plain = small.resize((width, height), Image.Resampling.BICUBIC, box=box)
    result = large.crop((left, top, left + width, top + height))
    added = difference(result, plain)
    plates = (
        (Message("interpolated"), plain),
        (Message("what was added, 4 times as strong"), added),
        (Message("result"), result),
    )
    return Plates(plates, len(plates))


def cost(parameters: SuperResolution, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    size = extents["image"][0].size
    result_size(size, parameters.scale)
    return gflop(parameters.method, parameters.scale, size, parameters.tile, ensemble=parameters.ensemble)


SUPER_RESOLUTION = TaskSpec(
    name="super-resolution",
    title=Message("Super-resolution"),
    summary=Message("Enlarges a picture up to eight times: by interpolation, by a residual network, or by a GAN."),
    paper="Ledig et al. 2017; Kim, Lee & Lee 2016; Lim et al. 2017; Wang et al. 2018, 2021",
    parameters=SuperResolution,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: METHODS[parameters.method].weights(parameters.scale),
    cost=cost,
    result_size=lambda parameters, extents: result_size(extents["image"][0].size, parameters.scale),
    how=HOW,
    examples=EXAMPLES,
    send_to=destinations("style-v1", "style-v2", "style-v3", "inpainting", "super-resolution"),
    offers=(
        Offer(
            label=Message("A little truer, by eight looks"),
            values={"ensemble": True},
            improves=lambda parameters, made: parameters.method != "bicubic" and not parameters.ensemble,
        ),
    ),
    trial=Trial(
        parameters={"scale": 2},
        fourfold=({"method": "bicubic", "scale": 2}, {"method": "bicubic", "scale": 4}),
    ),
    bench=(
        *(BenchCase(values={"method": name, "scale": 4}, side=256) for name in METHODS),
        BenchCase(values={"method": "compact", "scale": 2}, side=1024),
    ),
)
