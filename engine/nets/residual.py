"""Residual networks for super-resolution.

SRResNet (Ledig et al. 2017, figure 4) is also SRGAN's generator; the baseline of EDSR (Lim et al. 2017, figure 2) is
the same without batch normalisation and with fewer activations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import ResidualBlock
from engine.nets.convolutions import exact

WIDTH = 64
BLOCKS = 16
BAND = 4_000_000
"""Values of a band of the last layer, about."""


class ResidualNet(nn.Module):
    """``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, sH, sW)``, about [0, 1].

    The last sub-pixel shuffle (Shi et al. 2016) is done after the last convolution, whose weights are rearranged for
    that by :func:`before_shuffle`: the same function in three quarters of the time, because a convolution to three
    channels leaves most of a processor's lanes empty, and no picture of 64 channels is shuffled at full size.

    Args:
        doublings: 1 for x2, 2 for x4.
        side: of the first and the last convolution, odd.
        slopes: PReLUs everywhere (SRResNet), or ReLUs in the blocks alone (EDSR).
        bounded: whether a tanh at the end keeps the picture in [0, 1].
    """

    def __init__(self, *, doublings: int, side: int, slopes: bool, bounded: bool) -> None:
        super().__init__()

        def outside(width: int) -> nn.Module:
            return nn.PReLU(width) if slopes else nn.Identity()

        self.head = nn.Conv2d(3, WIDTH, side, padding=side // 2)
        self.activation = outside(WIDTH)
        self.blocks = nn.Sequential(
            *(ResidualBlock(WIDTH, nn.PReLU(WIDTH) if slopes else nn.ReLU()) for _ in range(BLOCKS))
        )
        self.body = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.doublings = nn.ModuleList(Doubling(outside(4 * WIDTH)) for _ in range(doublings))
        reach = _reach(side)
        self.tail = nn.Conv2d(4 * WIDTH, 12, 2 * reach + 1, padding=reach)
        self.bounded = bounded

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge."""
        head = self.activation(exact(self.head, picture).to(self.head.weight.dtype))
        features = head + self.body(self.blocks(head))
        *others, last = self.doublings
        for doubling in others:
            features = functional.pixel_shuffle(doubling(features), 2)
        assert isinstance(last, Doubling)
        large = functional.pixel_shuffle(self._ended(last, features), 2)
        return 0.5 + 0.5 * large.tanh() if self.bounded else large

    def _ended(self, last: Doubling, features: Tensor) -> Tensor:
        """The last doubling, unshuffled, and the last convolution, ``(B, WIDTH, H, W)`` -> ``(B, 12, H, W)``.

        In bands of rows: its 256 channels in float32 are by far the most that this network keeps, and a processor
        spends more time on fetching so much memory than on what it calculates there.
        """
        height, width = features.shape[2:]
        reach, lines = self.tail.kernel_size[0] // 2, max(1, BAND // (4 * WIDTH * width * len(features)))
        parts = []
        for top in range(0, height, lines):
            bottom = min(top + lines, height)
            first, end = max(0, top - reach), min(height, bottom + reach)
            wide = last.activation(_convolved(last.convolution, _rows(features, first - 1, end + 1)))
            # In float32, as :func:`engine.nets.convolutions.exact` is: this is the picture.
            parts.append(_convolved(self.tail, _rows(wide, top - reach - first, bottom + reach - first).float()))
        return torch.cat(parts, dim=2)


class Doubling(nn.Module):
    """Convolution and activation before a sub-pixel shuffle; ``(B, WIDTH, H, W)`` -> ``(B, 4 * WIDTH, H, W)``."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(WIDTH, 4 * WIDTH, 3, padding=1)
        self.activation = activation

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        output: Tensor = self.activation(self.convolution(features))
        return output


def _rows(features: Tensor, top: int, bottom: int) -> Tensor:
    """Rows from ``top`` to ``bottom`` of ``(B, C, H, W)``; zeros where there are none."""
    height = features.shape[2]
    part = features[:, :, max(0, top) : min(height, bottom)]
    above, below = max(0, -top), max(0, bottom - height)
    return functional.pad(part, (0, 0, above, below)) if above or below else part


def _convolved(convolution: nn.Conv2d, rows: Tensor) -> Tensor:
    """A convolution of rows whose neighbours above and below are there, in the format of the rows."""
    weight, bias = convolution.weight.to(rows.dtype), convolution.bias
    return functional.conv2d(
        rows, weight, None if bias is None else bias.to(rows.dtype), padding=(0, convolution.kernel_size[1] // 2)
    )


def before_shuffle(weight: Tensor) -> Tensor:
    """Weights of a convolution that follows a shuffle by 2, as one that comes before it.

    ``(O, C, k, k)`` with an odd k -> ``(4 O, 4 C, K, K)``. A pixel in row 2y + p of the large picture sees row
    2y + p + d, which is row y + (p + d) // 2 of the small one, in the channel of the row's parity.
    """
    outputs, inputs, side, _ = weight.shape
    radius, reach = side // 2, _reach(side)
    rearranged = weight.new_zeros(outputs, 2, 2, inputs, 2, 2, 2 * reach + 1, 2 * reach + 1)
    for row, column in product(range(2), repeat=2):
        for down, right in product(range(-radius, radius + 1), repeat=2):
            (y, odd_y), (x, odd_x) = divmod(row + down, 2), divmod(column + right, 2)
            tap = weight[:, :, down + radius, right + radius]
            rearranged[:, row, column, :, odd_y, odd_x, y + reach, x + reach] = tap
    return rearranged.reshape(4 * outputs, 4 * inputs, 2 * reach + 1, 2 * reach + 1)


def _reach(side: int) -> int:
    """How many pixels of the small picture a convolution of the large one reaches over."""
    return (side // 2 + 1) // 2


def srresnet(tensors: Mapping[str, Tensor]) -> ResidualNet:
    """SRResNet or SRGAN for x4 with batch normalisation folded into the convolutions; eval mode, frozen."""
    return _filled(ResidualNet(doublings=2, side=9, slopes=True, bounded=True), tensors)


def edsr(scale: int) -> Callable[[Mapping[str, Tensor]], ResidualNet]:
    """A builder of EDSR for x2 or x4; eval mode, frozen. Its mean colour is not used, as in super-image's own code."""
    return lambda tensors: _filled(ResidualNet(doublings=scale // 2, side=3, slopes=False, bounded=False), tensors)


def edsr_keys(scale: int) -> dict[str, str]:
    """Our names of EDSR's convolutions -> those of super-image's files."""
    names = {"head": "head.0", "body": f"body.{BLOCKS}", "tail": "tail.1"}
    for block in range(BLOCKS):
        names |= {f"blocks.{block}.first": f"body.{block}.body.0", f"blocks.{block}.second": f"body.{block}.body.2"}
    return names | {f"doublings.{index}.convolution": f"tail.0.{2 * index}" for index in range(scale // 2)}


def _filled(net: ResidualNet, tensors: Mapping[str, Tensor]) -> ResidualNet:
    """The net with the tensors of a file, which has the last convolution as the papers draw it."""
    mine = dict(tensors)
    mine["tail.weight"] = before_shuffle(mine["tail.weight"])
    mine["tail.bias"] = mine["tail.bias"].repeat_interleave(4)
    for name in [name for name in mine if name.startswith("doublings") and name.endswith("activation.weight")]:
        mine[name] = mine[name].repeat_interleave(4)  # a slope for each of the four places that a channel becomes
    net.load_state_dict(mine)
    return net.eval().requires_grad_(False)
