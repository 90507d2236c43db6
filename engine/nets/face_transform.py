"""The network of one identity: an aligned face -> the same pose, expression and light on the identity's face.

After Korshunova et al. 2017, section 3.1, and Ulyanov et al. 2016: branches that see the face at different sizes,
joined from coarse to fine. Where we leave the paper: narrower branches where pixels are many, and the network gives
what is to be added to the face, so that an untrained one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (96, 96, 64, 48, 24)
"""Channels of the branches, from a sixteenth of the face's size to its own."""
MULTIPLE = 2 ** (len(WIDTHS) - 1)
"""Sides have to be multiples of this."""


class FaceTransform(nn.Module):
    """Faces ``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, H, W)``, about in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        before = (0, *WIDTHS[:-1])
        self.seen = nn.ModuleList(_block(3, width) for width in WIDTHS)
        self.joined = nn.ModuleList(
            nn.Sequential(_block(width + coarser, width), _block(width, width))
            for width, coarser in zip(WIDTHS, before, strict=True)
        )
        self.last = nn.Conv2d(WIDTHS[-1], 3, 1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, faces: Tensor) -> Tensor:
        """See the class."""
        features: Tensor | None = None
        for level, (seen, joined) in enumerate(zip(self.seen, self.joined, strict=True)):
            factor = 2 ** (len(WIDTHS) - 1 - level)
            small = functional.avg_pool2d(faces, factor) if factor > 1 else faces
            own = seen(small - 0.5)
            if features is not None:
                own = torch.cat([own, functional.interpolate(features, scale_factor=2.0)], 1)
            features = joined(own)
        assert features is not None
        output: Tensor = faces + self.last(features)
        return output


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """A convolution with repeated borders and a rectifier."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"), nn.LeakyReLU(0.1))


def build(tensors: Mapping[str, Tensor]) -> FaceTransform:
    """The net in eval mode, frozen."""
    net = FaceTransform()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
