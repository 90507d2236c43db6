"""Reconstruction: noise becomes a picture again from what one layer, or a set of Gram matrices, remembers of it.

Gatys et al. 2016, figure 1; Mahendran & Vedaldi 2015 for content. Pixels are the trivial case: the squared distance.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from engine.contracts.job import Job, Outcome, Run, Step, Walk
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.imaging.montage import Montage
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


@dataclass(frozen=True)
class _Panel:
    """One picture of the strip."""

    caption: str
    parameters: Reconstruction


def run(pictures: Pictures, parameters: Reconstruction, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.imaging.tensors import to_image

    picture = pictures["picture"][0].image
    if parameters.of == "strip":
        return (yield from _strip(picture, parameters, job))
    found = yield from _reconstruct(picture, parameters, job)
    return Outcome(image=to_image(found.picture), facts=found.facts)


def _reconstruct(image: Image.Image, parameters: Reconstruction, job: Job) -> Generator[Step, None, Synthesis]:
    """One reconstruction from noise."""
    import torch

    from engine.hardware.device import best_device
    from engine.perceptual.network import perceptual_network
    from engine.perceptual.synthesis import coarse_to_fine

    device = best_device()
    network = perceptual_network(parameters.network, device)

    def begin(at: Size) -> torch.Tensor:
        generator = torch.Generator().manual_seed(parameters.seed)
        return (0.5 + 0.15 * torch.randn(1, 3, at[1], at[0], generator=generator)).to(device.torch_device)

    scales = _scales(parameters, image.size)
    optimiser: Literal["adam", "lbfgs"] = "adam" if parameters.of == "pixels" else "lbfgs"  # L-BFGS needs 3 steps there
    return (
        yield from coarse_to_fine(
            scales, begin, lambda at: _energy(network, image, at, parameters), job=job, optimiser=optimiser
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
    grams = {layer: losses.gram_matrix(found) for layer, found in network.targets(target, layers).items()}
    return lambda picture: {
        layer: losses.style_loss(found, grams[layer]) for layer, found in network.features(picture, layers).items()
    }


def _strip(image: Image.Image, parameters: Reconstruction, job: Job) -> Run:
    """Content and style, layer by layer, as in the paper's figure 1."""
    from engine.imaging.tensors import to_image

    panels = _panels(parameters)
    captions = [panel.caption for panel in panels]
    montage = Montage(result_size(image.size, parameters.size), captions, columns=len(STYLE_LAYERS))
    shares = [cost(panel.parameters, {"picture": [image.size]}) for panel in panels]
    facts: dict[str, Any] = {"iterations": 0, "losses_first": {}, "losses_last": {}}
    for index, panel in enumerate(panels):
        if job.stopped and index:
            break
        walk = Walk(_reconstruct(image, panel.parameters, job))
        done, share = sum(shares[:index]) / sum(shares), shares[index] / sum(shares)
        for step in walk:
            # One curve for content, one for style.
            yield montage.step(step.within(done, share, f"{panel.caption}: "), index, panel.parameters.of)
        montage.paste(index, to_image(walk.result.picture))
        facts["iterations"] += walk.result.facts["iterations"]
        for key in ("losses_first", "losses_last"):
            facts[key][panel.caption] = walk.result.facts[key]["total"]
    return Outcome(image=montage.image, facts={**facts, "panels": len(facts["losses_last"])})


def _panels(parameters: Reconstruction) -> list[_Panel]:
    content = [
        _Panel(f"content {layer}", parameters.model_copy(update={"of": "content", "content_layer": layer}))
        for layer in STYLE_LAYERS
    ]
    style = [
        _Panel(f"style ... {last}", parameters.model_copy(update={"of": "style", "style_layers": STYLE_LAYERS[:count]}))
        for count, last in enumerate(STYLE_LAYERS, start=1)
    ]
    return [*content, *style]


def _deepest(parameters: Reconstruction) -> str:
    return parameters.content_layer if parameters.of == "content" else max(parameters.style_layers)


def _scales(parameters: Reconstruction, picture: tuple[int, int]) -> list[Scale]:
    """The pyramid of one reconstruction: large shapes of a texture grow in its coarse scales."""
    from engine.perceptual.synthesis import pyramid

    size = result_size(picture, parameters.size)
    return pyramid(size, parameters.iterations, 3 if parameters.of == "style" else 1, shortest=min(size))


def cost(parameters: Reconstruction, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`; the pixels alone cost next to nothing."""
    from engine.perceptual.synthesis import gflop

    (picture,) = sizes["picture"]
    if parameters.of == "pixels":
        return 1e-7 * sum(scale.work for scale in _scales(parameters, picture))
    runs = [panel.parameters for panel in _panels(parameters)] if parameters.of == "strip" else [parameters]
    return sum(gflop(_scales(each, picture), _deepest(each)) for each in runs)


RECONSTRUCTION = Task(
    name="reconstruction",
    title="Reconstruction",
    summary="Shows what a layer of the network remembers: noise becomes the picture again from its features.",
    paper="Gatys, Ecker & Bethge 2016, figure 1; Mahendran & Vedaldi 2015",
    parameters=Reconstruction,
    inputs=(PictureInput(name="picture", label="Picture", help="The picture to reconstruct."),),
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=cost,
)
