"""Inpainting: what a mask marks is filled by a content network, then textured with the nearest patches of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy

from engine.contracts.context import RunContext
from engine.contracts.errors import MissingInputError
from engine.contracts.job import StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Offer, Trial, destinations
from engine.imaging import masks
from engine.imaging.comparison import Comparison
from engine.imaging.masks import Mask
from engine.imaging.raster import Raster
from engine.imaging.tiles import Box
from engine.tasks.stylisation import Network as PerceptualName

if TYPE_CHECKING:
    from engine.inpainting.fill import Filling

WORKING_PIXELS = 24_000_000
NOTHING_MARKED = Message("Please mark what should go: paint over it, or give a mask.")
FARTHEST = 100
"""In pixels, for growing, shrinking and feathering."""


PIXEL_FLOP = 40_000
"""Cost of putting a pixel of the whole picture together, as floating-point operations of the same time (measured)."""


class Marked(Parameters):
    """Which pixels are to be filled; parameters that every way of filling has."""

    grow: int = option(0, low=-FARTHEST, high=FARTHEST, step=1, label="Grow the mask")
    """Pixels that the mask is made larger by on every side, for a brush that missed the edge; below 0 it shrinks."""
    transparent: bool = option(False, label="Fill what is transparent")
    """Transparent parts of the picture are a mask, too, and become opaque."""
    network: Literal["migan-512-places2", "big-lama"] = option("migan-512-places2", label="Network", advanced=True)
    """Content network: MI-GAN, shipped, or LaMa from the Hugging Face Hub (206 MB), which is larger and slower."""
    iterations: int = option(20, low=1, high=300, step=5, label="Iterations", advanced=True)
    """Steps of the texture refinement at its coarsest scale; finer ones, which begin with detail, take fewer."""
    scales: int = option(3, low=1, high=5, step=1, label="Scales", advanced=True)
    """Sizes at which texture is refined, from coarse to fine; fewer where a hole is small."""
    likeness: float = option(0.3, low=0, high=10, step=0.1, label="Likeness to the network", advanced=True)
    """How much the texture has to keep to what the network filled in, against the nearest patches."""
    rematch: int = option(10, low=1, high=100, step=1, label="Match every", advanced=True)
    """Look for the nearest patches every so many iterations; between them the last ones stay."""
    detail: int = option(1024, low=256, high=2048, step=64, label="Detail", advanced=True)
    """Longest side in pixels of the part around a hole where refinement ends; the rest is interpolated."""
    perceptual: PerceptualName = option("vgg19-normalised", label="Perceptual network", advanced=True)
    """Whose features are compared: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""


class Inpainting(Marked):
    """Parameters of inpainting."""

    method: Literal["auto", "refined", "network", "classical"] = option("auto", label="Method")
    """Network: quick. Refined: with texture from the picture. Auto refines what the network's size made coarse."""
    feather: int = option(2, low=0, high=FARTHEST, step=1, label="Feather")
    """Pixels around the mask over which the filling fades into the picture; beyond them nothing changes at all."""
    metadata: bool = option(True, label="Keep metadata")
    """The photo's EXIF (camera, date, place) goes into the result, too."""
    classical: Literal["telea", "navier-stokes", "biharmonic"] = option(
        "telea", label="Classical method", advanced=True
    )
    """Used by the method classical: fast marching, a flow, or the smoothest surface."""


INPUTS = (
    InputSpec(
        name="image",
        label=Message("Picture"),
        help=Message("The picture to fill; transparency, 16 bits, grey, colour profile and metadata are kept."),
        working_pixels=WORKING_PIXELS,
        raster=True,
    ),
    InputSpec(
        name="mask",
        label=Message("Mask"),
        help=Message(
            "White, or opaque on transparent ground, where the picture is to be filled; of the same proportions."
        ),
        least=0,
        working_pixels=WORKING_PIXELS,
        raster=True,
        extent=masks.extent,
        remark=masks.reading,
    ),
)
"""The inputs of all tasks that fill."""
EXAMPLES = tuple(Example({"image": name}) for name in ("astronaut.jpg", "temple.jpg", "coffee.jpg", "cat.jpg"))


HOW = HowItWorks(
    text=Message(
        "A **content network** has seen millions of scenes and fills the hole with what is likely there, at 512 "
        "pixels. In a larger hole that is too coarse. So the **texture** is refined: the pixels of the hole are "
        "changed until their feature patches are like their nearest patches of the known picture, while a content "
        "loss holds the filling. Below: every stage of your run. "
        "[Yang et al. 2017](https://arxiv.org/abs/1611.09969), "
        "[Sargsyan et al. 2023](https://openaccess.thecvf.com/content/ICCV2023/papers/Sargsyan_MI-GAN_A_Simple_"
        "Baseline_for_Image_Inpainting_on_Mobile_Devices_ICCV_2023_paper.pdf)"
    ),
    inside=Message("the stages: mask, filling, refined"),
)


def raster_given(inputs: Inputs) -> Raster:
    """The picture as its file has it."""
    raster: Raster = inputs["image"][0].as_raster()
    return raster


def mask_given(inputs: Inputs, parameters: Marked) -> Mask:
    """``(H, W)``: the mask's file and what is transparent, grown.

    Raises:
        MissingInputError: there is neither.
        MaskError: nothing or nearly everything is marked, or the mask belongs to another picture.
    """
    raster = raster_given(inputs)
    height, width = raster.values.shape[:2]
    marked = numpy.zeros((height, width), numpy.bool_)
    mask_pictures = inputs.get("mask", ())
    if not mask_pictures and not parameters.transparent:
        raise MissingInputError(NOTHING_MARKED)
    for each in mask_pictures:
        marked |= masks.mask_of(each, (width, height))
    if parameters.transparent and raster.alpha is not None:
        marked |= raster.alpha <= raster.white // 2
    return masks.checked(masks.grown(marked, parameters.grow))


def filling_of(parameters: Marked) -> Filling:
    """The settings of :mod:`engine.inpainting.fill` that the parameters stand for."""
    from engine.inpainting.fill import Filling
    from engine.inpainting.hole_energy import Refinement

    refinement = Refinement(
        iterations=parameters.iterations,
        scales=parameters.scales,
        content=parameters.likeness,
        rematch=parameters.rematch,
        finest=parameters.detail,
        network=parameters.perceptual,
    )
    return Filling(network=parameters.network, refinement=refinement)


def run(inputs: Inputs, parameters: Inpainting, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.imaging.canvas import Canvas
    from engine.inpainting.fill import fill

    mask = mask_given(inputs, parameters)
    canvas = Canvas(raster_given(inputs), opaque=parameters.transparent)
    run = StepRun(fill(canvas, mask, _filling(parameters), context))
    yield from run
    filled = run.result
    raster = canvas.raster if parameters.metadata else replace(canvas.raster, exif=None)
    stages = Comparison(filled.stages, pair=(1, len(filled.stages) - 1))
    figures = {"masked": round(float(mask.mean()), 4), **filled.facts.figures}
    return TaskOutput(
        image=raster.image(),
        raster=raster,
        facts=replace(filled.facts, figures=figures),
        explanation=stages,
        gflop=filled.gflop + _whole_cost(inputs["image"][0].size),
    )


def _filling(parameters: Inpainting) -> Filling:
    return replace(
        filling_of(parameters),
        kind=parameters.method,
        classical=parameters.classical,
        feather=parameters.feather,
    )


def weights_of(parameters: Marked, *, refined: bool) -> tuple[str, ...]:
    """Entries of the catalogue for a network's filling."""
    return (parameters.network, "compact-sr", *([parameters.perceptual] if refined else []))


def _weights(parameters: Inpainting) -> tuple[str, ...]:
    if parameters.method == "classical":
        return ()
    return weights_of(parameters, refined=parameters.method != "network")


def cost(parameters: Inpainting, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`; of several holes, as if they were one with the box around them.

    Raises:
        MissingInputError: nothing is marked.
    """
    size = extents["image"][0].size
    return part_cost(_filling(parameters), box_given(parameters, extents), size) + _whole_cost(size)


def _whole_cost(size: tuple[int, int]) -> float:
    """GFLOP that take as long as putting the whole picture together."""
    return 1e-9 * PIXEL_FLOP * size[0] * size[1]


def box_given(parameters: Marked, extents: Extents) -> Box:
    """One hole in the middle, as large as the box around a mask; the whole picture where its transparency marks it.

    Raises:
        MissingInputError: nothing is marked.
    """
    width, height = extents["image"][0].size
    if not extents.get("mask") and not parameters.transparent:
        raise MissingInputError(NOTHING_MARKED)
    parts = extents["mask"][0].size if extents.get("mask") else (masks.PARTS, masks.PARTS)
    across, down = (
        max(1, min(side, round(side * part / masks.PARTS) + 2 * parameters.grow))
        for side, part in zip((width, height), parts, strict=True)
    )
    return Box((width - across) // 2, (height - down) // 2, (width + across) // 2, (height + down) // 2)


def part_cost(filling: Filling, hole: Box, size: tuple[int, int]) -> float:
    """Arithmetic in GFLOP of filling one hole of a picture of ``size``, width and height."""
    from engine.inpainting.fill import LEAST_SIDE
    from engine.inpainting.holes import crop_around

    crop = crop_around(hole, LEAST_SIDE, size)
    return filling.gflop(hole.within(crop), crop)


INPAINTING = TaskSpec(
    name="inpainting",
    title=Message("Inpainting"),
    summary=Message(
        "Fills what a mask marks by a content network, and large holes with the nearest patches of the picture."
    ),
    paper="Yang et al. 2017, High-resolution image inpainting using multi-scale neural patch synthesis",
    parameters=Inpainting,
    inputs=INPUTS,
    run=run,
    weights=_weights,
    cost=cost,
    result_size=lambda parameters, extents: extents["image"][0].size,
    how=HOW,
    examples=EXAMPLES,
    send_to=destinations("super-resolution", "style-v1", "style-v2", "style-v3"),
    offers=(
        Offer(
            label=Message("Refine the texture"),
            values={"method": "refined"},
            improves=lambda parameters, made: parameters.method == "network",
        ),
    ),
    trial=Trial(
        parameters={"method": "refined", "iterations": 2, "scales": 2},
        fourfold=(
            {"method": "refined", "scales": 1, "iterations": 70},
            {"method": "refined", "scales": 1, "iterations": 300},
        ),
        optional_inputs=("mask",),
    ),
    bench=(
        *(BenchCase(values={"method": name}, inputs=("mask",)) for name in ("classical", "network", "refined")),
        BenchCase(values={"method": "network"}, inputs=("mask",), side=1024),
    ),
)
