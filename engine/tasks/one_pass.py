"""What photos and videos that are painted in one pass share: parameters, the painter, what is made of its picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.contracts.errors import MaskError, ParameterError
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Inputs
from engine.feedforward_style import style_card
from engine.feedforward_style.styles import (
    ANY_STYLE,
    DECODER,
    ENCODER,
    HUB,
    MAGENTA,
    TITLES,
    HubName,
    MagentaName,
    ShippedName,
)
from engine.imaging.masks import feathered, mask_of

if TYPE_CHECKING:
    from torch import Tensor

    from engine.feedforward_style.painters import Painter
    from engine.imaging.tensors import Size
    from engine.model_store.loaded_nets import LoadedNets

Weight = Annotated[float, Field(ge=0, le=4)]

LONGEST = 6144
SHORTEST_SIDE = 16
PAINTING_SIDE = 512
"""Longer side of a painting that AdaIN looks at, as in its paper."""


class OnePass(Parameters):
    """Parameters of what is painted in one pass: photos and videos."""

    style_name: Literal[ShippedName, MagentaName, HubName] = option("starry-night", label="Style")
    """Our own, Magenta's 26, or the paper's networks from the Hugging Face Hub (7 MB each)."""
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
                Message("{style} has a network of its own; only styles of our own can be blended.", style=name)
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


def any_painting(parameters: OnePass) -> tuple[str, ...]:
    """Catalogue entries for a painting that was not taught."""
    return (ENCODER, DECODER) if parameters.by_moments else ANY_STYLE
