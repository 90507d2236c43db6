"""LPIPS v0.1 with AlexNet (Zhang et al. 2018): a distance of two pictures as people judge it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""Mean and standard deviation that normalise the input's channels, RGB in [-1, 1], as in the authors' code."""
SHORTEST = 31
"""Shortest side of a picture in pixels: the second pooling needs 3 x 3 features."""


class LPIPS(nn.Module):
    """Two pictures ``(1, 3, H, W)`` in [0, 1] of one size -> their distance, a scalar; 0 for equal ones."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        widths, sides = (3, 64, 192, 384, 256, 256), (11, 5, 3, 3, 3)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width, output, side, stride=4 if side == 11 else 1, padding=2 if side > 3 else 1)
            for width, output, side in zip(widths, widths[1:], sides, strict=False)
        )
        self.heads = nn.ParameterList(torch.empty(width) for width in widths[1:])
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None], persistent=False)

    def forward(self, picture: Tensor, other: Tensor) -> Tensor:
        """The paper's equation 1: weighted squared differences of unit-length features, averaged over places."""
        total = picture.new_zeros(())
        for ours, theirs, head in zip(self.features(picture), self.features(other), self.heads, strict=True):
            total = total + ((ours - theirs) ** 2 * head[:, None, None]).sum(dim=1).mean()
        return total

    def features(self, picture: Tensor) -> list[Tensor]:
        """Activations of the five layers, each place of length 1."""
        return [each / (each.norm(dim=1, keepdim=True) + 1e-10) for each in self.activations(picture)]

    def activations(self, picture: Tensor) -> list[Tensor]:
        """AlexNet's five rectified layers, each ``(1, C, h, w)``."""
        value, activations = (2 * picture - 1 - self.shift) / self.scale, []
        for index, convolution in enumerate(self.convolutions):
            if index in (1, 2):
                value = functional.max_pool2d(value, 3, stride=2)
            value = convolution(value).relu()
            activations.append(value)
        return activations


def build(tensors: Mapping[str, Tensor]) -> LPIPS:
    """The net in eval mode, frozen."""
    net = LPIPS()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
