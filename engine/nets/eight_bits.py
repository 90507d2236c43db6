"""A frozen network's rectified convolutions in bytes, for a descent on the picture on a CPU.

Processors with dot products of bytes calculate a convolution of bytes twice as quickly as one in bfloat16, and four
times as quickly as one in float32. A real value is a scale times a whole number (Jacob et al. 2018, "Quantization and
training of neural networks for efficient integer-arithmetic-only inference", equation 1): features 0 to 255, weights
-127 to 127 with a scale for each output, gradients -127 to 127. What a loss is made of keeps the network's own format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from engine.nets.frozen import Padding, folded

BRIGHTEST, STEEPEST = 255, 127
"""Largest whole numbers of features and, to both sides, of gradients."""
ZERO = 128
"""Byte that stands for a gradient of 0: the operator takes bytes without a sign."""
PART = 2**20
"""Features that are turned into bytes at a time, so that they stay in a processor's cache."""


@dataclass(frozen=True)
class Packed:
    """Weights ``(D, C, 3, 3)`` as the processor wants them, for a convolution without borders."""

    weight: Tensor
    scales: Tensor
    zeros: Tensor
    bias: Tensor
    zero: int

    @staticmethod
    def of(weight: Tensor, bias: Tensor, *, zero: int = 0) -> Packed:
        """From weights and bias in floating point, for bytes among which ``zero`` stands for 0."""
        scales = weight.abs().amax((1, 2, 3)).clamp_min(TINY) / STEEPEST
        codes = (weight / scales.view(-1, 1, 1, 1)).round().to(torch.int8)
        ones = [1, 1]
        packed = torch.ops.onednn.qconv_prepack(codes, scales, 1.0, zero, ones, [0, 0], ones, 1, None)
        return Packed(packed, scales, torch.zeros(len(scales), dtype=torch.int32), bias, zero)

    def __call__(
        self, codes: Tensor, scale: float, kind: torch.dtype, *, to: float = 1.0, then: str = "none"
    ) -> Tensor:
        """The convolution of bytes that are worth ``scale``; bytes worth ``to``, or floating point, with ``then``."""
        ones = [1, 1]
        result: Tensor = torch.ops.onednn.qconv2d_pointwise(
            codes, scale, self.zero, self.weight, self.scales, self.zeros, self.bias,
            ones, [0, 0], ones, 1, to, 0, kind, then, [], "",
        )  # fmt: skip
        return result


class WayBack:
    """What brings gradients back through a convolution. The first gradient says how its channels differ."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._turned = _exact(convolution)[0].flip(2, 3).transpose(0, 1)
        self._packed: Packed | None = None
        self._shares = torch.empty(0)

    def shares(self, gradient: Tensor) -> Tensor:
        """What each channel of gradients ``(B, D, H, W)`` is multiplied by: ``(1, D, 1, 1)``."""
        if self._packed is None:
            largest = gradient.abs().amax((0, 2, 3)).float()
            self._shares = _shares(self._turned, largest).view(1, -1, 1, 1).to(gradient.dtype)
            weight = self._turned / self._shares.float()
            self._packed = Packed.of(weight, torch.zeros(len(weight)), zero=ZERO)
        return self._shares

    def __call__(self, codes: Tensor, worth: float, kind: torch.dtype) -> Tensor:
        """Bytes ``(B, D, H + 4, W + 4)`` -> the gradient ``(B, C, H + 2, W + 2)`` of what the convolution got."""
        assert self._packed is not None
        return self._packed(codes, worth, kind)


@dataclass(frozen=True)
class Link:
    """One convolution of a stretch."""

    forwards: Packed
    back: WayBack
    worth: float
    """Of 1 in the bytes that it gets."""
    pooled: bool
    """Whether it gets the largest of each four of what the one before it gives."""


@dataclass(frozen=True)
class Stretch:
    """Convolutions with their rectifiers, one after the other; between them there are only bytes."""

    links: Sequence[Link]
    shares: Tensor
    """``(C,)``: what the first one's features are multiplied by to be bytes."""

    @staticmethod
    def of(convolutions: Sequence[nn.Conv2d], largest: Sequence[Tensor], pooled: Sequence[bool]) -> Stretch:
        """Weights in bytes for features up to a size.

        Args:
            convolutions: each of side 3 with a bias.
            largest: of each its largest features ``(C,)``, channel by channel; some more is allowed for.
            pooled: of each whether it gets the largest of each four of what the one before it gives; not of the first.
        """
        # Rectifiers and the largest of four are the same for any share above 0.
        exact = [_exact(each) for each in convolutions]
        shares = [_shares(weight, features) for (weight, _), features in zip(exact, largest, strict=True)]
        highest = (float((features * share).max()) for features, share in zip(largest, shares, strict=True))
        worths = [HEADROOM * max(each, TINY) / BRIGHTEST for each in highest]
        first = (shares[0] / worths[0]).to(convolutions[0].weight.dtype)  # as features are multiplied by it
        shares[0] = first.float() * worths[0]
        after = [*shares[1:], torch.ones(len(exact[-1][1]))]
        links = []
        for index, (weight, bias) in enumerate(exact):
            weight = weight / shares[index].view(1, -1, 1, 1) * after[index].view(-1, 1, 1, 1)
            forwards = Packed.of(weight, bias * after[index])
            links.append(Link(forwards, WayBack(convolutions[index]), worths[index], pooled[index]))
        return Stretch(tuple(links), first)

    def __call__(self, value: Tensor, padding: Padding) -> Tensor:
        """``(B, C, H, W)``, not below zero -> ``(B, D, h, w)``, in its number format."""
        result: Tensor = _Passage.apply(value, self, padding)
        return result


SMOOTHING = 0.7
"""How much of the differences between channels goes into the weights."""
HEADROOM = 1.5
"""How much larger than any of its targets' the features of a picture on its way may be; what is cut off is lost to the
descent, which then raises it further."""
TINY = torch.finfo(torch.float32).tiny
LEAST = 1e-3
"""Size of a channel, relative to the largest, below which all are the same."""


def _shares(weight: Tensor, largest: Tensor) -> Tensor:
    """What each channel is multiplied by before it becomes bytes: ``(C,)``; the weights are divided by it.

    Where one channel has large values, all others would have few of the steps that there are (Xiao et al. 2023,
    "SmoothQuant", equation 4).

    Args:
        weight: ``(D, C, 3, 3)``.
        largest: ``(C,)``, values of the channels.
    """
    steepness = weight.abs().amax((0, 2, 3))
    floors = [LEAST * float(each.max()) + TINY for each in (steepness, largest)]
    shares: Tensor = steepness.clamp_min(floors[0]) ** (1 - SMOOTHING) / largest.clamp_min(floors[1]) ** SMOOTHING
    return shares


def _exact(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    assert convolution.bias is not None
    return convolution.weight.detach().float(), convolution.bias.detach().float()


class _Passage(torch.autograd.Function):
    """A value through a stretch. Keeps for the way back its result and the bytes between."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, stretch: Stretch, padding: Padding) -> Tensor:
        links = stretch.links
        codes, kept = _codes(value, stretch.shares), []
        for link, following in pairwise(links):
            codes = link.forwards(_bordered(codes, padding), link.worth, torch.uint8, to=following.worth, then="relu")
            kept.append(codes)
            if following.pooled:
                codes = _pooled(codes)
                kept.append(codes)
        last = links[-1]
        result = last.forwards(_bordered(codes, padding), last.worth, value.dtype, then="relu")
        ctx.save_for_backward(result, *kept)
        ctx.links, ctx.padding = links, padding
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        whole, (entered, *kept) = gradients[0], ctx.saved_tensors
        gradient = whole = whole * ctx.links[-1].back.shares(whole)
        for index, link in reversed(list(enumerate(ctx.links))):
            worth = _largest(whole) / STEEPEST
            pools = index + 1 < len(ctx.links) and ctx.links[index + 1].pooled
            pooled, entered = (entered, kept.pop()) if pools else (None, entered)
            framed = _framed(entered, torch.int8, frame=2).zero_()
            slopes = framed[:, :, 2:-2, 2:-2]
            if pooled is None:
                _quantise(gradient, worth, entered, slopes)
            else:
                few = torch.empty_like(pooled, dtype=torch.int8)
                _quantise(gradient, worth, pooled, few)
                _unpool(few, pooled, entered, slopes)
            whole = link.back(framed.view(torch.uint8).bitwise_xor_(ZERO), worth, gradient.dtype)
            if index:
                whole.mul_(ctx.links[index - 1].back.shares(whole))
                entered = kept.pop()
            gradient = folded(whole, ctx.padding)
        return gradient, None, None


def _codes(value: Tensor, shares: Tensor) -> Tensor:
    """Features ``(B, C, H, W)`` of at least 0 times the shares ``(C,)``, as the nearest whole numbers up to 255."""
    codes = torch.empty_like(value, dtype=torch.uint8, memory_format=torch.channels_last)
    darkest, shares = value.new_tensor(-ZERO), shares.view(1, -1, 1, 1)
    for lines in _bands(value):
        # To bytes with a sign: it is several times as quick as to those without.
        signed = torch.addcmul(darkest, value[:, :, lines], shares).round_().clamp_(max=BRIGHTEST - ZERO)
        torch.bitwise_xor(signed.to(torch.int8).view(torch.uint8), ZERO, out=codes[:, :, lines])
    return codes


def _largest(gradient: Tensor) -> float:
    """The largest value to either side, above 0."""
    values = gradient.permute(0, 2, 3, 1).flatten()
    return max(-float(values.min()), float(values.max()), TINY)


def _quantise(gradient: Tensor, worth: float, entered: Tensor, out: Tensor) -> None:
    """A gradient as whole numbers with a sign, each of which is worth as much; 0 where a rectifier gave 0."""
    for lines in _bands(gradient):
        scaled = (gradient[:, :, lines] * (1 / worth)).round_().to(torch.int8)
        torch.mul(scaled, entered[:, :, lines].bool().view(torch.int8), out=out[:, :, lines])


def _bands(value: Tensor) -> list[slice]:
    """Lines of ``(B, C, H, W)`` that are worked on at a time."""
    lines = max(1, PART // (value.shape[0] * value.shape[1] * value.shape[3]))
    return [slice(top, top + lines) for top in range(0, value.shape[2], lines)]


def _bordered(codes: Tensor, padding: Padding) -> Tensor:
    """One more pixel on every side."""
    wide = _framed(codes, torch.uint8, frame=1)
    wide[:, :, 1:-1, 1:-1] = codes
    source = {"zeros": 0, "replicate": 1, "reflect": 2}[padding]
    for dim in (2, 3):
        for edge, inner in ((0, source), (-1, -1 - source)):
            line = wide.select(dim, edge)
            line.copy_(wide.select(dim, inner)) if source else line.zero_()
    return wide


def _framed(like: Tensor, kind: torch.dtype, *, frame: int) -> Tensor:
    """Room for something of this size with a frame of so many pixels; nothing is written to it."""
    batch, channels, height, width = like.shape
    shape = batch, channels, height + 2 * frame, width + 2 * frame
    return torch.empty(shape, dtype=kind, memory_format=torch.channels_last)


def _quarters(codes: Tensor) -> list[Tensor]:
    """The four of each square ``(B, C, 2 * h, 2 * w)``, each ``(B, C, h, w)``; an odd line at the end is left out."""
    height, width = (side // 2 * 2 for side in codes.shape[2:])
    return [codes[:, :, row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]


def _pooled(codes: Tensor) -> Tensor:
    """The largest of each four."""
    first, second, third, fourth = _quarters(codes)
    return torch.maximum(torch.maximum(first, second), torch.maximum(third, fourth))


def _unpool(slopes: Tensor, pooled: Tensor, whole: Tensor, out: Tensor) -> None:
    """Slopes of the largest of each four, written to the first that is as large; ``out`` has zeros before."""
    free = torch.ones_like(pooled, dtype=torch.bool)
    for values, places in zip(_quarters(whole), _quarters(out), strict=True):
        largest = (values == pooled).logical_and_(free)
        torch.mul(slopes, largest.view(torch.int8), out=places)
        free.logical_xor_(largest)


@lru_cache
def works() -> bool:
    """Whether this version of torch has the operators, and sums of bytes come out exactly.

    Processors without dot products of bytes add two products in 16 bits, which can overflow.
    """
    try:
        with torch.inference_mode(False), torch.enable_grad():
            convolution = nn.Conv2d(32, 16, 3).requires_grad_(False)
            assert convolution.bias is not None
            convolution.weight.fill_(1.0)
            convolution.bias.fill_(0.0)
            value = torch.ones(1, 32, 4, 4, requires_grad=True)
            result = Stretch.of([convolution], [torch.ones(32)], [False])(value, "zeros")
            (gradient,) = torch.autograd.grad(result.sum(), value)
    except (AttributeError, RuntimeError, TypeError):
        return False
    inner = result[..., 1:-1, 1:-1] / (32 * 9), gradient[..., 1:-1, 1:-1] / (16 * 9)
    return all(bool(((each - 1).abs() < 1e-3).all()) for each in inner)
