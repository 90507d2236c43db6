"""The compact network of Real-ESRGAN's authors for animated videos (SRVGGNetCompact; after Wang et al. 2021).

A plain chain of convolutions on the small picture and one sub-pixel shuffle (Shi et al. 2016) at its end: what it makes
is added to the picture enlarged by repeating its pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from engine.nets.convolutions import exact

WIDTH = 64
CONVOLUTIONS = 16
"""Between the first and the last one."""
SCALE = 4


class PlainNet(nn.Module):
    """``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, 4H, 4W)``, about [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.first_activation = nn.PReLU(WIDTH)
        self.convolutions = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(CONVOLUTIONS))
        self.activations = nn.ModuleList(nn.PReLU(WIDTH) for _ in range(CONVOLUTIONS))
        self.last = nn.Conv2d(WIDTH, 3 * SCALE**2, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge by 4."""
        features = self.first_activation(exact(self.first, picture).to(self.first.weight.dtype))
        for convolution, activation in zip(self.convolutions, self.activations, strict=True):
            features = activation(convolution(features))
        difference = functional.pixel_shuffle(exact(self.last, features), SCALE)
        return functional.interpolate(picture.float(), scale_factor=float(SCALE), mode="nearest") + difference


def build(tensors: Mapping[str, Tensor]) -> PlainNet:
    """The net in eval mode, frozen."""
    net = PlainNet()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
