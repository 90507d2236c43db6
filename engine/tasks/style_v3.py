"""Style V3: descent on the picture with a content loss and a loss that pulls patches to their nearest ones.

Li & Wand 2016, "Combining Markov random fields and convolutional neural networks for image synthesis" (CNNMRF). Where
we leave the paper: losses are relative errors; the descent starts from the photo in the painting's colours, and a weak
Gram term of the first two layers keeps them, for relu3_1 and relu4_1 know little of colour; every patch of the painting
is searched, without a stride, in less time than a strided search by convolution takes; above 256 pixels the search
goes from coarse to fine, so that its time grows as the pixels do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from engine.contracts.context import RunContext
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
    PORTRAIT,
    SHORTEST_SIDE,
    TRIAL,
    ContentLayer,
    Materials,
    Stylisation,
    check_begin,
    larger,
    result_size,
    style_size,
)

if TYPE_CHECKING:
    from torch import Tensor

    from engine.imaging.tensors import Size
    from engine.perceptual.copies import Copy
    from engine.perceptual.network import PerceptualNetwork
    from engine.perceptual.synthesis import Scale

PatchLayer = Literal["relu2_1", "relu3_1", "relu4_1"]

CONTENT, PATCHES, PALETTE, SMOOTHNESS = 1.4, 2.0, 1.2, 3.0
"""Weights of the terms at balance 50, palette 1 and smoothness 1; by eye on the authors' four pairs."""
PALETTE_LAYERS = ("relu1_1", "relu2_1")
COARSEST_SIDE = 64
"""Longer side of the coarsest scale, where a patch of relu4_1 is a third of the picture."""
RATIO = 1.6
"""Ratio of neighbouring scales. With 2, as in the paper, the first scale of a 256-pixel result is so coarse that the
whole painting is copied there, and the photo's person is gone."""
GRAIN = 0.02
"""Deviation of what is taken for the photo's grain, see :class:`Materials`: the nearest patch of a grain is a speck."""


class StyleV3(Stylisation):
    """Parameters of style V3."""

    style_scale: float = option(1.0, low=0.25, high=3, step=0.05, label="Painting size", advanced=True)
    """Size of the painting relative to the result: parts should be about as large as in the photo."""
    patch_layers: tuple[PatchLayer, ...] = option(
        ("relu3_1", "relu4_1"), least=1, most=3, label="Patch layers", advanced=True
    )
    """Layers whose 3 x 3 patches are matched: late ones hold larger parts; relu2_1 costs ten times as much."""
    content_layer: ContentLayer = option("relu4_2", label="Content layer", advanced=True)
    """Layer that keeps the photo's scene: an early one keeps every detail, a late one only the arrangement."""
    rotations: int = option(0, low=0, high=4, step=1, label="Turned copies", advanced=True)
    """Copies of the painting to search in, too: so many to each side, 7.5 degrees apart."""
    resizings: int = option(0, low=0, high=3, step=1, label="Resized copies", advanced=True)
    """Copies of the painting to search in, too: so many larger and so many smaller, 10 % apart."""
    palette: float = option(1.0, low=0, high=10, step=0.1, label="Palette", advanced=True)
    """Weight of the painting's colours, by Gram matrices of the first two layers; 0 as in the paper."""
    rematch: int = option(1, low=1, high=50, step=1, label="Match every", advanced=True)
    """Look for the nearest patches every so many iterations; between them the last ones stay."""
    stride: int = option(1, low=1, high=3, step=1, label="Stride", advanced=True)
    """Distance of neighbouring patches of the painting in features; 1 searches all of them."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"iterations": 60, "rematch": 3},
        "Balanced": {},
        "Fine": {"size": 512, "iterations": 300},
    }


HOW = HowItWorks(
    text=Message(
        "A Gram matrix knows which answers come together, but not where. Here the features are cut into "
        "**patches** of 3 x 3, and each patch of the result is pulled to the most alike patch of the painting "
        "(normalised correlation). Because a patch is taken as a whole, an eye stays an eye. *Where from* shows "
        "the place of every patch; below you see the same for all layers. "
        "[Li & Wand 2016](https://arxiv.org/abs/1601.04589)"
    ),
    inside=Message("the places of the painting that the patches of the result came from"),
)


class PatchEnergy:
    """Content, patch, palette and smoothness terms at one scale.

    Args:
        network: perceptual network.
        parameters: of the run.
        content: ``(1, 3, H, W)``.
        styles: the paintings, each ``(1, 3, h, w)``, for the palette.
        sources: the copies to take patches from, each ``(1, 3, h, w)``.
    """

    def __init__(
        self,
        network: PerceptualNetwork,
        parameters: StyleV3,
        content: Tensor,
        styles: Sequence[Tensor],
        sources: Sequence[Tensor],
    ) -> None:
        from engine.perceptual.patch_search import PatchSearch
        from engine.perceptual.patches import PatchTerm

        self._network, self._parameters = network, parameters
        layers = sorted(set(parameters.patch_layers))
        features = [network.targets(each, layers) for each in sources]
        self.searches: dict[str, PatchSearch] = {
            layer: PatchSearch([each[layer] for each in features], stride=parameters.stride) for layer in layers
        }
        self._content = network.targets(content, [parameters.content_layer])[parameters.content_layer]
        self._content_weight = _content_weight(parameters)
        equal = [1 / len(styles)] * len(styles)
        self._palette = network.style_targets(styles, equal, PALETTE_LAYERS) if parameters.palette else {}
        self._patches = PatchTerm(self.searches, rematch=parameters.rematch)

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """Named terms at ``(1, 3, H, W)``."""
        import torch

        from engine.perceptual import losses

        parameters = self._parameters
        wanted = {*self.searches, *self._palette}
        if self._content_weight:
            wanted.add(parameters.content_layer)
        patches, palette, terms = [], [], {}
        for layer, features in self._network.each(picture, wanted):
            if layer in self.searches:
                patches.append(self._patches.of(layer, features))
            if layer in self._palette:
                palette.append(losses.style_loss(features, self._palette[layer]))
            if self._content_weight and layer == parameters.content_layer:
                terms["content"] = self._content_weight * losses.content_loss(features, self._content)
        terms["patches"] = PATCHES * torch.stack(patches).mean()
        if palette:
            terms["palette"] = PALETTE * parameters.palette * torch.stack(palette).mean()
        terms["smoothness"] = SMOOTHNESS * parameters.smoothness * losses.total_variation(picture)
        return terms


def _content_weight(parameters: StyleV3) -> float:
    """0 at balance 100: the painting's patches alone, which is texture synthesis."""
    return CONTENT * 10 ** ((50 - parameters.balance) / 40) if parameters.balance < 100 else 0.0


def run(inputs: Inputs, parameters: StyleV3, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.imaging.tensors import resized, to_image
    from engine.perceptual.correspondence import Correspondence, LayerMatches
    from engine.perceptual.network import perceptual_network
    from engine.perceptual.synthesis import coarse_to_fine

    paintings = [picture.image for picture in inputs["style"]]
    size = result_size(inputs["content"][0].size, parameters.size)
    device = context.device.torch_device
    network = perceptual_network(parameters.network, context.nets, in_bytes=context.device.uses_float32)
    materials = Materials(inputs, parameters, [1 / len(paintings)] * len(paintings), device, GRAIN)
    sources = _copies(parameters, len(paintings))
    cuts = [each.cut(paintings[each.number]) for each in sources]
    energies: list[PatchEnergy] = []

    def energy_at(at: Size) -> PatchEnergy:
        sizes = [_copy_size(each, paintings[each.number].size, at, parameters) for each in sources]
        pairs = zip(cuts, sizes, strict=True)
        tensors = [materials.coloured(resized(cut, each, device), at) for cut, each in pairs]
        energies[:] = [PatchEnergy(network, parameters, materials.content(at), materials.styles(at), tensors)]
        return energies[0]

    goes_on = check_begin(inputs["content"][0].size, [each.size for each in inputs.get("begin", ())])
    scales = _scales(parameters, size, goes_on=goes_on)
    synthesis = yield from coarse_to_fine(
        scales, materials.begin, energy_at,
        job=context.job, optimiser=parameters.optimiser, captured=False,
        carry=materials.carried, finish=materials.finish,
    )  # fmt: skip
    image = to_image(synthesis.picture)
    features = network.targets(synthesis.reached, energies[0].searches.keys())
    layers = [
        LayerMatches.of(layer, search.bank, search(features[layer]), sources, paintings)
        for layer, search in energies[0].searches.items()
    ]
    correspondence = Correspondence.of(layers, image, paintings)
    return TaskOutput(image=image, facts=TaskFacts(figures=synthesis.facts), explanation=correspondence)


def _copies(parameters: StyleV3, count: int) -> list[Copy]:
    from engine.perceptual.copies import copies

    return [copy for number in range(count) for copy in copies(number, parameters.rotations, parameters.resizings)]


def _copy_size(copy: Copy, painting: Size, at: Size, parameters: StyleV3) -> Size:
    return copy.size(style_size(painting, at, parameters.style_scale), SHORTEST_SIDE)


def _scales(parameters: StyleV3, size: Size, *, goes_on: bool) -> list[Scale]:
    from engine.perceptual.synthesis import pyramid

    count = 1 if goes_on else parameters.scales
    return pyramid(size, parameters.iterations, count, shortest=SHORTEST_SIDE, coarsest=COARSEST_SIDE, ratio=RATIO)


def cost(parameters: StyleV3, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`: the network and the search."""
    from engine.nets.vgg import features_of
    from engine.perceptual.patch_search import patch_search_gflop
    from engine.perceptual.synthesis import gflop

    photo = extents["content"][0].size
    goes_on = check_begin(photo, extents.get("begin", ()))
    scales = _scales(parameters, result_size(photo, parameters.size), goes_on=goes_on)
    content = [parameters.content_layer] if _content_weight(parameters) else []
    total = gflop(scales, max(*parameters.patch_layers, *content, PALETTE_LAYERS[-1]))
    for scale in scales:
        searches = -(-scale.iterations // parameters.rematch)
        sizes = [
            _copy_size(copy, extents["style"][copy.number].size, scale.size, parameters)
            for copy in _copies(parameters, len(extents["style"]))
        ]
        for layer in set(parameters.patch_layers):
            query, sources = features_of(layer, scale.size), [features_of(layer, size) for size in sizes]
            total += searches * patch_search_gflop(query, sources, stride=parameters.stride)
    return total


STYLE_V3 = TaskSpec(
    name="style-v3",
    title=Message("Style V3"),
    summary=Message("Paints a photo with the nearest patches of a painting, so that parts stay whole."),
    paper="Li & Wand 2016, Combining Markov random fields and convolutional neural networks for image synthesis",
    parameters=StyleV3,
    inputs=(*INPUTS, BEGIN),
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=cost,
    how=HOW,
    examples=(PORTRAIT, *PAIRS[:3]),
    send_to=destinations("super-resolution", "style-v1", "style-v2", "inpainting", "style-v3"),
    offers=(larger(512, iterations=30), larger(1024, iterations=20, least=512)),
    trial=TRIAL,
    bench=(
        BenchCase(values={"size": 256, "iterations": 150}, devices=("cpu",)),
        BenchCase(values={"size": 384, "iterations": 300}, devices=("cuda",)),
        BenchCase(values={"size": 512, "iterations": 300}, devices=("cuda",)),
    ),
)
