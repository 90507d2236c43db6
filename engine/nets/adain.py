"""The decoder of AdaIN: features of relu4_1 back to a picture.

Huang & Belongie 2017, "Arbitrary style transfer in real-time with adaptive instance normalization", section 5.1: the
mirror image of VGG-19 up to relu4_1, poolings replaced by nearest neighbour, no normalisation, borders reflected.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import unscaled
from engine.nets.convolutions import of_doubled

LAYER = "relu4_1"
"""Layer of the encoder whose features are decoded: VGG-19 with max pooling and reflected borders, as in training."""
STEP = 8
"""Pixels for one feature of that layer."""
MARGIN = 4
"""Features (and as many times STEP pixels) that a place of the result looks at around itself."""
CONVOLUTIONS = (
    (512, 256, True), (256, 256, False), (256, 256, False), (256, 256, False), (256, 128, True),
    (128, 128, False), (128, 64, True), (64, 64, False), (64, 3, False),
)  # fmt: skip
"""Inputs, outputs, and whether what comes out is then made twice as large."""
EPSILON = 1e-5


class Decoder(nn.Module):
    """``(B, 512, h, w)`` -> ``(B, 3, 8 h, 8 w)``, about [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(inputs, outputs, 3) for inputs, outputs, _ in CONVOLUTIONS)

    def forward(self, features: Tensor) -> Tensor:
        """Decode."""
        value, before = features, False
        for index, (convolution, (_, _, doubled)) in enumerate(zip(self.convolutions, CONVOLUTIONS, strict=True)):
            if before:
                value = of_doubled(convolution, functional.pad(value, (1, 1, 1, 1), mode="replicate"))
            else:
                value = convolution(functional.pad(value, (1, 1, 1, 1), mode="reflect"))
            if index < len(CONVOLUTIONS) - 1:
                value = functional.relu(value, inplace=True)
            before = doubled
        return value


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every channel, ``(B, C, 1, 1)``, float32."""
    variance, mean = torch.var_mean(features.float(), dim=(2, 3), keepdim=True)
    return mean, (variance + EPSILON).sqrt()


def adapted(features: Tensor, own: tuple[Tensor, Tensor], style: tuple[Tensor, Tensor]) -> Tensor:
    """Features with the moments of the style (equation 8)."""
    plain = (features.float() - own[0]) / own[1]
    return (plain * style[1] + style[0]).to(features.dtype)


def build(tensors: Mapping[str, Tensor]) -> Decoder:
    """The decoder in eval mode, frozen; its file has bytes with a scale for each output channel."""
    net = Decoder()
    net.load_state_dict(unscaled(tensors))
    return net.eval().requires_grad_(False)
