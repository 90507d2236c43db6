"""The network of ESRGAN (Wang et al. 2018, figures 3 and 4) and Real-ESRGAN (Wang et al. 2021).

Residuals of residuals of dense blocks. ESRGAN's authors published it trained for PSNR and trained as a GAN: the fairest
pair to compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import unscaled
from engine.nets.convolutions import exact, of_doubled, rectified

WIDTH = 64
GROWTH = 32
BLOCKS = 23
"""Of the published networks for photos; Real-ESRGAN's for drawings has 6."""
RESIDUAL = 0.2
"""Share of a block's output that is added (section 3.1: residual scaling)."""
SLOPE = 0.2
"""Of every activation below zero."""


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all outputs before it; ``(B, WIDTH, H, W)`` -> the same."""

    def __init__(self) -> None:
        super().__init__()
        outputs = (GROWTH, GROWTH, GROWTH, GROWTH, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(WIDTH + index * GROWTH, output, 3, padding=1) for index, output in enumerate(outputs)
        )

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        seen = features
        for convolution in self.convolutions[:-1]:
            seen = torch.cat([seen, rectified(convolution, seen, SLOPE)], dim=1)
        residual: Tensor = self.convolutions[-1](seen)
        return features + RESIDUAL * residual


class ResidualInResidual(nn.Module):
    """Three dense blocks and a skip connection around them; ``(B, WIDTH, H, W)`` -> the same."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(DenseBlock(), DenseBlock(), DenseBlock())

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        residual: Tensor = self.dense(features)
        return features + RESIDUAL * residual


class RRDBNet(nn.Module):
    """``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, 4H, 4W)``, about [0, 1].

    Args:
        blocks: how many residuals in residuals there are.
    """

    def __init__(self, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualInResidual() for _ in range(blocks)))
        self.body = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.up = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(2))
        self.high = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.last = nn.Conv2d(WIDTH, 3, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge by 4."""
        features = exact(self.first, picture).to(self.first.weight.dtype)
        features = features + self.body(self.blocks(features))
        for convolution in self.up:
            doubled = of_doubled(convolution, functional.pad(features, (1, 1, 1, 1)))
            features = functional.leaky_relu_(doubled, SLOPE)
        return exact(self.last, rectified(self.high, features, SLOPE))


def esrgan_keys() -> dict[str, str]:
    """Our names of the convolutions -> those of ESRGAN's published files."""
    names = {"first": "conv_first", "body": "trunk_conv", "high": "HRconv", "last": "conv_last"}
    names |= {f"up.{index}": f"upconv{index + 1}" for index in range(2)}
    for block in range(BLOCKS):
        for index in range(3):
            for convolution in range(5):
                ours = f"blocks.{block}.dense.{index}.convolutions.{convolution}"
                names[ours] = f"RRDB_trunk.{block}.RDB{index + 1}.conv{convolution + 1}"
    return names


def build(tensors: Mapping[str, Tensor]) -> RRDBNet:
    """The net in eval mode, frozen, with as many blocks as the tensors are for; bytes may come with their scales."""
    blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    net = RRDBNet(len(blocks))
    net.load_state_dict(unscaled(tensors))
    return net.eval().requires_grad_(False)
