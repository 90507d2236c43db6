"""Blocks that several nets are made of, and weights that are kept in bytes; no net takes them from another net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from engine.nets.opencv_net import Graph

SCALE = ".scale"
"""Ending of the name of what multiplies a weight that is kept in bytes."""


def unscaled(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file in which weights are kept in bytes.

    Such a weight ``(O, I, k, k)`` comes with ``NAME.scale``, ``(O,)`` or ``(O, G)``: what it is multiplied by, for each
    output channel or for each I / G input channels of one.
    """
    whole = {name: value for name, value in tensors.items() if not name.endswith(SCALE)}
    for name, weight in whole.items():
        if name + SCALE in tensors:
            scales = tensors[name + SCALE].reshape(len(weight), -1)
            whole[name] = (weight.reshape(*scales.shape, -1) * scales[..., None]).reshape(weight.shape)
    return whole


def padded(features: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around features of an even size, as TensorFlow's SAME has them: the odd one at the right and the bottom."""
    before, after = zeros(kernel, stride)
    return functional.pad(features, (before, after, before, after))


def zeros(kernel: int, stride: int) -> tuple[int, int]:
    """How many :func:`padded` puts at the left and the top, and how many at the right and the bottom."""
    before = (kernel - stride) // 2
    return before, kernel - stride - before


class SeparableBlock(nn.Module):
    """A separable convolution with a way around it, ``(B, C, H, W)`` -> ``(B, D, H / stride, W / stride)``, D >= C.

    BlazeFace and Face Mesh are chains of it.

    Args:
        inputs: C.
        outputs: D; the way around fills up with zeros.
        stride: 1 or 2; the way around takes the largest of four.
        sloped: whether the rectifier has a slope below zero for every channel, as in Face Mesh.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, sloped: bool = False) -> None:
        super().__init__()
        self._stride, self._more = stride, outputs - inputs
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.rectifier: nn.Module = nn.PReLU(outputs) if sloped else nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        # What is small here is no arithmetic: a pad of nothing would copy the features.
        around = functional.max_pool2d(features, 2) if self._stride == 2 else features
        around = functional.pad(around, (0, 0, 0, 0, 0, self._more)) if self._more else around
        if self._stride == 1:
            inner = functional.conv2d(features, self.depthwise.weight, padding=1, groups=self.depthwise.groups)
        else:
            inner = self.depthwise(padded(features, 3, self._stride))
        rectified: Tensor = self.rectifier(self.pointwise(inner).add_(around))
        return rectified

    def draw(self, graph: Graph, features: str) -> str:
        """The same into a graph; takes and gives the names of maps."""
        around = graph.halved(features) if self._stride == 2 else features
        around = graph.widened(around, self._more) if self._more else around
        inner = graph.convolution(features, self.depthwise, zeros(3, 2) if self._stride == 2 else (1, 1))
        return graph.rectified(graph.added(graph.convolution(inner, self.pointwise), around), self.rectifier)


class Slopes(nn.PReLU):
    """A slope below zero for every channel, as torch's PReLU, whose kernel is slow for 48 channels on a CPU."""

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        if features.device.type != "cpu" or torch.is_grad_enabled():
            plain: Tensor = super().forward(features)
            return plain
        slopes = self.weight.view(-1, 1, 1)
        return torch.addcmul(features.clamp_min(0), slopes, features.clamp_max(0))


class ResidualBlock(nn.Module):
    """Two convolutions of side 3 around an activation, and a skip connection; ``(B, width, H, W)`` -> the same.

    The networks of super-resolution are chains of it.
    """

    def __init__(self, width: int, activation: nn.Module) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.activation = activation
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        difference: Tensor = self.second(self.activation(self.first(features)))
        return features + difference
