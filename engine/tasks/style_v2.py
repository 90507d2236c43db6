"""Style V2: a picture is painted in one pass of a network.

Johnson, Alahi & Fei-Fei 2016 for the network and its training on V1's energy; Dumoulin, Shlens & Kudlur 2017 for many
styles in one network; Ghiasi et al. 2017 or Huang & Belongie 2017 for any painting without training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.contracts.context import RunContext
from engine.contracts.errors import MaskError, ParameterError
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Listing, Message, Text
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Offer, Trial, destinations
from engine.feedforward_style import style_card
from engine.feedforward_style.styles import (
    ANY_STYLE,
    DECODER,
    ENCODER,
    HUB,
    MAGENTA,
    MAGENTA_NETWORK,
    NETWORK,
    NOTHING,
    TITLES,
    HubName,
    MagentaName,
    ShippedName,
)
from engine.imaging.masks import feathered, mask_of, reading

if TYPE_CHECKING:
    from torch import Tensor

    from engine.feedforward_style.painters import Painter
    from engine.imaging.tensors import Size
    from engine.model_store.loaded_nets import LoadedNets

Weight = Annotated[float, Field(ge=0, le=4)]

PIXELS = 24_000_000
"""Most pixels of a photo; larger photos are reduced when they are opened."""
LONGEST = 6144
SHORTEST_SIDE = 16
PAINTING_SIDE = 512
"""Longer side of a painting that AdaIN looks at, as in its paper."""
LARGE = 2048
"""Longer side that is offered on a smaller result."""
SMALLER_SIDE = 768
"""Longer side that is painted when a stop leaves no time for the whole."""

INPUTS = (
    InputSpec(name="content", label=Message("Photo"), help=Message("The picture to paint."), working_pixels=PIXELS),
    InputSpec(
        name="style", label=Message("Any painting"), least=0,
        help=Message("A painting, or the card of a style that was taught; it counts instead of the style's name."),
    ),
    InputSpec(
        name="mask", label=Message("Where"), least=0, working_pixels=PIXELS, raster=True, remark=reading,
        help=Message("White (or opaque) where the style goes; everywhere when left out."),
    ),
)  # fmt: skip


class OnePass(Parameters):
    """Parameters of what is painted in one pass: photos and videos."""

    style_name: Literal[ShippedName, MagentaName, HubName] = option("starry-night", label="Style")
    """Our own ten, Magenta's 26, or the paper's networks from the Hugging Face Hub (7 MB each)."""
    size: int = option(1024, low=0, high=LONGEST, step=32, label="Size")
    """Longer side of the result in pixels, 0 for the photo's own; strokes keep theirs, so a larger one looks finer."""
    strength: float = option(1.0, low=0, high=1, step=0.05, label="Strength")
    """How much of the painted picture is laid over the photo."""
    colours: Literal["painting", "photo"] = option("painting", label="Colours")
    """The painting's, or the photo's, by luminance transfer."""
    blend: dict[ShippedName, Weight] = option({}, label="Blend", advanced=True)
    """Further styles of our own, and how much each counts against 1 for the chosen one."""
    feather: int = option(8, low=0, high=200, step=1, label="Feather", advanced=True)
    """Pixels over which the style fades out around the marked region."""

    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {"style_name": TITLES}

    @property
    def by_moments(self) -> bool:
        """Whether any painting is painted like by AdaIN, not by the quick network that keeps outlines."""
        return False

    @property
    def second(self) -> Mapping[str, float]:
        """A second style of Magenta's and its share; none where a style stands alone."""
        return {}


class StyleV2(OnePass):
    """Parameters of style V2."""

    any_painting: Literal["outlines", "moments"] = option("outlines", label="Any painting by", advanced=True)
    """Outlines: Magenta's network, quick, keeps faces and windows; moments: AdaIN, nearer to the painting's colours."""
    mixed_with: Literal["nothing", MagentaName] = option("nothing", label="Mixed with", advanced=True)
    """A second one of Magenta's 26 styles, where the chosen one is of them, too."""
    mix: float = option(0.5, low=0, high=1, step=0.05, label="Share of the second style", advanced=True)
    """0 is the chosen style alone, 1 the second one alone."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 512},
        "Balanced": {},
        "Large": {"size": LARGE},
    }
    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {**OnePass.titles, "mixed_with": TITLES}
    earlier: ClassVar[Mapping[str, Any]] = {"any_painting": "moments", "mixed_with": NOTHING, "mix": 0.5}

    @property
    def by_moments(self) -> bool:
        """See :attr:`OnePass.by_moments`."""
        return self.any_painting == "moments"

    @property
    def second(self) -> Mapping[str, float]:
        """See :attr:`OnePass.second`."""
        return {} if self.mixed_with == NOTHING else {self.mixed_with: self.mix}


HOW = HowItWorks(
    text=Message(
        "The descent of V1 takes hundreds of steps for each picture. Here a **network was trained** on thousands of "
        "photos to do all of them at once: its loss was V1's energy. It makes the picture four times smaller, works on "
        "it in twelve layers, and makes it large again. A style is not a network of its own, but the scales and shifts "
        "of the normalisations. Below: how strongly each place of your photo is answered on its way. With *any "
        "painting*, a second network looks at it and sets these scales and shifts; or the features of your photo get "
        "the mean and the spread of the painting's, and a decoder makes a picture of them. "
        "[Johnson, Alahi & Fei-Fei 2016](https://arxiv.org/abs/1603.08155), "
        "[Dumoulin et al. 2017](https://arxiv.org/abs/1610.07629), "
        "[Ghiasi et al. 2017](https://arxiv.org/abs/1705.06830), "
        "[Huang & Belongie 2017](https://arxiv.org/abs/1703.06868)"
    ),
    inside=Message("your photo on its way through the network"),
)


def run(inputs: Inputs, parameters: StyleV2, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.feedforward_style.activations import activation_plates
    from engine.feedforward_style.painters import smaller
    from engine.imaging.tensors import resized, to_image

    photo = inputs["content"][0]
    size = result_size(photo.size, parameters.size)
    cover = cover_of(inputs, parameters, size)  # a mask that is refused is refused before the work
    painter = painter_of(inputs, parameters, context.nets)
    content = resized(photo.image, size, context.device.torch_device)
    run = StepRun(painter.paint(content, context.job))
    for step in run:
        yield replace(step, done=0.95 * step.done)
    painted, facts = run.result, TaskFacts()
    done = painter.gflop_per_pixel * size[0] * size[1]
    if painted is None:
        painted = smaller(painter, content, SMALLER_SIDE)
        unfinished = Message("stopped: painted {pixels} pixels long and enlarged", pixels=SMALLER_SIDE)
        facts = TaskFacts(unfinished=unfinished)
        done = 1e-6 * content.numel()  # hardly anything
    image = to_image(finished(painted, content, parameters, cover))
    yield Step(done=1, stage=Message("painted"), preview=image.copy)
    plates = activation_plates(painter, content) if context.explains else None
    return TaskOutput(image=image, facts=facts, gflop=done, weights=_used(inputs, parameters), explanation=plates)


def painter_of(inputs: Inputs, parameters: OnePass, nets: LoadedNets) -> Painter:
    """The painter that pictures and parameters ask for.

    Raises:
        ParameterError: a blend of styles that do not live in one network.
    """
    from engine.feedforward_style import painters
    from engine.imaging.tensors import fitted, resized

    paintings = inputs.get("style") or ()
    further: dict[str, float] = {name: weight for name, weight in parameters.blend.items() if weight > 0}
    second = parameters.second
    if paintings:
        style = style_card.read(paintings[0].recipe)
        if style is not None and not second:
            return painters.taught(style, further, nets)
        if further or second:
            raise ParameterError(
                Message("A painting cannot be mixed with Magenta's styles, nor blended unless it was taught.")
            )
        size = fitted(paintings[0].size, PAINTING_SIDE, shortest=SHORTEST_SIDE)
        like = painters.like_moments if parameters.by_moments else painters.like_painting
        return like(resized(paintings[0].image, size, nets.device.torch_device), nets)
    name: str = parameters.style_name
    if second and name not in MAGENTA:
        raise ParameterError(
            Message("{style} is none of Magenta's styles: nothing is mixed with it.", style=TITLES[name])
        )
    if name in HUB or name in MAGENTA:
        if further:
            raise ParameterError(
                Message("{style} has a network of its own; only the ten styles of our own can be blended.", style=name)
            )
        return painters.single_style(name, nets) if name in HUB else painters.trained(_mixture(name, second), nets)
    return painters.trained({**further, name: 1.0 + further.get(name, 0.0)}, nets)


def _mixture(name: str, second: Mapping[str, float]) -> dict[str, float]:
    """Shares of Magenta's styles; the second one may be the first one again."""
    shares = {name: 1 - sum(second.values())}
    for other, share in second.items():
        shares[other] = shares.get(other, 0.0) + share
    return shares


def finished(painted: Tensor, content: Tensor, parameters: OnePass, cover: Any = None) -> Tensor:
    """Colours, strength and region, ``(B, 3, H, W)``; the painted picture may be written to."""
    import torch

    from engine.perceptual.colour import with_colours_of

    painted = painted.clamp_(0, 1)
    if parameters.colours == "photo":
        painted = with_colours_of(painted, content)
    if cover is None and parameters.strength == 1:
        return painted
    share = torch.tensor(parameters.strength, device=painted.device)
    if cover is not None:
        share = share * torch.from_numpy(cover).to(painted.device)
    return torch.lerp(content, painted, share.to(painted.dtype))


def cover_of(inputs: Inputs, parameters: OnePass, size: Size) -> Any:
    """How much of the style each pixel gets, ``(H, W)``, or None for all of it everywhere.

    Raises:
        MaskError: nothing is marked, or the mask belongs to another picture.
    """
    mask_pictures = inputs.get("mask") or ()
    if not mask_pictures:
        return None
    mask = mask_of(mask_pictures[0], size)
    if not mask.any():
        raise MaskError(Message("The mask is empty; please paint over what the style is for, or leave it out."))
    return feathered(mask, parameters.feather)


def result_size(photo: Size, longer: int) -> Size:
    """Size of the result: the photo's proportions."""
    from engine.imaging.tensors import fitted

    return fitted(photo, longer, shortest=SHORTEST_SIDE) if longer else photo


def _used(inputs: Inputs, parameters: OnePass) -> tuple[str, ...]:
    """Catalogue entries that painted."""
    paintings = inputs.get("style") or ()
    if paintings:
        return (NETWORK,) if style_card.read(paintings[0].recipe) else _any_painting(parameters)
    return weights(parameters)[:1]


def _any_painting(parameters: OnePass) -> tuple[str, ...]:
    """Catalogue entries for a painting that was not taught."""
    return (ENCODER, DECODER) if parameters.by_moments else ANY_STYLE


def weights(parameters: OnePass) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.TaskSpec.weights`; those for any painting are shipped and small."""
    name: str = parameters.style_name
    own = HUB[name][0] if name in HUB else MAGENTA_NETWORK if name in MAGENTA else NETWORK
    return (own, *_any_painting(parameters))


def choice(parameters: OnePass, extents: Extents) -> Text:
    """See :attr:`engine.contracts.task.TaskSpec.choice`: a painting counts instead of a name, a blend beside it."""
    name: str = parameters.style_name
    first: Text = Message("your painting") if extents.get("style") else TITLES[name]
    further = [
        Message("{style} ({weight})", style=TITLES[name], weight=f"{weight:g}")
        for name, weight in (*parameters.blend.items(), *parameters.second.items())
        if weight > 0
    ]
    return Message("Painted like {styles}.", styles=Listing([first, *further]) if further else first)


def cost(parameters: OnePass, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    from engine.nets import transform
    from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel

    width, height = result_size(extents["content"][0].size, parameters.size)
    if extents.get("style") and parameters.by_moments:
        return 2 * width * height * vgg_gflop_per_pixel("relu4_1")  # the decoder mirrors the encoder
    if extents.get("style"):
        form = transform.ANY_STYLE_WIDTHS, transform.ANY_STYLE_BLOCKS
    elif parameters.style_name in HUB:
        form = transform.CLASSICAL_WIDTHS, transform.CLASSICAL_BLOCKS
    else:
        form = transform.MAGENTA_WIDTHS if parameters.style_name in MAGENTA else transform.WIDTHS, transform.BLOCKS
    return width * height * transform.work_per_pixel(transform.stages(*form))


STYLE_V2 = TaskSpec(
    name="style-v2",
    title=Message("Style V2"),
    summary=Message("Paints a photo in one pass of a trained network, or like any painting."),
    paper="Johnson, Alahi & Fei-Fei 2016, Perceptual losses for real-time style transfer and super-resolution",
    parameters=StyleV2,
    inputs=INPUTS,
    run=run,
    choice=choice,
    weights=weights,
    cost=cost,
    how=HOW,
    examples=tuple(Example({"content": name}) for name in ("temple.jpg", "cat.jpg", "astronaut.jpg", "coffee.jpg")),
    send_to=destinations("super-resolution", "style-v1", "style-v3", "inpainting", "style-v2"),
    offers=(
        Offer(
            label=Message("Paint at {pixels} pixels", pixels=LARGE),
            values={"size": LARGE},
            improves=lambda parameters, made: max(made) < LARGE,
        ),
    ),
    trial=Trial(parameters={"size": 96}, fourfold=({"size": 512}, {"size": 1024}), optional_inputs=("mask",)),
    bench=(BenchCase(values={"size": 0}), BenchCase(values={"size": 0}, side=1024)),
)
