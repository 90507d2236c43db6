"""Reconstruction: noise becomes a picture again from what one layer, or a set of Gram matrices, remembers of it.

Gatys et al. 2016, figure 1; Mahendran & Vedaldi 2015 for content. Pixels are the trivial case: the squared distance.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Extent, Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Trial
from engine.imaging.montage import Montage
from engine.runtime.compare import Measured, Variant, compared
from engine.tasks.stylisation import STYLE_LAYERS, ContentLayer, Network, StyleLayer, result_size

if TYPE_CHECKING:
    from engine.imaging.tensors import Size
    from engine.perceptual.energy import Energy
    from engine.perceptual.network import PerceptualNetwork
    from engine.perceptual.synthesis import Scale, Synthesis

SMOOTHNESS = 2.0
"""Weight of the total variation for content: Mahendran & Vedaldi's regulariser; without it late layers give speckle."""


class Reconstruction(Parameters):
    """Parameters of a reconstruction."""

    of: Literal["pixels", "content", "style", "strip"] = option("content", label="Reconstruct")
    """The pixels themselves, one layer's content, a set of layers' style, or the strip: both, layer by layer."""
    content_layer: ContentLayer = option("relu4_2", label="Content layer")
    """Layer whose features are reproduced, for content."""
    style_layers: tuple[StyleLayer, ...] = option(STYLE_LAYERS, least=1, most=5, label="Style layers")
    """Layers whose Gram matrices are reproduced, for style."""
    size: int = option(128, low=64, high=1024, step=32, label="Size")
    """Longer side of the result (of each panel of the strip) in pixels."""
    iterations: int = option(60, low=1, high=1000, step=10, label="Iterations")
    """Steps of the descent (for each panel of the strip)."""
    network: Network = option("vgg19-normalised", label="Network", advanced=True)
    """Perceptual network: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""
    seed: int = option(0, low=0, high=SEED_LIMIT, step=1, label="Seed", advanced=True)
    """Seed of the noise: the same one gives the same picture on the same device."""


HOW = HowItWorks(
    text=Message(
        "Noise is changed until the network's answers in one layer are those to your picture. What comes back is "
        "what that layer knows: early layers know every pixel, late ones only what is where, Gram matrices only "
        "the texture. [Gatys, Ecker & Bethge 2016, figure 1](https://arxiv.org/abs/1508.06576), "
        "[Mahendran & Vedaldi 2015](https://arxiv.org/abs/1412.0035)"
    ),
    inside=Message("the reconstructions"),
)


INPUTS = (InputSpec(name="picture", label=Message("Picture"), help=Message("The picture to reconstruct.")),)


def run(inputs: Inputs, parameters: Reconstruction, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.imaging.tensors import to_image

    picture = inputs["picture"][0].image
    if parameters.of == "strip":
        return (yield from _strip(picture, parameters, context))
    synthesis = yield from _reconstruct(picture, parameters, context)
    return TaskOutput(image=to_image(synthesis.picture), facts=TaskFacts(figures=synthesis.facts))


def _reconstruct(
    image: Image.Image, parameters: Reconstruction, context: RunContext
) -> Generator[Step, None, Synthesis]:
    """One reconstruction from noise."""
    import torch

    from engine.perceptual.network import perceptual_network
    from engine.perceptual.synthesis import coarse_to_fine

    network = perceptual_network(parameters.network, context.nets)

    def begin(at: Size) -> torch.Tensor:
        generator = torch.Generator().manual_seed(parameters.seed)
        noise = torch.randn(1, 3, at[1], at[0], generator=generator)
        return (0.5 + 0.15 * noise).to(context.device.torch_device)

    scales = _scales(parameters, image.size)
    optimiser: Literal["adam", "lbfgs"] = "adam" if parameters.of == "pixels" else "lbfgs"  # L-BFGS needs 3 steps there
    return (
        yield from coarse_to_fine(
            scales, begin, lambda at: _energy(network, image, at, parameters), job=context.job, optimiser=optimiser
        )
    )


def _energy(network: PerceptualNetwork, image: Image.Image, at: Size, parameters: Reconstruction) -> Energy:
    from engine.imaging.tensors import resized
    from engine.perceptual import losses

    target = resized(image, at, network.device.torch_device)
    if parameters.of == "pixels":
        return lambda picture: {"pixels": losses.pixel_loss(picture, target)}
    if parameters.of == "content":
        layer = parameters.content_layer
        features = network.targets(target, [layer])[layer]
        return lambda picture: {
            "content": losses.content_loss(network.features(picture, [layer])[layer], features),
            "smoothness": SMOOTHNESS * losses.total_variation(picture),
        }
    layers = parameters.style_layers
    grams = {layer: losses.gram_matrix(features) for layer, features in network.targets(target, layers).items()}
    return lambda picture: {
        layer: losses.style_loss(features, grams[layer])
        for layer, features in network.features(picture, layers).items()
    }


def _strip(image: Image.Image, parameters: Reconstruction, context: RunContext) -> TaskRun:
    """Content and style, layer by layer, as in the paper's figure 1."""
    from engine.imaging.tensors import to_image

    parts = _parts(parameters)
    montage = Montage(result_size(image.size, parameters.size), [*parts], columns=len(STYLE_LAYERS))
    figures: dict[str, Any] = {"iterations": 0, "losses_first": {}, "losses_last": {}}

    def take(index: int, measured: Measured[Synthesis]) -> None:
        caption, facts = list(parts)[index], measured.result.facts
        montage.paste(index, to_image(measured.result.picture))
        figures["iterations"] += facts["iterations"]
        for key in ("losses_first", "losses_last"):
            figures[key][caption] = facts[key]["total"]

    variants = [
        _variant(index, caption, image, part, context, montage) for index, (caption, part) in enumerate(parts.items())
    ]
    yield from compared(variants, context, take)
    facts = TaskFacts(figures={**figures, "panels": len(figures["losses_last"])})
    return TaskOutput(image=montage.image, facts=facts)


def _variant(
    index: int, caption: str, image: Image.Image, part: Reconstruction, context: RunContext, montage: Montage
) -> Variant[Synthesis]:
    """A panel of the strip; there is one curve for content, one for style."""
    return Variant(
        Message("{panel}", panel=caption),
        cost(part, {"picture": [Extent(*image.size)]}),
        lambda: _reconstruct(image, part, context),
        lambda step: montage.step(step, index, part.of),
    )


def _parts(parameters: Reconstruction) -> dict[str, Reconstruction]:
    """Caption -> what each panel of the strip reconstructs."""
    content = {
        f"content {layer}": parameters.model_copy(update={"of": "content", "content_layer": layer})
        for layer in STYLE_LAYERS
    }
    style = {
        f"style ... {last}": parameters.model_copy(update={"of": "style", "style_layers": STYLE_LAYERS[:count]})
        for count, last in enumerate(STYLE_LAYERS, start=1)
    }
    return {**content, **style}


def _deepest(parameters: Reconstruction) -> str:
    return parameters.content_layer if parameters.of == "content" else max(parameters.style_layers)


def _scales(parameters: Reconstruction, picture: tuple[int, int]) -> list[Scale]:
    """The pyramid of one reconstruction: large shapes of a texture grow in its coarse scales."""
    from engine.perceptual.synthesis import pyramid

    size = result_size(picture, parameters.size)
    return pyramid(size, parameters.iterations, 3 if parameters.of == "style" else 1, shortest=min(size))


def cost(parameters: Reconstruction, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`; the pixels alone cost next to nothing."""
    from engine.perceptual.synthesis import gflop

    picture = extents["picture"][0].size
    if parameters.of == "pixels":
        return 1e-7 * sum(scale.work for scale in _scales(parameters, picture))
    runs = [*_parts(parameters).values()] if parameters.of == "strip" else [parameters]
    return sum(gflop(_scales(each, picture), _deepest(each)) for each in runs)


RECONSTRUCTION = TaskSpec(
    name="reconstruction",
    title=Message("Reconstruction"),
    summary=Message("Shows what a layer of the network remembers: noise becomes the picture again from its features."),
    paper="Gatys, Ecker & Bethge 2016, figure 1; Mahendran & Vedaldi 2015",
    parameters=Reconstruction,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=cost,
    how=HOW,
    examples=tuple(
        Example({"picture": name})
        for name in ("cat.jpg", "temple.jpg", "paintings/starry_night.jpg", "paintings/irises.jpg")
    ),
    trial=Trial(
        parameters={"size": 64, "iterations": 3},
        fourfold=({"size": 64, "iterations": 3}, {"size": 64, "iterations": 12}),
        explained=False,
    ),
    bench=(BenchCase(values={"of": "content"}), BenchCase(values={"of": "style"})),
)
