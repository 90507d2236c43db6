"""Transform networks of style V2: a picture in, the painted picture out, in one pass.

Johnson, Alahi & Fei-Fei 2016, "Perceptual losses for real-time style transfer and super-resolution": two halvings,
residual blocks, two doublings (supplementary material, table 1), with instance normalisation (Ulyanov et al. 2016) and
doublings by nearest neighbour and convolution (Odena et al. 2016) instead of transposed ones, which leave a
chequerboard. Many styles live in one network: convolutions are shared, and a style is the scale and shift of every
normalisation (Dumoulin, Shlens & Kudlur 2017, section 2.2, equation 5), here one vector of numbers.

Where we leave the papers: ours is narrower; its last layer is normalised, too, and then coloured by a matrix of
the style's own, which begins as the map to the painting's palette.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.convolutions import few_outputs, of_doubled
from engine.nets.normalisation import EPSILON, Normalise, channel_moments, normalised

WIDTHS = (32, 32, 64, 32, 16)
"""Channels at full, half and quarter size, and at half and full size again."""
BLOCKS = 6
MAGENTA_WIDTHS = (32, 32, 32, 8, 4)
"""Of Magenta's network with 26 styles (Dumoulin et al. 2017)."""
ANY_STYLE_WIDTHS = (8, 16, 32, 16, 8)
ANY_STYLE_BLOCKS = 5
"""Of Magenta's network for any painting (Ghiasi et al. 2017); its first three stages know nothing of the style."""
CLASSICAL_WIDTHS = (32, 64, 128, 64, 32)
CLASSICAL_BLOCKS = 5
"""Number of residual blocks in the network of the paper (Johnson et al. 2016)."""
MULTIPLE = 4
"""Sides are brought to a multiple of this by reflection, and cut again at the end."""
MINIMUM_SIDE = 16
COLOURS = 12
"""Last numbers of a style: a 3 x 3 matrix and an offset."""
MOVED = 1.05e-6
"""Moving a value to memory and back takes the time of so many 1e9 operations (CPU cores with bf16)."""
STYLE = "styles."
"""Before the name of each style in a file."""
CLASSICAL = "the network's own"
"""Name of the one style of a network with the classical ending."""

Ending = Literal["colours", "sigmoid", "plain"]
Role = Literal["plain", "first of block", "last of block"]


@dataclass(frozen=True)
class Stage:
    """One convolution with what stands before and behind it."""

    name: str
    inputs: int
    outputs: int
    side: int
    """Side of the convolution's square kernel."""
    stride: int = 1
    doubled: bool = False
    """Whether the picture is first made twice as large, by nearest neighbour."""
    rectified: bool = True
    normalised: bool = True
    """Whether a style's scale and shift stand behind it; else the convolution has a bias."""
    role: Role = "plain"

    @property
    def padding(self) -> int:
        """Pixels that the border is reflected by."""
        return self.side // 2


def stages(widths: Sequence[int], blocks: int, *, styled_head: bool = True) -> tuple[Stage, ...]:
    """All stages of a network, in order.

    Args:
        widths: channels, see :data:`WIDTHS`.
        blocks: residual blocks.
        styled_head: whether the first three stages are normalised, too.
    """
    full, half, quarter, half_again, full_again = widths
    trunk = [
        stage
        for index in range(1, blocks + 1)
        for stage in (
            Stage(f"block{index}_1", quarter, quarter, 3, role="first of block"),
            Stage(f"block{index}_2", quarter, quarter, 3, rectified=False, role="last of block"),
        )
    ]
    return (
        Stage("head", 3, full, 9, normalised=styled_head),
        Stage("down1", full, half, 3, stride=2, normalised=styled_head),
        Stage("down2", half, quarter, 3, stride=2, normalised=styled_head),
        *trunk,
        Stage("up1", quarter, half_again, 3, doubled=True),
        Stage("up2", half_again, full_again, 3, doubled=True),
        Stage("tail", full_again, 3, 9, rectified=False),
    )


def gflop_per_pixel(stage: Stage) -> float:
    """Arithmetic of a stage in 1e9 multiplications and additions for a pixel of the picture."""
    return 2e-9 * _area(stage) * stage.inputs * stage.outputs * stage.side**2


def work_per_pixel(all_stages: Sequence[Stage]) -> float:
    """Arithmetic of a network for a pixel; where it is narrow, what moving its values costs instead, as arithmetic."""
    return max(sum(map(gflop_per_pixel, all_stages)), MOVED * sum(_area(each) * each.outputs for each in all_stages))


def _area(stage: Stage) -> float:
    """Places of a stage's output for each pixel of the picture."""
    return {"head": 1.0, "down1": 0.25, "up1": 0.25, "up2": 1.0, "tail": 1.0}.get(stage.name, 1 / 16)


class TransformNet(nn.Module):
    """``(B, 3, H, W)`` in [0, 1], and a style ``(1 or B, P)`` -> ``(B, 3, H, W)``, about [0, 1].

    Args:
        widths: channels, see :data:`WIDTHS`.
        blocks: residual blocks.
        ending: ``colours`` as ours; ``sigmoid`` of the same, as Magenta's; or ``plain`` as in the paper's code: the
            last convolution's values as they are.
        styled_head: see :func:`stages`.
        styles: name -> style ``(P,)``, float32.
        span: what a picture's 1 is to the network: 255 for those that were trained on bytes.
        centre: subtracted from pictures in [0, 1] first.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        blocks: int = BLOCKS,
        *,
        ending: Ending = "colours",
        styled_head: bool = True,
        styles: Mapping[str, Tensor] | None = None,
        span: float = 1.0,
        centre: float = 0.5,
    ) -> None:
        super().__init__()
        self.stages = stages(widths, blocks, styled_head=styled_head)
        self.styles = dict(styles or {})
        self.ending = ending
        self.span = span
        self.centre = centre
        for stage in self.stages:
            # A normalisation takes any bias away again: only a plain ending has one.
            biased = not stage.normalised or (ending == "plain" and stage is self.stages[-1])
            self.add_module(stage.name, nn.Conv2d(stage.inputs, stage.outputs, stage.side, stage.stride, bias=biased))

    @property
    def numbers(self) -> int:
        """How many numbers a style has, P."""
        inner = sum(2 * stage.outputs for stage in self.stages[:-1] if stage.normalised)
        return inner + (0 if self.ending == "plain" else COLOURS)

    def style(self, weights: Mapping[str, float]) -> Tensor:
        """A mixture of styles, ``(1, P)``: their numbers, averaged (Dumoulin et al. 2017, section 3.3).

        Raises:
            KeyError: the network has no style of that name.
        """
        total = sum(weights.values())
        mixed = sum(self.styles[name] * (weight / total) for name, weight in weights.items())
        assert isinstance(mixed, Tensor)
        return mixed[None]

    def parts(self, style: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Scale and shift ``(1 or B, C)`` of every normalisation; in the end the colours' matrix and offset."""
        at = 0
        for stage in self.stages[:-1]:
            if not stage.normalised:
                continue
            middle, end = at + stage.outputs, at + 2 * stage.outputs
            yield style[:, at:middle], style[:, middle:end]
            at = end
        if self.ending != "plain":
            yield style[:, at : at + 9].reshape(-1, 3, 3), style[:, at + 9 :]

    def convolved(self, stage: Stage, features: Tensor) -> Tensor:
        """The convolution of a stage, with a reflected border."""
        border, mode = (1, "replicate") if stage.doubled else (stage.padding, "reflect")
        with torch.autocast(features.device.type, enabled=False):  # which would make it float32 and back
            features = functional.pad(features, 4 * (border,), mode=mode)
        return self.applied(stage, features)

    def applied(self, stage: Stage, features: Tensor) -> Tensor:
        """The convolution of a stage on features with their border; both are the small picture's where it doubles."""
        convolution = self.get_submodule(stage.name)
        assert isinstance(convolution, nn.Conv2d)
        return of_doubled(convolution, features) if stage.doubled else few_outputs(convolution, features)

    def entered(self, picture: Tensor) -> Tensor:
        """A picture as the first stage takes it."""
        weight = self.get_submodule(self.stages[0].name).weight
        assert isinstance(weight, Tensor)
        return (picture - self.centre).mul_(self.span).to(weight.dtype)

    def coloured(self, features: Tensor, colours: tuple[Tensor, Tensor] | None) -> Tensor:
        """The last stage's values, normalised where they are to be, as a picture in float32."""
        if colours is None:
            return features.float() / self.span
        matrix, offset = (part.float() for part in colours)
        with torch.autocast(features.device.type, enabled=False):  # eight bits of a mantissa are too few for colours
            if len(matrix) == 1:
                recoloured = functional.conv2d(features.float(), matrix[0, :, :, None, None], offset[0])
            else:
                recoloured = (matrix @ features.float().flatten(2) + offset[:, :, None]).reshape(features.shape)
        return recoloured.sigmoid() if self.ending == "sigmoid" else recoloured

    def forward(self, picture: Tensor, style: Tensor, normalise: Normalise = normalised) -> Tensor:
        """Paint.

        Args:
            picture: ``(B, 3, H, W)``, RGB in [0, 1], no side below :data:`MINIMUM_SIDE`.
            style: ``(1, P)`` for all of the batch, or ``(B, P)``.
            normalise: how features are normalised, for what has statistics of its own.
        """
        height, width = picture.shape[2:]
        value = kept = self.entered(framed(picture))
        parts = self.parts(style)
        for index, stage in enumerate(self.stages[:-1]):
            kept = value if stage.role == "first of block" else kept
            value = self.convolved(stage, value)
            if stage.normalised:
                value = normalise(index, value, *next(parts))
            if stage.rectified:
                value = functional.relu(value, inplace=not value.requires_grad)
            if stage.role == "last of block":
                value = kept + value
        value = self.convolved(self.stages[-1], value)
        if self.ending == "plain":
            return self.coloured(value, None)[..., :height, :width]
        colours = next(parts)
        if normalise is normalised and len(value) == 1 and not torch.is_grad_enabled():
            value, colours = value.float(), _absorbed(value.float(), colours)
        else:
            one = torch.ones(1, 3, device=value.device)
            value = normalise(len(self.stages) - 1, value, one, 0 * one)
        return self.coloured(value, colours)[..., :height, :width]


def _absorbed(features: Tensor, colours: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Matrix and offset of the colours, with the last normalisation of one picture in them."""
    matrix, offset = (part.float() for part in colours)
    mean, variance = channel_moments(features)
    matrix = matrix * (variance + EPSILON).rsqrt()
    return matrix, offset - matrix @ mean


def framed(picture: Tensor) -> Tensor:
    """With sides that are multiples of :data:`MULTIPLE`, by reflection at the right and lower border."""
    below, beside = (-side % MULTIPLE for side in picture.shape[2:])
    return functional.pad(picture, (0, beside, 0, below), mode="reflect") if below or beside else picture


def neutral(net: TransformNet, colours: tuple[Tensor, Tensor]) -> Tensor:
    """A style before training, ``(P,)``: scales 1, shifts 0, and ``colours``: matrix ``(3, 3)`` and offset ``(3,)``."""
    parts = [torch.cat((torch.ones(stage.outputs), torch.zeros(stage.outputs))) for stage in net.stages[:-1]]
    matrix, offset = colours
    return torch.cat([*parts, matrix.flatten().float(), offset.flatten().float()])


def magenta(tensors: Mapping[str, Tensor]) -> TransformNet:
    """One of Magenta's networks, with its styles or none: as :func:`build`, but for its ending."""
    return build(tensors, "sigmoid")


def build(tensors: Mapping[str, Tensor], ending: Ending = "colours") -> TransformNet:
    """One of our networks with its styles, in eval mode, frozen; widths and blocks are those of the tensors."""
    styles = {name.removeprefix(STYLE): value for name, value in tensors.items() if name.startswith(STYLE)}
    rest = {name: value for name, value in tensors.items() if not name.startswith(STYLE)}
    widths = [len(rest[f"{name}.weight"]) for name in ("head", "down1", "down2", "up1", "up2")]
    blocks = sum(name.startswith("block") for name in rest) // 2
    styled = "head.bias" not in rest
    net = TransformNet(widths, blocks, ending=ending, styled_head=styled, styles=styles, centre=0.5 if styled else 0.0)
    net.load_state_dict(rest)
    return net.eval().requires_grad_(False)


def classical(tensors: Mapping[str, Tensor]) -> TransformNet:
    """The paper's network with its one style, as pytorch/examples trained it on bytes; in eval mode, frozen.

    Args:
        tensors: ``conv0.weight``, ``norm0.scale``, ``norm0.shift`` and so on in the order of the stages; biases of all
            convolutions, of which only the last one's matters.
    """
    names = [stage.name for stage in stages(CLASSICAL_WIDTHS, CLASSICAL_BLOCKS)]
    norms = range(len(names) - 1)
    style = torch.cat([tensors[f"norm{index}.{part}"] for index in norms for part in ("scale", "shift")])
    net = TransformNet(
        CLASSICAL_WIDTHS, CLASSICAL_BLOCKS, ending="plain", styles={CLASSICAL: style}, span=255.0, centre=0.0
    )
    own = {f"{name}.weight": tensors[f"conv{index}.weight"] for index, name in enumerate(names)}
    net.load_state_dict({**own, "tail.bias": tensors[f"conv{len(names) - 1}.bias"]})
    return net.eval().requires_grad_(False)
