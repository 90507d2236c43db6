"""What any painting sets in a transform network (Ghiasi, Lee, Kudlur, Dumoulin & Shlens 2017, section 2.2).

"Exploring the structure of a real-time, arbitrary neural artistic stylization network": a network reads a painting and
gives 100 numbers, and linear maps make of them scale and shift of every normalisation of a transform network. It is a
MobileNetV2 (Sandler et al. 2018) here, as Magenta distilled it for phones, not the paper's Inception-v3.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import padded

BOTTLENECK = 100
"""How many numbers a painting comes to."""
SIDE = 256
"""Side in pixels of the square that a painting is brought to, as in training."""
INVERTED = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Inverted residuals: factor of expansion, channels, how many, stride of the first (Sandler et al. 2018, table 2)."""
FIRST, LAST = 32, 1280


class _InvertedResidual(nn.Module):
    """Wider, a convolution for each channel, narrower; with a short cut where sizes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = nn.Conv2d(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(inner, inner, 3, stride, groups=inner)
        self.project = nn.Conv2d(inner, outputs, 1)
        self._stride, self._short_cut = stride, stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        value = features if self.expand is None else functional.relu6(self.expand(features))
        value = self.project(functional.relu6(self.depthwise(padded(value, 3, self._stride))))
        output: Tensor = features + value if self._short_cut else value
        return output


class StylePredictor(nn.Module):
    """A painting -> a style of Magenta's transform network.

    Args:
        numbers: how many numbers a style has.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, FIRST, 3, 2)
        blocks, width = [], FIRST
        for expansion, outputs, count, stride in INVERTED:
            for index in range(count):
                blocks.append(_InvertedResidual(width, outputs, 1 if index else stride, expansion))
                width = outputs
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(width, LAST, 1)
        self.bottleneck = nn.Linear(LAST, BOTTLENECK)
        self.maps = nn.Linear(BOTTLENECK, numbers)

    def read(self, painting: Tensor) -> Tensor:
        """``(B, 3, SIDE, SIDE)`` in [0, 1] -> ``(B, BOTTLENECK)``."""
        features = self.blocks(functional.relu6(self.first(padded(painting, 3, 2))))
        numbers: Tensor = self.bottleneck(functional.relu6(self.last(features)).mean((2, 3)))
        return numbers

    @torch.no_grad()
    def forward(self, painting: Tensor) -> Tensor:
        """``(1, 3, h, w)`` in [0, 1], which is pressed into a square as in training -> ``(1, P)``, float32."""
        weight = self.maps.weight
        square = functional.interpolate(painting, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        style: Tensor = self.maps(self.read(square.clamp(0, 1).to(weight.dtype)))
        return style.float()


def build(tensors: Mapping[str, Tensor]) -> StylePredictor:
    """In eval mode, frozen; the tensors say how many numbers a style has."""
    net = StylePredictor(len(tensors["maps.bias"]))
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
