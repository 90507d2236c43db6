"""U2-Net-p (Qin et al. 2020), the small one: how much each pixel belongs to what a picture is of.

A U-net whose every stage is a small U-net itself (figure 2). Batch normalisation is part of the convolutions here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.convolutions import rectified

SIDE = 320
"""Side in pixels of the square pictures that it was trained with; others of any proportions are resized to it."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation that normalise the input's channels, RGB in [0, 1]."""
MIDDLE, WIDTH = 16, 64
"""Channels inside a stage, and of what it hands on."""
DEPTHS = (7, 6, 5, 4)
"""Convolutions down in the first stages of the encoder, the same upwards in the decoder; the last two do not halve."""


class _Stage(nn.Module):
    """A residual U-block, ``(B, C, H, W)`` -> ``(B, 64, H, W)``.

    Args:
        inputs: channels before.
        depth: convolutions on the way down, each at half the size of the one before; the last but by dilation.
        flat: whether nothing is halved, and dilation doubles instead.
    """

    def __init__(self, inputs: int, depth: int, *, flat: bool = False) -> None:
        super().__init__()
        self._flat = flat
        dilations = [2**index for index in range(depth)] if flat else [1] * (depth - 1) + [2]
        self.first = _convolution(inputs, WIDTH)
        self.down = nn.ModuleList(
            _convolution(MIDDLE if index else WIDTH, MIDDLE, dilation) for index, dilation in enumerate(dilations)
        )
        self.up = nn.ModuleList(
            _convolution(2 * MIDDLE, MIDDLE if index else WIDTH, dilations[index] if flat else 1)
            for index in reversed(range(depth - 1))
        )

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        begun = rectified(self.first, features)
        kept: list[Tensor] = []
        value = begun
        for index, convolution in enumerate(self.down):
            if 0 < index < len(self.down) - 1 and not self._flat:
                value = _halved(value)
            value = rectified(convolution, value)
            kept.append(value)
        for convolution, beside in zip(self.up, reversed(kept[:-1]), strict=True):
            value = rectified(convolution, torch.cat([_like(value, beside), beside], dim=1))
        output: Tensor = value + begun
        return output


class U2NetP(nn.Module):
    """Pictures ``(B, 3, H, W)``, normalised by :data:`MEAN` and :data:`DEVIATION` -> ``(B, 1, H, W)`` in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *[WIDTH] * 5]
        self.encoder = nn.ModuleList(
            _Stage(width, DEPTHS[index]) if index < len(DEPTHS) else _Stage(width, 4, flat=True)
            for index, width in enumerate(widths)
        )
        self.decoder = nn.ModuleList(
            _Stage(2 * WIDTH, depth, flat=flat)
            for depth, flat in [(4, True), *((each, False) for each in DEPTHS[::-1])]
        )
        self.sides = nn.ModuleList(nn.Conv2d(WIDTH, 1, 3, padding=1) for _ in range(6))
        self.last = nn.Conv2d(6, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        kept: list[Tensor] = []
        value = pictures
        for index, stage in enumerate(self.encoder):
            value = stage(_halved(value) if index else value)
            kept.append(value)
        decoded = [value]
        for stage, beside in zip(self.decoder, reversed(kept[:-1]), strict=True):
            value = stage(torch.cat([_like(value, beside), beside], dim=1))
            decoded.append(value)
        pairs = zip(self.sides, reversed(decoded), strict=True)
        maps = [_like(side(each), pictures) for side, each in pairs]
        saliency: Tensor = self.last(torch.cat(maps, dim=1)).sigmoid()
        return saliency


def _convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)


def _halved(features: Tensor) -> Tensor:
    return functional.max_pool2d(features, 2, ceil_mode=True)


def _like(features: Tensor, other: Tensor) -> Tensor:
    """Features in the size of others."""
    if features.shape[2:] == other.shape[2:]:
        return features
    return functional.interpolate(features, size=other.shape[2:], mode="bilinear", align_corners=False)


def build(tensors: Mapping[str, Tensor]) -> U2NetP:
    """The net in eval mode, frozen."""
    net = U2NetP()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
