"""MI-GAN's generator for 512 x 512 pixels (Sargsyan et al. 2023): fills holes in one pass.

An encoder halves the picture seven times, a synthesis network doubles it again and takes the encoder's features on its
way; all convolutions are separable (figure 3). Reading the published graph: every activation is a leaky ReLU times the
square root of 2 (which is part of the weights here); halving and doubling go through the binomial filter 1 3 3 1. Its
activations are also cut off at 256, for the sake of float16; those of photographs, noise and flat colours with holes of
all kinds stay below 50, and our number formats need no such limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.convolutions import rectified

SIDE = 512
"""Side in pixels of the square pictures that the network was trained for; the learned noise has this size, too."""
SIDES = (512, 256, 128, 64, 32, 16, 8, 4)
BAND = 256
"""Rows of the largest maps that a CPU calculates at once, a divisor of 512: in float32 all of them are more than what
is kept of freed memory (:mod:`engine.hardware.allocator`), and take twice as long."""
REACH = 4
"""Rows of a band's neighbours that its values depend on: a convolution of side 3 at half the size, doubling, and one
more at full size; fewer where the picture is halved."""
ALL = slice(None)
"""All rows."""
SLOPE = 0.2
"""Of every activation below zero."""
WIDTHS = {512: 64, 256: 128, 128: 256}
"""Channels at each side; 512 below."""


def _width(side: int) -> int:
    return WIDTHS.get(side, 512)


def _binomial(features: Tensor) -> Tensor:
    """The filter 1 3 3 1 in both directions, as the weights of a depthwise convolution; its sum is 1."""
    line = features.new_tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return (line[:, None] * line).expand(features.shape[1], 1, 4, 4)


def halved(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, H / 2, W / 2)``."""
    return functional.conv2d(features, _binomial(features), stride=2, padding=1, groups=features.shape[1])


def doubled(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, 2H, 2W)``: zeros between the pixels, then the filter, times 4; without gradients."""
    return _doubled_along(_doubled_along(features, 2), 3)


def _doubled_along(features: Tensor, dim: int) -> Tensor:
    """Each value becomes two: three quarters of itself and a quarter of a neighbour, of nothing beyond the border.

    Written line by line, for torch's kernels of bilinear interpolation take twice to three times as long.
    """
    size = list(features.shape)
    last = size[dim] - 1
    size[dim] *= 2
    larger = torch.empty(size, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)
    ones, others = (larger.transpose(0, dim)[parity::2].transpose(0, dim) for parity in range(2))
    before, after = features.narrow(dim, 0, last), features.narrow(dim, 1, last)
    torch.lerp(after, before, 0.25, out=ones.narrow(dim, 1, last))
    torch.lerp(before, after, 0.25, out=others.narrow(dim, 0, last))
    torch.mul(features.narrow(dim, 0, 1), 0.75, out=ones.narrow(dim, 0, 1))
    torch.mul(features.narrow(dim, last, 1), 0.75, out=others.narrow(dim, last, 1))
    return larger


class Separable(nn.Module):
    """A convolution for each channel, one across the channels, activations behind both; may halve or double.

    Args:
        inputs: channels before.
        outputs: channels after.
        resize: :func:`halved` (between the convolutions), :func:`doubled` (behind both), or nothing.
        noise: side of a learned pattern that is added before the last activation; 0 for none.
    """

    def __init__(self, inputs: int, outputs: int, *, resize: str = "", noise: int = 0) -> None:
        super().__init__()
        self.depth = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.point = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.noise = nn.Parameter(torch.zeros(noise, noise)) if noise else None
        self._resize = resize

    def forward(self, features: Tensor, rows: slice = ALL) -> Tensor:
        """See the class; ``rows`` are those of the pattern where only some are calculated."""
        features = rectified(self.depth, features, SLOPE)
        if self._resize == "halved":
            features = halved(features)
        if self.noise is None and self._resize != "doubled":
            return rectified(self.point, features, SLOPE)
        features = self.point(features)
        if self._resize == "doubled":
            features = doubled(features)
        if self.noise is not None:
            features.add_(self.noise[rows])
        return functional.leaky_relu_(features, SLOPE)


class MIGAN(nn.Module):
    """Mask and picture ``(B, 4, 512, 512)`` -> picture ``(B, 3, 512, 512)`` in about [-1, 1]; without gradients.

    Channel 0 is 0.5 where the picture is known and -0.5 in the hole; the others are the picture in [-1, 1], 0 there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, _width(SIDE), 1)
        self.encoder = nn.ModuleList(
            nn.ModuleList([
                Separable(_width(side), _width(side)),
                Separable(_width(side), _width(side // 2), resize="halved" if side > 4 else ""),
            ])
            for side in SIDES
        )  # fmt: skip
        self.synthesis = nn.ModuleList(
            nn.ModuleList([
                Separable(_width(max(side // 2, 4)), _width(side), resize="doubled" if side > 4 else "",
                          noise=side if side > 4 else 0),
                Separable(_width(side), _width(side), noise=side if side > 4 else 0),
                nn.Conv2d(_width(side), 3, 1),
            ])
            for side in reversed(SIDES)
        )  # fmt: skip

    @torch.no_grad()
    def forward(self, masked: Tensor) -> Tensor:
        """Fill."""
        kept, features = _in_bands(lambda rows: self._encoded(0, masked[:, :, rows]), masked)
        beside = [kept]
        for stage in range(1, len(SIDES)):
            kept, features = self._encoded(stage, features)
            beside.append(kept)
        last = len(SIDES) - 1
        picture, features = self._synthesised(0, features, beside.pop())
        for stage in range(1, last):
            rgb, features = self._synthesised(stage, features, beside.pop())
            picture = doubled(picture) + rgb

        def finest(rows: slice) -> tuple[Tensor, ...]:
            halves = slice(rows.start // 2, rows.stop // 2)
            return self._synthesised(last, features[:, :, halves], beside[0][:, :, rows], rows)[:1]

        return doubled(picture) + _in_bands(finest, masked)[0]

    def _encoded(self, stage: int, features: Tensor) -> tuple[Tensor, Tensor]:
        """What the synthesis takes of a stage of the encoder, and what the next stage does."""
        inner, outer = _parts(self.encoder[stage])
        kept = inner(features if stage else rectified(self.first, features, SLOPE))
        return kept, outer(kept)

    def _synthesised(self, stage: int, features: Tensor, beside: Tensor, rows: slice = ALL) -> tuple[Tensor, Tensor]:
        """Colours of a stage of the synthesis, and what the next stage takes."""
        inner, outer, colour = _parts(self.synthesis[stage])
        features = outer(inner(features, rows).add_(beside), rows)
        return colour(features), features


def _in_bands(work: Callable[[slice], tuple[Tensor, ...]], picture: Tensor) -> tuple[Tensor, ...]:
    """Maps of all rows of a picture ``(B, C, H, W)``; on a CPU some rows at a time.

    Args:
        work: from rows to maps, as high or half as high.
        picture: whose rows they are.
    """
    height = picture.shape[2]
    if picture.device.type != "cpu":
        return work(slice(0, height))
    whole: list[Tensor] = []
    for top in range(0, height, BAND):
        first, end = max(top - REACH, 0), min(top + BAND + REACH, height)
        maps = work(slice(first, end))
        steps = [(end - first) // each.shape[2] for each in maps]
        if not whole:
            sizes = [(*each.shape[:2], height // step, each.shape[3]) for each, step in zip(maps, steps, strict=True)]
            kind, form = maps[0].dtype, torch.channels_last
            whole = [torch.empty(size, dtype=kind, memory_format=form) for size in sizes]
        for all_rows, each, step in zip(whole, maps, steps, strict=True):
            own = slice((top - first) // step, (top - first + BAND) // step)
            all_rows[:, :, top // step : (top + BAND) // step] = each[:, :, own]
    return tuple(whole)


def _parts(stage: nn.Module) -> list[nn.Module]:
    assert isinstance(stage, nn.ModuleList)
    return list(stage)


def _activates(name: str) -> bool:
    """Whether an activation follows a parameter: its factor, the square root of 2, is part of the parameter then."""
    return "depth" in name or "point" in name or "noise" in name or name.startswith("first")


def build(tensors: Mapping[str, Tensor]) -> MIGAN:
    """The net in eval mode, frozen."""
    net = MIGAN()
    net.load_state_dict({name: math.sqrt(2) * value if _activates(name) else value for name, value in tensors.items()})
    return net.eval().requires_grad_(False)
