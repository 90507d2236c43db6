"""Style V1: descent on the picture with a content and a Gram loss.

Gatys, Ecker & Bethge 2016, "Image style transfer using convolutional neural networks". Where we leave the paper: losses
are relative errors, the descent runs coarse to fine, it starts from the photo in the painting's colours, and a total
variation term calms the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.errors import ParameterError, PictureError
from engine.job import Job, Outcome, Run
from engine.parameters import SEED_LIMIT, Parameters, option
from engine.picture import Picture
from engine.registry import PictureInput, Pictures, Task

if TYPE_CHECKING:
    from torch import Tensor

    from engine.perceptual.evaluation import Energy
    from engine.perceptual.network import PerceptualNetwork

StyleLayer = Literal["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
ContentLayer = Literal["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
Network = Literal["vgg19-normalised", "vgg19-imagenet"]
Weight = Annotated[float, Field(ge=0, le=4)]
STYLE_LAYERS: tuple[StyleLayer, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

SHORTEST_SIDE = 32
"""No side of the result, nor of a style picture at work, may be shorter: relu5_1 needs two features a side."""


class StyleV1(Parameters):
    """Parameters of style V1."""

    size: int = option(256, low=64, high=2048, step=32, label="Size")
    """Longer side of the result in pixels; the time grows with its square."""
    iterations: int = option(150, low=1, high=2000, step=10, label="Iterations")
    """Steps of the descent, all scales together; about 100 decide the look, more refine the strokes."""
    balance: float = option(50.0, low=0, high=100, step=1, label="Photo or painting")
    """0 keeps the photo's scene, 100 gives everything to the painting; logarithmic between."""
    colours: Literal["painting", "photo", "matched"] = option("painting", label="Colours")
    """The painting's; the photo's, by luminance transfer; or matched: the painting first gets the photo's colours."""
    style_scale: float = option(1.5, low=0.25, high=3, step=0.05, label="Stroke size", advanced=True)
    """Size of the painting relative to the result: larger gives larger strokes."""
    style_weights: tuple[Weight, ...] = option((), most=4, per="style", label="Weight", advanced=True)
    """How much each painting counts, in their order; equal when left out."""
    style_layers: tuple[StyleLayer, ...] = option(STYLE_LAYERS, least=1, most=5, label="Style layers", advanced=True)
    """Layers whose Gram matrices are matched: early ones hold colours and fine strokes, late ones large shapes."""
    content_layer: ContentLayer = option("relu4_2", label="Content layer", advanced=True)
    """Layer that keeps the photo's scene: an early one keeps every detail, a late one only the arrangement."""
    start: Literal["recoloured", "content", "blend", "noise"] = option("recoloured", label="Start from", advanced=True)
    """First picture of the descent: the photo in the painting's colours, the photo, half photo half noise, or noise."""
    scales: int = option(3, low=1, high=5, step=1, label="Scales", advanced=True)
    """Sizes of the pyramid from coarse to fine, each twice the last; the coarsest is at least 96 pixels."""
    smoothness: float = option(1.0, low=0, high=10, step=0.1, label="Smoothness", advanced=True)
    """Weight of the total variation: more removes speckle, and in the end the strokes."""
    optimiser: Literal["lbfgs", "adam"] = option("lbfgs", label="Optimiser", advanced=True)
    """L-BFGS as in the paper gives cleaner pictures; Adam needs less memory."""
    network: Network = option("vgg19-normalised", label="Network", advanced=True)
    """Perceptual network: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""
    seed: int = option(0, low=0, high=SEED_LIMIT, step=1, label="Seed", advanced=True)
    """The same seed gives the same picture on the same device."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 192, "iterations": 60},
        "Balanced": {},
        "Fine": {"size": 512, "iterations": 300},
    }


LAYER_PRESETS: Mapping[str, tuple[StyleLayer, ...]] = {
    "All": STYLE_LAYERS,
    "Strokes": STYLE_LAYERS[:3],
    "Shapes": STYLE_LAYERS[2:],
}
"""Sensible choices of style layers."""


def run(pictures: Pictures, parameters: StyleV1, job: Job) -> Run:
    """See :attr:`engine.registry.Task.run`."""
    import torch

    from engine.device import best_device
    from engine.perceptual.colour import match_colours, palette, with_colours_of
    from engine.perceptual.network import perceptual_network
    from engine.perceptual.synthesis import coarse_to_fine, pyramid
    from engine.tensors import Size, resized, to_image

    content, styles = pictures["content"][0], pictures["style"]
    weights = _style_weights(parameters, len(styles))
    size = result_size(content.size, parameters.size)
    device = best_device()
    network = perceptual_network(parameters.network, device)

    @cache
    def content_at(at: Size) -> Tensor:
        return resized(content.image, at, device.torch_device)

    @cache
    def styles_at(at: Size) -> list[Tensor]:
        found = [_style_at(style, max(at) * parameters.style_scale, device.torch_device) for style in styles]
        if parameters.colours != "matched":
            return found
        return [match_colours(style, palette([content_at(at)])) for style in found]

    def begin(at: Size) -> Tensor:
        noise = 0.5 + 0.15 * torch.randn(1, 3, at[1], at[0], generator=torch.Generator().manual_seed(parameters.seed))
        if parameters.start == "noise":
            return noise.to(device.torch_device)
        if parameters.start == "blend":
            return 0.5 * (content_at(at) + noise.to(device.torch_device))
        if parameters.start == "content":
            return content_at(at)
        return match_colours(content_at(at), palette(styles_at(at), weights))

    def energy_at(at: Size) -> Energy:
        return energy_of(network, parameters, content_at(at), styles_at(at), weights)

    def finish(picture: Tensor) -> Tensor:
        if parameters.colours != "photo":
            return picture
        return with_colours_of(picture, content_at((picture.shape[3], picture.shape[2])))

    scales = pyramid(size, parameters.iterations, parameters.scales, shortest=SHORTEST_SIDE)
    found = yield from coarse_to_fine(scales, begin, energy_at, job=job, optimiser=parameters.optimiser, finish=finish)
    return Outcome(image=to_image(found.picture), facts=found.facts)


def energy_of(
    network: PerceptualNetwork, parameters: StyleV1, content: Tensor, styles: Sequence[Tensor], weights: Sequence[float]
) -> Energy:
    """Content, style and smoothness terms; the Gram matrices of several paintings are averaged by their weights."""
    import torch

    from engine.perceptual import losses

    layers = parameters.style_layers
    wanted = {*layers, parameters.content_layer}
    content_target = network.targets(content, [parameters.content_layer])[parameters.content_layer]
    grams: dict[str, Tensor] = {}
    for style, weight in zip(styles, weights, strict=True):
        for layer, features in network.targets(style, layers).items():
            gram = weight * losses.gram_matrix(features).float()
            grams[layer] = grams[layer] + gram if layer in grams else gram
    style_weight = network.weights.style * 10 ** ((parameters.balance - 50) / 40)
    smoothness = network.weights.smoothness * parameters.smoothness

    def energy(picture: Tensor) -> dict[str, Tensor]:
        features = network.features(picture, wanted)
        style = torch.stack([losses.style_loss(features[layer], grams[layer]) for layer in layers]).mean()
        return {
            "content": losses.content_loss(features[parameters.content_layer], content_target),
            "style": style_weight * style,
            "smoothness": smoothness * losses.total_variation(picture),
        }

    return energy


def result_size(content: tuple[int, int], longer: int) -> tuple[int, int]:
    """Size of the result: the content's proportions, ``longer`` on the longer side.

    Raises:
        PictureError: the content is so narrow that the shorter side would be below SHORTEST_SIDE.
    """
    from engine.tensors import fitted

    size = fitted(content, longer)
    if min(size) < SHORTEST_SIDE:
        raise PictureError(
            f"This picture is too narrow for size {longer}: its shorter side would be {min(size)} pixels, "
            f"at least {SHORTEST_SIDE} are needed; crop it or choose a larger size."
        )
    return size


def _style_at(style: Picture, longer: float, device: object) -> Tensor:
    from engine.tensors import fitted, resized

    return resized(style.image, fitted(style.size, round(longer), shortest=SHORTEST_SIDE), device)  # type: ignore[arg-type]


def _style_weights(parameters: StyleV1, count: int) -> list[float]:
    """Weights that add up to 1.

    Raises:
        ParameterError: another number of weights than paintings, or none above 0.
    """
    weights = list(parameters.style_weights) or [1.0] * count
    if len(weights) != count:
        raise ParameterError(f"style_weights has {len(weights)} values for {count} paintings; give one for each.")
    if sum(weights) <= 0:
        raise ParameterError("style_weights: one of them has to be above 0.")
    return [weight / sum(weights) for weight in weights]


def cost(parameters: StyleV1, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.registry.Task.cost`."""
    from engine.perceptual.synthesis import gflop, pyramid

    size = result_size(sizes["content"][0], parameters.size)
    scales = pyramid(size, parameters.iterations, parameters.scales, shortest=SHORTEST_SIDE)
    return gflop(scales, max(*parameters.style_layers, parameters.content_layer))


STYLE_V1 = Task(
    name="style-v1",
    title="Style V1",
    summary="Paints a photo in the manner of a painting, by descent on the picture itself.",
    paper="Gatys, Ecker & Bethge 2016, Image style transfer using convolutional neural networks",
    parameters=StyleV1,
    inputs=(
        PictureInput(name="content", label="Photo", help="The picture to paint."),
        PictureInput(name="style", label="Painting", help="The picture to paint it like; up to four.", most=4),
    ),
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=cost,
)
