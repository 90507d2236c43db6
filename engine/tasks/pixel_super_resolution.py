"""Pixel recursive super-resolution: several plausible pictures of a few pixels, drawn pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Trial
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.montage import heat_map, side_by_side
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.super_resolution.enlarge import enlarged, gflop
from engine.super_resolution.methods import METHODS
from engine.super_resolution.pixel_part import SCALE, Part, part_of, reduced_part

if TYPE_CHECKING:
    from torch import Tensor

    from engine.nets.pixelcnn import PixelCNN

NET = "pixelcnn-x4"
SHOWN_SIDE = 256
"""Panels are enlarged in blocks to at least this many pixels a side: each drawn pixel can be seen."""
COLUMNS = 4
COMPARED = ("residual", "gan")
"""Methods whose results stand beside the samples."""
SPREAD = 48.0
"""Grey levels of standard deviation between samples that are shown as the brightest."""
PART = ("part", "across", "down")
"""Parameters that say which part of the picture it is."""
DRAWING_SHARE = 0.9
"""Of a run's time."""
PIXEL_GFLOP = 0.16
"""What drawing a pixel takes, as arithmetic of the same time: nearly all of it is the way there (measured)."""
SAMPLE_SHARE = 0.1
"""How much longer each further sample takes, of the first one's time: they are drawn together."""


class PixelSuperResolution(Parameters):
    """Parameters of pixel recursive super-resolution."""

    part: float = option(40.0, low=5, high=100, step=5, label="Part: size")
    """Side of the square that is drawn anew, as a percentage of your picture's shorter side."""
    across: float = option(50.0, low=0, high=100, step=5, label="Part: across")
    """Where the part lies: 0 at the left, 100 at the right."""
    down: float = option(50.0, low=0, high=100, step=5, label="Part: down")
    """Where the part lies: 0 at the top, 100 at the bottom."""
    side: int = option(8, low=8, high=24, step=8, label="Small picture")
    """Pixels a side to which the part is reduced; the result has four times as many, of which each is drawn."""
    samples: int = option(3, low=1, high=8, step=1, label="Samples")
    """How many pictures are drawn: each is another plausible answer."""
    temperature: float = option(0.9, low=0.1, high=1.5, step=0.05, label="Temperature")
    """1 draws as likely as the model finds it; less keeps to what is likelier, more dares more."""
    weight: float = option(2.0, low=0.5, high=10, step=0.5, label="Weight of the small picture", advanced=True)
    """1 multiplies both networks as the paper does; more keeps nearer to the small picture."""
    faithful: bool = option(True, label="Faithful colours", advanced=True)
    """Samples stray from the small picture's colours; back-projection leads them back. Off: as they were drawn."""
    seed: int = option(0, low=0, high=SEED_LIMIT, label="Seed")
    """The same seed draws the same pictures; the samples have this one and those after it."""


HOW = HowItWorks(
    text=Message(
        "Where sixteen pixels became one, many pictures are possible, and their mean is a blur: that is what a "
        "residual network shows. This model draws one of them. A **conditioning network** says which values are "
        "likely from the small picture; a **PixelCNN** says the same from the pixels that are already drawn, above and "
        "to the left. Both are multiplied, a value is drawn, and so on: red, green, blue, pixel by pixel. Every "
        "sample is another answer, so the PSNR is low by nature; where samples differ, the small picture does not say "
        "what was there. *Bits* say how surprising a picture is for the model, for each of its values: 8 would be "
        "no knowledge at all. [Dahl, Norouzi & Shlens 2017](https://arxiv.org/abs/1702.00783), "
        "[Salimans et al. 2017](https://arxiv.org/abs/1701.05517)"
    ),
    inside=Message("the samples beside interpolation, the mean, other methods and the original"),
)
INPUTS = (
    InputSpec(name="image", label=Message("Picture"), help=Message("A picture; a part of it is reduced and drawn.")),
)


def run(inputs: Inputs, parameters: PixelSuperResolution, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    image = inputs["image"][0].image
    part = reduced_part(image, _box(image.size, parameters), parameters.side)
    size = (SCALE * parameters.side, SCALE * parameters.side)
    drawing = StepRun(_drawn(part, parameters, context))
    for step in drawing:
        yield step.within(0, DRAWING_SHARE)
    drawn = drawing.result
    answers = {
        METHODS["bicubic"].title: part.small.resize(size, Image.Resampling.BICUBIC),
        Message("mean of the conditioning network"): drawn.mean,
    }
    share = (1 - DRAWING_SHARE) / len(COMPARED)
    for number, name in enumerate(COMPARED if not context.stopped else ()):
        enlargement = StepRun(enlarged(Raster(numpy.asarray(part.small)), name, SCALE, context.nets, context.job))
        for step in enlargement:
            yield step.within(DRAWING_SHARE + number * share, share)
        answers[METHODS[name].title] = enlargement.result.raster.image()
    samples = {Message("sample {number}", number=number): each for number, each in enumerate(drawn.samples, start=1)}
    panels = [
        Panel(Message("the small picture"), part.small),
        *(_judged(title, picture, part, context) for title, picture in answers.items()),
        *(_judged(title, picture, part, context, stopped=drawn.stopped) for title, picture in samples.items()),
        Panel(Message("where samples differ"), _spread(drawn.samples)),
    ]
    if part.original is not None:
        panels.append(_judged(Message("original"), part.original, part, context))
    shown = [replace(each, image=_in_blocks(each.image, size[0])) for each in panels]
    comparison = Comparison(shown, last=False, columns=COLUMNS, pair=(1, 1 + len(answers)))
    unfinished = Message("the last rows are the mean alone") if drawn.stopped else None
    measured = {str(each.title): _finite(each.quality) for each in panels if each.quality}
    facts = TaskFacts(figures={"quality": measured}, unfinished=unfinished)
    return TaskOutput(image=comparison.sheet(), facts=facts, explanation=comparison)


def _finite(quality: Mapping[str, float]) -> dict[str, float]:
    """Rounded, without the infinite PSNR of a picture that is the original, which JSON does not know."""
    return {name: round(value, 3) for name, value in quality.items() if math.isfinite(value)}


class _Drawn(NamedTuple):
    """What the model has made."""

    samples: Sequence[Image.Image]
    mean: Image.Image
    """What the conditioning network alone expects."""
    stopped: bool
    """Whether the samples end in rows of the mean, because of a stop."""


def _drawn(part: Part, parameters: PixelSuperResolution, context: RunContext) -> Generator[Step, None, _Drawn]:
    from engine.super_resolution.pixel_sampling import Sampler, led_back

    small = _tensor(part.small, context)
    sampler = Sampler(
        _net(context), small, parameters.samples,
        temperature=parameters.temperature, seed=parameters.seed, weight=parameters.weight,
    )  # fmt: skip
    side, done = sampler.values.shape[2], 0
    yield Step(done=0, stage=Message("drawing"), preview=lambda: _in_blocks(part.small, side))
    for row in sampler.rows():
        done = row + 1
        yield Step(
            done=done / side,
            stage=Message("row {row} of {rows}", row=done, rows=side),
            preview=lambda: side_by_side(
                [_in_blocks(each, side) for each in _images((sampler.values + 1) / 2)], SHOWN_SIDE
            ),
        )
        if context.stopped:
            break
    drawn = (sampler.values + 1) / 2
    samples = _images(led_back(drawn, small) if parameters.faithful else drawn)
    return _Drawn(samples, _images((sampler.mean + 1) / 2)[0], done < side)


def _judged(title: Message, picture: Image.Image, part: Part, context: RunContext, *, stopped: bool = False) -> Panel:
    """A picture with its PSNR, where there is an original, and how surprising it is for the model."""
    import torch

    from engine.imaging.metrics import psnr
    from engine.imaging.tensors import to_tensor

    with torch.inference_mode():
        likely = _net(context).log_probabilities(_tensor(part.small, context), _tensor(picture, context))["both"]
    quality = {"bits": -float(likely.mean()) / math.log(2)}
    if part.original is not None and picture is not part.original:
        quality = {"psnr": psnr(to_tensor(picture), to_tensor(part.original)), **quality}
    return Panel(title, picture, quality=quality, stopped=stopped)


def _spread(samples: Sequence[Image.Image]) -> Image.Image:
    """Standard deviation between the samples: dark where all say the same."""
    deviation = numpy.stack([numpy.asarray(each, numpy.float32) for each in samples]).std(0).mean(-1)
    return heat_map(deviation, samples[0].size, SPREAD)


def _in_blocks(picture: Image.Image, side: int) -> Image.Image:
    """A square picture in blocks, as large for every picture of a run whose results have ``side`` pixels."""
    shown = side * -(-SHOWN_SIDE // side)
    return picture.resize((shown, shown), Image.Resampling.NEAREST)


def _images(pictures: Tensor) -> list[Image.Image]:
    """``(B, 3, H, W)`` in [0, 1] as images."""
    from engine.imaging.tensors import to_image

    return [to_image(each[None]) for each in pictures]


def _net(context: RunContext) -> PixelCNN:
    import torch

    from engine.nets.pixelcnn import PixelCNN

    net = context.nets.get(NET, torch.float32)
    assert isinstance(net, PixelCNN)
    return net


def _tensor(image: Image.Image, context: RunContext) -> Tensor:
    from engine.imaging.tensors import to_tensor

    return to_tensor(image, context.device.torch_device)


def _box(size: tuple[int, int], parameters: PixelSuperResolution) -> Box:
    return part_of(size, **parameters.model_dump(include=set(PART)))


def cost(parameters: PixelSuperResolution, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    area = parameters.side**2
    pixels = SCALE**2 * area * (1 + SAMPLE_SHARE * (parameters.samples - 1))
    return PIXEL_GFLOP * pixels + sum(gflop(name, SCALE, (parameters.side, parameters.side)) for name in COMPARED)


PIXEL_SUPER_RESOLUTION = TaskSpec(
    name="pixel-super-resolution",
    title=Message("Pixel by pixel"),
    summary=Message("Draws several plausible pictures of a few pixels, pixel by pixel, with a PixelCNN."),
    paper="Dahl, Norouzi & Shlens 2017; Salimans et al. 2017; van den Oord et al. 2016",
    parameters=PixelSuperResolution,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: (NET, *(entry for name in COMPARED for entry in METHODS[name].weights(SCALE))),
    cost=cost,
    how=HOW,
    examples=(
        Example({"image": "astronaut.jpg"}),
        Example({"image": "cat.jpg"}),
        Example({"image": "young_woman.jpg"}),
    ),
    trial=Trial(parameters={"samples": 1}, fourfold=({"side": 8}, {"side": 16}), tolerance=60),
    bench=tuple(BenchCase(values={"side": side, "samples": samples}) for side, samples in ((8, 1), (8, 4), (16, 4))),
)
