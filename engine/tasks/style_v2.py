"""Style V2: a picture is painted in one pass of a network.

Johnson, Alahi & Fei-Fei 2016 for the network and its training on V1's energy; Dumoulin, Shlens & Kudlur 2017 for many
styles in one network; Huang & Belongie 2017 for any painting without training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.job import Job, Outcome, Run, Step, Walk
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.feedforward_style import style_card as learnt
from engine.feedforward_style.styles import DECODER, ENCODER, HUB, NETWORK, HubName, ShippedName
from engine.imaging.masks import feathered, mask_of

if TYPE_CHECKING:
    from torch import Tensor

    from engine.feedforward_style.painters import Painter
    from engine.hardware.device import Device
    from engine.imaging.tensors import Size

Weight = Annotated[float, Field(ge=0, le=4)]

PIXELS = 24_000_000
"""Of a photo; larger ones are reduced at the door."""
LONGEST = 6144
SHORTEST_SIDE = 16
PAINTING_SIDE = 512
"""Longer side of a painting that AdaIN looks at, as in its paper."""
SMALLER_SIDE = 768
"""Longer side that is painted when a stop leaves no time for the whole."""

INPUTS = (
    PictureInput(name="content", label="Photo", help="The picture to paint.", working_pixels=PIXELS),
    PictureInput(
        name="style", label="Any painting", least=0,
        help="A painting, or the card of a style that was taught; it counts instead of the style's name.",
    ),
    PictureInput(
        name="mask", label="Where", least=0, working_pixels=PIXELS, raster=True,
        help="White (or opaque) where the style goes; everywhere when left out.",
    ),
)  # fmt: skip


class StyleV2(Parameters):
    """Parameters of style V2."""

    style_name: Literal[ShippedName, HubName] = option("starry-night", label="Style")
    """Our own ten, trained together; or the paper's networks from the Hugging Face Hub (7 MB each)."""
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

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 512},
        "Balanced": {},
        "Large": {"size": 2048},
    }


def run(pictures: Pictures, parameters: StyleV2, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.feedforward_style.activations import inside
    from engine.feedforward_style.painters import smaller
    from engine.hardware.device import best_device
    from engine.imaging.tensors import resized, to_image

    photo = pictures["content"][0]
    size = result_size(photo.size, parameters.size)
    device = best_device()
    cover = cover_of(pictures, parameters, size)  # a mask that is refused is refused before the work
    painter = painter_of(pictures, parameters, device)
    content = resized(photo.image, size, device.torch_device)
    walk = Walk(painter.paint(content, job))
    for step in walk:
        yield Step(done=0.95 * step.done, stage=step.stage)
    made, facts = walk.result, {}
    done = painter.gflop_per_pixel * size[0] * size[1]
    if made is None:
        made = smaller(painter, content, SMALLER_SIDE)
        facts["unfinished"] = f"stopped: painted {SMALLER_SIDE} pixels long and enlarged"
        done = 1e-6 * content.numel()  # hardly anything
    made = finished(made, content, parameters, cover)
    image = to_image(made)
    yield Step(done=1, stage="painted", preview=image.copy)
    plates = inside(painter, content) if job.explains else None
    return Outcome(image=image, facts=facts, gflop=done, weights=_used(pictures, parameters), explanation=plates)


def painter_of(pictures: Pictures, parameters: StyleV2, device: Device) -> Painter:
    """The painter that pictures and parameters ask for.

    Raises:
        ParameterError: a blend of styles that do not live in one network.
    """
    from engine.feedforward_style import painters
    from engine.imaging.tensors import fitted, resized

    given = pictures.get("style") or ()
    further: dict[str, float] = {name: weight for name, weight in parameters.blend.items() if weight > 0}
    if given:
        style = learnt.read(given[0].recipe)
        if style is not None:
            return painters.taught(style, further, device)
        if further:
            raise ParameterError("A painting that was not taught cannot be blended; please set the blend to nothing.")
        size = fitted(given[0].size, PAINTING_SIDE, shortest=SHORTEST_SIDE)
        return painters.like_painting(resized(given[0].image, size, device.torch_device), device)
    name: str = parameters.style_name
    if name in HUB:
        if further:
            raise ParameterError(f"{name} has a network of its own; only our own styles can be blended.")
        return painters.classical(name, device)
    return painters.trained({**further, name: 1.0 + further.get(name, 0.0)}, device)


def finished(made: Tensor, content: Tensor, parameters: StyleV2, cover: Any = None) -> Tensor:
    """Colours, strength and region, ``(B, 3, H, W)``; the painted picture may be written to."""
    import torch

    from engine.perceptual.colour import with_colours_of

    made = made.clamp_(0, 1)
    if parameters.colours == "photo":
        made = with_colours_of(made, content)
    if cover is None and parameters.strength == 1:
        return made
    share = torch.tensor(parameters.strength, device=made.device)
    if cover is not None:
        share = share * torch.from_numpy(cover).to(made.device)
    return torch.lerp(content, made, share.to(made.dtype))


def cover_of(pictures: Pictures, parameters: StyleV2, size: Size) -> Any:
    """How much of the style each pixel gets, ``(H, W)``, or None for all of it everywhere.

    Raises:
        PictureError: nothing is marked, or the mask belongs to another picture.
    """
    given = pictures.get("mask") or ()
    if not given:
        return None
    mask = mask_of(given[0], size)
    if not mask.any():
        raise PictureError("The mask is empty; please paint over what the style is for, or leave it out.")
    return feathered(mask, parameters.feather)


def result_size(photo: Size, longer: int) -> Size:
    """Size of the result: the photo's proportions."""
    from engine.imaging.tensors import fitted

    return fitted(photo, longer, shortest=SHORTEST_SIDE) if longer else photo


def _used(pictures: Pictures, parameters: StyleV2) -> tuple[str, ...]:
    """Catalogue entries that painted."""
    given = pictures.get("style") or ()
    if given:
        return (NETWORK,) if learnt.read(given[0].recipe) else (ENCODER, DECODER)
    return weights(parameters)[:1]


def weights(parameters: StyleV2) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.Task.weights`; those for any painting are shipped and small."""
    own = HUB[parameters.style_name][0] if parameters.style_name in HUB else NETWORK
    return (own, ENCODER, DECODER)


def cost(parameters: StyleV2, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    from engine.nets.transform import BLOCKS, CLASSICAL_BLOCKS, CLASSICAL_WIDTHS, WIDTHS, gflop_per_pixel, stages
    from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel

    width, height = result_size(sizes["content"][0], parameters.size)
    if sizes.get("style"):
        return 2 * width * height * vgg_gflop_per_pixel("relu4_1")  # the decoder mirrors the encoder
    form = (CLASSICAL_WIDTHS, CLASSICAL_BLOCKS) if parameters.style_name in HUB else (WIDTHS, BLOCKS)
    return width * height * sum(gflop_per_pixel(stage) for stage in stages(*form))


STYLE_V2 = Task(
    name="style-v2",
    title="Style V2",
    summary="Paints a photo in one pass of a trained network, or like any painting.",
    paper="Johnson, Alahi & Fei-Fei 2016, Perceptual losses for real-time style transfer and super-resolution",
    parameters=StyleV2,
    inputs=INPUTS,
    run=run,
    weights=weights,
    cost=cost,
)
