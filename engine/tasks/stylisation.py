"""Shared by the two style descents, V1 and V3: parameters, pictures at every scale, the picture to start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from engine.contracts.errors import PictureSizeError
from engine.contracts.messages import Message
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Inputs, InputSpec
from engine.contracts.task_parts import Example, Offer, Trial

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.imaging.tensors import Size

StyleLayer = Literal["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
ContentLayer = Literal["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
Network = Literal["vgg19-normalised", "vgg19-imagenet"]
STYLE_LAYERS: tuple[StyleLayer, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

SHORTEST_SIDE = 32
"""No side of the result, nor of a style picture at work, may be shorter: relu5_1 needs two features a side."""

LONGEST_PAINTING = 2048
"""Longest side in pixels of a painting at work: its features would take more memory than the result's."""

INPUTS = (
    InputSpec(name="content", label=Message("Photo"), help=Message("The picture to paint.")),
    InputSpec(
        name="style",
        label=Message("Painting"),
        help=Message("The picture to paint it like; up to four."),
        most=4,
        further=Message("More paintings"),
    ),
)
"""The pictures of all tasks that paint by descent."""
BEGIN = InputSpec(
    name="begin", label=Message("Result to go on from"), least=0, later=True,
    help=Message("A result of the same photo: the descent begins with it, at one scale, such as a larger one."),
)  # fmt: skip
"""The picture that a larger result begins with."""
GRAIN_WINDOW = 5
"""Side in pixels of the square in which the strength of detail is measured."""
APART = 0.05
"""How far, relatively, its proportions may be from the photo's: sides are whole numbers."""

PAIRS = (
    Example({"content": "palace.jpg", "style": "paintings/starry_night.jpg"}, Message("The Starry Night")),
    Example({"content": "mountain.jpg", "style": "paintings/wheat_field.jpg"}, Message("Wheat Field with Cypresses")),
    Example({"content": "astronaut.jpg", "style": "paintings/self_portrait.jpg"}, Message("Self-Portrait")),
    Example({"content": "fruits.jpg", "style": "paintings/apples.jpg"}, Message("Still Life with Apples")),
)
"""Photographs with paintings that suit them."""
PORTRAIT = Example({"content": "astronaut_head.jpg", "style": "moltedo_head.jpg"}, Message("Portrait"))
"""What patches do best: both pictures show alike things."""
TRIAL = Trial(
    parameters={"size": 64, "iterations": 4},
    fourfold=({"size": 64, "iterations": 4}, {"size": 64, "iterations": 16}),
)
"""How tests run a descent."""


class Stylisation(Parameters):
    """Parameters that both methods have."""

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
    start: Literal["recoloured", "content", "blend", "noise"] = option("recoloured", label="Start from", advanced=True)
    """First picture of the descent: the photo in the painting's colours, the photo, half photo half noise, or noise."""
    scales: int = option(3, low=1, high=5, step=1, label="Scales", advanced=True)
    """Sizes of the pyramid from coarse to fine; fewer where the coarsest would be too small."""
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


class Materials:
    """The photo and the paintings of one run at every scale, as tensors ``(1, 3, H, W)`` in [0, 1].

    Args:
        inputs: ``content`` and ``style``.
        parameters: of the run.
        weights: how much each painting counts for the palette; they add up to 1.
        device: where the tensors live.
        grain: deviation, in [0, 1], of what is taken for the photo's grain: detail that is about as weak, and no edge,
            is not carried to a larger size.
    """

    def __init__(
        self, inputs: Inputs, parameters: Stylisation, weights: Sequence[float], device: torch.device, grain: float = 0
    ) -> None:
        self._photo, self._paintings, self._begin = inputs["content"][0], inputs["style"], inputs.get("begin")
        self._parameters = parameters
        self._weights = weights
        self._device = device
        self._grain = grain
        self._tensors: dict[tuple[str, Size], list[Tensor]] = {}

    def content(self, at: Size) -> Tensor:
        """The photo."""
        from engine.imaging.tensors import resized

        if ("content", at) not in self._tensors:
            self._tensors["content", at] = [resized(self._photo.image, at, self._device)]
        return self._tensors["content", at][0]

    def styles(self, at: Size) -> list[Tensor]:
        """The paintings, each in the size that serves a result of size ``at``, in the colours that are wanted."""
        from engine.imaging.tensors import resized

        if ("styles", at) not in self._tensors:
            sizes = [style_size(painting.size, at, self._parameters.style_scale) for painting in self._paintings]
            pairs = zip(self._paintings, sizes, strict=True)
            tensors = [resized(painting.image, size, self._device) for painting, size in pairs]
            self._tensors["styles", at] = [self.coloured(each, at) for each in tensors]
        return self._tensors["styles", at]

    def coloured(self, painting: Tensor, at: Size) -> Tensor:
        """A painting, or a part of one, in the photo's colours where they are to be matched."""
        from engine.perceptual.colour import match_colours, palette

        if self._parameters.colours != "matched":
            return painting
        return match_colours(painting, palette([self.content(at)]))

    def begin(self, at: Size) -> Tensor:
        """The picture that the descent starts from."""
        from engine.imaging.tensors import resized, to_tensor

        if not self._begin:
            return self._start(at)
        image = self._begin[0].image
        if max(image.size) < max(at):
            return self.carried(to_tensor(image, self._device), at)
        return resized(image, at, self._device)

    def carried(self, picture: Tensor, at: Size) -> Tensor:
        """What a descent has made of the photo, ``(1, 3, h, w)``, at a larger size: with the photo's own detail there.

        What is only enlarged is blurred, and each edge of the photo would have to be found again.
        """
        from engine.imaging.tensors import enlarged

        if self._parameters.start not in ("recoloured", "content"):
            return enlarged(picture, at)
        detail = self._start(at) - enlarged(self._start((picture.shape[3], picture.shape[2])), at)
        return enlarged(picture, at) + (without_grain(detail, self._grain) if self._grain else detail)

    def _start(self, at: Size) -> Tensor:
        """The first picture of the descent, were it made at a size."""
        import torch

        from engine.perceptual.colour import match_colours, palette

        start, seed = self._parameters.start, self._parameters.seed
        if start == "content":
            return self.content(at)
        if start == "recoloured":
            return match_colours(self.content(at), palette(self.styles(at), self._weights))
        noise = 0.5 + 0.15 * torch.randn(1, 3, at[1], at[0], generator=torch.Generator().manual_seed(seed))
        noise = noise.to(self._device)
        return noise if start == "noise" else 0.5 * (self.content(at) + noise)

    def finish(self, picture: Tensor) -> Tensor:
        """The picture as it is shown: in the photo's colours where those are to be kept."""
        from engine.perceptual.colour import with_colours_of

        if self._parameters.colours != "photo":
            return picture
        return with_colours_of(picture, self.content((picture.shape[3], picture.shape[2])))


def without_grain(detail: Tensor, grain: float) -> Tensor:
    """Detail ``(1, 3, H, W)`` that keeps what is strong around a place and loses what is weak, as Wiener's filter does.

    Args:
        detail: differences to a blurred picture, of a mean near 0.
        grain: deviation at which half of the energy is taken for grain.
    """
    from torch.nn import functional

    side = GRAIN_WINDOW
    energy = functional.avg_pool2d(
        detail.square().mean(1, keepdim=True), side, stride=1, padding=side // 2, count_include_pad=False
    )
    return detail * (energy / (energy + grain**2))


def style_size(painting: Size, at: Size, style_scale: float) -> Size:
    """Size of a painting that serves a result of size ``at``."""
    from engine.imaging.tensors import fitted

    return fitted(painting, round(min(max(at) * style_scale, LONGEST_PAINTING)), shortest=SHORTEST_SIDE)


def check_begin(content: tuple[int, int], extents: Sequence[tuple[int, ...]]) -> bool:
    """Whether there is a result to go on from.

    Args:
        content: width and height of the photo.
        extents: width and height, first of all, of the result; none.

    Raises:
        PictureSizeError: it is of another photo, for its proportions are others.
    """
    if not extents:
        return False
    if abs(extents[0][0] / extents[0][1] * content[1] / content[0] - 1) > APART:
        raise PictureSizeError(
            Message("The result to go on from has other proportions than the photo; please give one made of it.")
        )
    return True


def larger(size: int, *, iterations: int, least: int = 0) -> Offer:
    """The offer to finish a result at a larger size: a few iterations that begin with it.

    Args:
        size: longer side in pixels.
        iterations: how many.
        least: longer side of results that are large enough to begin with.
    """
    return Offer(
        label=Message("Finish at {pixels} pixels", pixels=size),
        values={"size": size, "iterations": iterations},
        improves=lambda parameters, made: least <= max(made) < size,
        begin=BEGIN.name,
    )


def result_size(content: tuple[int, int], longer: int) -> tuple[int, int]:
    """Size of the result: the content's proportions, ``longer`` on the longer side.

    Raises:
        PictureSizeError: the content is so narrow that the shorter side would be below SHORTEST_SIDE.
    """
    from engine.imaging.tensors import fitted

    size = fitted(content, longer)
    if min(size) < SHORTEST_SIDE:
        raise PictureSizeError(
            Message(
                "This picture is too narrow for size {size}: its shorter side would be {shorter} pixels, at least "
                "{minimum} are needed; crop it or choose a larger size.",
                size=longer,
                shorter=min(size),
                minimum=SHORTEST_SIDE,
            )
        )
    return size
