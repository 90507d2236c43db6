"""Style V1: descent on the picture with a content and a style loss.

Gatys, Ecker & Bethge 2016, "Image style transfer using convolutional neural networks". Where we leave the paper: losses
are relative errors, the style is mean and covariance of a layer (Li, Wang, Liu & Hou 2017, "Demystifying neural style
transfer") unless its Gram matrix is asked for, early layers help to keep the content, the descent runs coarse to
fine and begins with the photo in the painting's colours, a total variation term calms the pixels, and a little of the
photo shows through at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.contracts.context import RunContext
from engine.contracts.errors import ParameterError
from engine.contracts.facts import TaskFacts
from engine.contracts.job import TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import option
from engine.contracts.task import Extents, Inputs, TaskSpec
from engine.contracts.task_parts import BenchCase, HowItWorks, destinations
from engine.tasks.stylisation import (
    BEGIN,
    INPUTS,
    PAIRS,
    SHORTEST_SIDE,
    STYLE_LAYERS,
    TRIAL,
    ContentLayer,
    Materials,
    StyleLayer,
    Stylisation,
    check_begin,
    larger,
    result_size,
)

if TYPE_CHECKING:
    from torch import Tensor

    from engine.imaging.tensors import Size
    from engine.perceptual.energy import Energy
    from engine.perceptual.network import PerceptualNetwork
    from engine.perceptual.synthesis import Scale

Weight = Annotated[float, Field(ge=0, le=4)]


class StyleV1(Stylisation):
    """Parameters of style V1."""

    style_weights: tuple[Weight, ...] = option((), most=4, per="style", label="Weight", advanced=True)
    """How much each painting counts, in their order; equal when left out."""
    style_layers: tuple[StyleLayer, ...] = option(STYLE_LAYERS, least=1, most=5, label="Style layers", advanced=True)
    """Layers whose Gram matrices are matched: early ones hold colours and fine strokes, late ones large shapes."""
    content_layer: ContentLayer = option("relu4_2", label="Content layer", advanced=True)
    """Layer that keeps the photo's scene: an early one keeps every detail, a late one only the arrangement."""
    detail: float = option(1.5, low=0, high=4, step=0.1, label="Detail", advanced=True)
    """How much each of two early layers counts beside the content layer: they keep edges, eyes; 0 as in the paper."""
    statistics: Literal["moments", "gram"] = option("moments", label="Statistics", advanced=True)
    """What is matched: mean and covariance of each layer (whole strokes), or its Gram matrix as in the paper."""
    pooling: Literal["max", "average"] = option("max", label="Pooling", advanced=True)
    """Max as the network was trained (crisp strokes), or average as in the paper (a lattice in calm areas)."""
    schedule: Literal["falling", "equal"] = option("falling", label="Iterations per scale", advanced=True)
    """Fewer at finer scales, which cost most and change least; or the same number at each."""
    balance: float = option(54.0, low=0, high=100, step=1, label="Photo or painting")
    """0 keeps the photo's scene, 100 gives everything to the painting; logarithmic between."""
    size: int = option(512, low=64, high=2048, step=32, label="Size")
    """Longer side of the result in pixels; the time grows with its square."""
    iterations: int = option(250, low=1, high=2000, step=10, label="Iterations")
    """Steps of the descent, all scales together; about 100 decide the look, more refine the strokes."""
    smoothness: float = option(0.6, low=0, high=10, step=0.1, label="Smoothness", advanced=True)
    """Weight of the total variation: more removes speckle, and in the end the strokes."""
    show_through: float = option(0.04, low=0, high=0.5, step=0.01, label="Photo shows through")
    """Share of the photo that is laid over the result at the end, as under thin paint; 0 as in the paper."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 256, "iterations": 70},
        "Balanced": {},
        "Fine": {"size": 1024, "iterations": 300, "scales": 4},
    }
    earlier: ClassVar[Mapping[str, Any]] = {
        "detail": 0.0, "show_through": 0.0, "statistics": "gram", "pooling": "average", "schedule": "equal",
    }  # fmt: skip


LAYER_PRESETS: Mapping[str, tuple[StyleLayer, ...]] = {
    "All": STYLE_LAYERS,
    "Strokes": STYLE_LAYERS[:3],
    "Shapes": STYLE_LAYERS[2:],
}
"""Sensible choices of style layers."""


HOW = HowItWorks(
    text=Message(
        "A network that was trained to name things answers to edges in its first layers and to objects in its "
        "last. The **content** of your photo is what a late layer answers, and where. The **style** of a painting "
        "is which answers come *together*, anywhere: the Gram matrix of a layer, one number for every pair of its "
        "channels, or, as here by default, their means and covariances apart. The pixels are changed step by step "
        "(L-BFGS) until both fit. Below: the strongest channels of each layer's Gram matrix. The result's "
        "matrices begin as the photo's and end as the painting's; the per cent say how far each still is. "
        "[Gatys, Ecker & Bethge 2016](https://arxiv.org/abs/1508.06576), "
        "[Li et al. 2017](https://arxiv.org/abs/1701.01036)"
    ),
    inside=Message("Gram matrices of your photo, the painting and the result, layer by layer"),
)


def run(inputs: Inputs, parameters: StyleV1, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.imaging.tensors import fitted, to_image
    from engine.perceptual.gram_view import LONGEST, gram_plates
    from engine.perceptual.network import perceptual_network
    from engine.perceptual.synthesis import coarse_to_fine

    weights = _style_weights(parameters, len(inputs["style"]))
    photo = inputs["content"][0].size
    size = result_size(photo, parameters.size)
    goes_on = check_begin(photo, [each.size for each in inputs.get("begin", ())])
    network = perceptual_network(parameters.network, context.nets, parameters.pooling, in_bytes=True)
    materials = Materials(inputs, parameters, weights, context.device.torch_device)

    def energy_at(at: Size) -> Energy:
        return energy_of(network, parameters, materials.content(at), materials.styles(at), weights)

    def finish(picture: Tensor) -> Tensor:
        painted = materials.finish(picture).clamp(0, 1)
        photo = materials.content((picture.shape[3], picture.shape[2]))
        return painted + parameters.show_through * (photo - painted)

    scales = _scales(size, parameters, goes_on=goes_on)
    synthesis = yield from coarse_to_fine(
        scales, materials.begin, energy_at,
        job=context.job, optimiser=parameters.optimiser, carry=materials.carried, finish=finish,
    )  # fmt: skip
    plates = None
    if context.explains:
        at = fitted(size, min(LONGEST, max(size)), shortest=SHORTEST_SIDE)
        grams = network.style_targets(materials.styles(at), weights, parameters.style_layers)
        plates = gram_plates(network, parameters.style_layers, materials.content(at), grams, synthesis.picture)
    facts = TaskFacts(figures=synthesis.facts)
    return TaskOutput(image=to_image(synthesis.picture), facts=facts, explanation=plates)


def _scales(size: Size, parameters: StyleV1, *, goes_on: bool) -> list[Scale]:
    """The sizes of the descent; one for a result that is gone on from."""
    from engine.perceptual.synthesis import pyramid

    count = 1 if goes_on else parameters.scales
    return pyramid(size, parameters.iterations, count, shortest=SHORTEST_SIDE, schedule=parameters.schedule)


def energy_of(
    network: PerceptualNetwork, parameters: StyleV1, content: Tensor, styles: Sequence[Tensor], weights: Sequence[float]
) -> Energy:
    """Content, style and smoothness terms; the statistics of several paintings are averaged by their weights."""
    from engine.perceptual.gatys import GatysEnergy

    gatys = GatysEnergy(
        network, parameters.content_layer, parameters.style_layers, parameters.balance, parameters.smoothness,
        parameters.statistics, parameters.detail,
    )  # fmt: skip
    content_target, style_targets = gatys.content_target(content), gatys.style_targets(styles, weights)
    return lambda picture: gatys.terms(picture, content_target, style_targets)


def _style_weights(parameters: StyleV1, count: int) -> list[float]:
    """Weights that add up to 1.

    Raises:
        ParameterError: another number of weights than paintings, or none above 0.
    """
    weights = list(parameters.style_weights) or [1.0] * count
    if len(weights) != count:
        raise ParameterError(
            Message(
                "{parameter} has {values} values for {paintings} paintings; give one for each.",
                parameter="style_weights",
                values=len(weights),
                paintings=count,
            )
        )
    if sum(weights) <= 0:
        raise ParameterError(Message("{parameter}: one of them has to be above 0.", parameter="style_weights"))
    return [weight / sum(weights) for weight in weights]


def cost(parameters: StyleV1, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    from engine.perceptual.synthesis import gflop

    size = result_size(extents["content"][0].size, parameters.size)
    goes_on = check_begin(extents["content"][0].size, extents.get("begin", ()))
    scales = _scales(size, parameters, goes_on=goes_on)
    return gflop(scales, max(*parameters.style_layers, parameters.content_layer))


STYLE_V1 = TaskSpec(
    name="style-v1",
    title=Message("Style V1"),
    summary=Message("Paints a photo in the manner of a painting, by descent on the picture itself."),
    paper="Gatys, Ecker & Bethge 2016, Image style transfer using convolutional neural networks",
    parameters=StyleV1,
    inputs=(*INPUTS, BEGIN),
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=cost,
    how=HOW,
    examples=PAIRS,
    send_to=destinations("super-resolution", "style-v2", "style-v3", "inpainting", "style-v1"),
    offers=(larger(1024, iterations=20), larger(2048, iterations=12)),
    trial=TRIAL,
    bench=(
        BenchCase(values={"size": 256}, devices=("cpu",)),
        BenchCase(devices=("cpu",)),
        BenchCase(values={"size": 512, "iterations": 500}, devices=("cuda",)),
        BenchCase(values={"size": 512, "iterations": 500, "scales": 1}, devices=("cuda",)),
        BenchCase(values={"size": 1024, "iterations": 500}, side=1024, devices=("cuda",)),
    ),
)
