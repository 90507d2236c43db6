"""MI-GAN's generator for 512 x 512 pixels (Sargsyan et al. 2023): fills holes in one pass.

An encoder halves the picture seven times, a synthesis network doubles it again and takes the encoder's features on its
way; all convolutions are separable (figure 3). Reading the published graph: every activation is a leaky ReLU times the
square root of 2 (which is part of the weights here), cut off at 256; halving and doubling go through the binomial
filter 1 3 3 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import rectified

SIDE = 512
"""Side in pixels of the square pictures that the network was trained for; the learned noise has this size, too."""
SIDES = (512, 256, 128, 64, 32, 16, 8, 4)
WIDTHS = {512: 64, 256: 128, 128: 256}
"""Channels at each side; 512 below."""


def _width(side: int) -> int:
    return WIDTHS.get(side, 512)


SLOPE = 0.2
"""Of every activation below zero. The published network also keeps features below 256, for the sake of float16; those
of photographs, noise and flat colours with holes of all kinds stay below 50, and our formats know no such limit."""


def _binomial(features: Tensor) -> Tensor:
    """The filter 1 3 3 1 in both directions, as the weights of a depthwise convolution; its sum is 1."""
    line = features.new_tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return (line[:, None] * line).expand(features.shape[1], 1, 4, 4)


def halved(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, H / 2, W / 2)``."""
    return functional.conv2d(features, _binomial(features), stride=2, padding=1, groups=features.shape[1])


def doubled(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, 2H, 2W)``: zeros between the pixels, then the filter, times 4; without gradients."""
    return _doubled_along(_doubled_along(features, 2), 3)


def _doubled_along(features: Tensor, dim: int) -> Tensor:
    """Each value becomes two: three quarters of itself and a quarter of a neighbour, of nothing beyond the border.

    Written line by line, for torch's kernels of bilinear interpolation take twice to three times as long.
    """
    size = list(features.shape)
    last = size[dim] - 1
    size[dim] *= 2
    larger = torch.empty(size, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)
    ones, others = (larger.transpose(0, dim)[parity::2].transpose(0, dim) for parity in range(2))
    before, after = features.narrow(dim, 0, last), features.narrow(dim, 1, last)
    torch.lerp(after, before, 0.25, out=ones.narrow(dim, 1, last))
    torch.lerp(before, after, 0.25, out=others.narrow(dim, 0, last))
    torch.mul(features.narrow(dim, 0, 1), 0.75, out=ones.narrow(dim, 0, 1))
    torch.mul(features.narrow(dim, last, 1), 0.75, out=others.narrow(dim, last, 1))
    return larger


class Separable(nn.Module):
    """A convolution for each channel, one across the channels, activations behind both; may halve or double.

    Args:
        inputs: channels before.
        outputs: channels after.
        resize: :func:`halved` (between the convolutions), :func:`doubled` (behind both), or nothing.
        noise: side of a learned pattern that is added before the last activation; 0 for none.
    """

    def __init__(self, inputs: int, outputs: int, *, resize: str = "", noise: int = 0) -> None:
        super().__init__()
        self.depth = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.point = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.noise = nn.Parameter(torch.zeros(noise, noise)) if noise else None
        self._resize = resize

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        features = rectified(self.depth, features, SLOPE)
        if self._resize == "halved":
            features = halved(features)
        if self.noise is None:
            return rectified(self.point, features, SLOPE)
        features = self.point(features)
        if self._resize == "doubled":
            features = doubled(features)
        return functional.leaky_relu_(features.add_(self.noise), SLOPE)


class MIGAN(nn.Module):
    """Mask and picture ``(B, 4, 512, 512)`` -> picture ``(B, 3, 512, 512)`` in about [-1, 1]; without gradients.

    Channel 0 is 0.5 where the picture is known and -0.5 in the hole; the others are the picture in [-1, 1], 0 there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, _width(SIDE), 1)
        self.encoder = nn.ModuleList(
            nn.ModuleList([
                Separable(_width(side), _width(side)),
                Separable(_width(side), _width(side // 2), resize="halved" if side > 4 else ""),
            ])
            for side in SIDES
        )  # fmt: skip
        self.synthesis = nn.ModuleList(
            nn.ModuleList([
                Separable(_width(max(side // 2, 4)), _width(side), resize="doubled" if side > 4 else "",
                          noise=side if side > 4 else 0),
                Separable(_width(side), _width(side), noise=side if side > 4 else 0),
                nn.Conv2d(_width(side), 3, 1),
            ])
            for side in reversed(SIDES)
        )  # fmt: skip

    @torch.no_grad()
    def forward(self, masked: Tensor) -> Tensor:
        """Fill."""
        features = rectified(self.first, masked, SLOPE)
        kept: list[Tensor] = []
        for stage in self.encoder:
            inner, outer = _parts(stage)
            features = inner(features)
            kept.append(features)
            features = outer(features)
        picture: Tensor | None = None
        for stage in self.synthesis:
            inner, outer, colour = _parts(stage)
            features = outer(inner(features).add_(kept.pop()))
            rgb = colour(features)
            picture = rgb if picture is None else doubled(picture) + rgb
        assert picture is not None
        return picture


def _parts(stage: nn.Module) -> list[nn.Module]:
    assert isinstance(stage, nn.ModuleList)
    return list(stage)


def _activates(name: str) -> bool:
    """Whether an activation follows a parameter: its factor, the square root of 2, is part of the parameter then."""
    return "depth" in name or "point" in name or "noise" in name or name.startswith("first")


def build(tensors: Mapping[str, Tensor]) -> MIGAN:
    """The net in eval mode, frozen."""
    net = MIGAN()
    net.load_state_dict({name: math.sqrt(2) * value if _activates(name) else value for name, value in tensors.items()})
    return net.eval().requires_grad_(False)
