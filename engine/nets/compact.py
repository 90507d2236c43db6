"""Our own residual network for super-resolution: small, and one body for x2, x3 and x4.

The idea is VDSR's (Kim, Lee & Lee 2016, section 3): the network learns only what bicubic interpolation lacks. The form
is an efficient one: all convolutions work on the small picture, and sub-pixel convolution (Shi et al. 2016) makes the
difference of the large one; scales share the body, as in MDSR (Lim et al. 2017, section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from engine.imaging.resize import imresize
from engine.nets.blocks import ResidualBlock, Slopes
from engine.nets.convolutions import exact

WIDTH = 48
BLOCKS = 10
"""Blocks of a new network; a file may have fewer."""
SCALES = (2, 3, 4)


class CompactNet(nn.Module):
    """``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, sH, sW)``, about [0, 1], for a scale s of :data:`SCALES`.

    Args:
        blocks: how many residual blocks the body has.
    """

    def __init__(self, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(WIDTH, Slopes(WIDTH)) for _ in range(blocks)))
        self.tails = nn.ModuleDict({f"x{scale}": nn.Conv2d(WIDTH, 3 * scale**2, 3, padding=1) for scale in SCALES})

    def forward(self, picture: Tensor, scale: int) -> Tensor:
        """Bicubic interpolation plus the learned difference."""
        height, width = picture.shape[-2:]
        return imresize(picture.float(), (scale * width, scale * height)) + self.difference(picture, scale)

    def difference(self, picture: Tensor, scale: int) -> Tensor:
        """The residual that the network adds to bicubic interpolation, ``(B, 3, sH, sW)``, in the weights' format."""
        head = exact(self.head, picture - 0.5).to(self.head.weight.dtype)
        return functional.pixel_shuffle(self.tails[f"x{scale}"](head + self.blocks(head)), scale)


def build(tensors: Mapping[str, Tensor]) -> CompactNet:
    """The net in eval mode, frozen, with as many blocks as the tensors are for."""
    blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    net = CompactNet(len(blocks))
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
