"""A frozen network's rectified convolutions in bytes, for a descent on the picture on a CPU.

Processors with dot products of bytes (measured: AVX-512 VNNI) calculate a convolution of bytes twice as quickly as one
in bfloat16, and four times as quickly as one in float32. A real value is a scale times a whole number (Jacob et al.
2018, "Quantization and training of neural networks for efficient integer-arithmetic-only inference", equation 1):
features 0 to 255, weights -127 to 127 with a scale for each output, gradients -127 to 127. What a loss is made of keeps
the network's own number format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from engine.nets import byte_maps
from engine.nets.byte_maps import FEATURE_MAX, GRADIENT_MAX, TINY, ZERO
from engine.nets.frozen import Padding, folded, padded

SMOOTHING = 0.7
"""How much of the differences between channels goes into the weights."""
HEADROOM = 1.5
"""How much larger than any of its targets' the features of a picture on its way may be before scales grow. (What was
cut off would be lost to the descent, which would raise it further.)"""
RENEWED = 40
"""Gradients after which it is looked again how their channels differ, which changes while a picture does."""
GROWTH = 2.0**20
"""How much larger than its least a scale may become: what is larger still is no picture any more."""
LEAST = 1e-3
"""Size of a channel, relative to the largest, below which all are the same."""


@dataclass(frozen=True)
class Packed:
    """Weights ``(D, C, 3, 3)`` as the processor wants them, for a convolution without borders."""

    weight: Tensor
    scales: Tensor
    zero_points: Tensor
    bias: Tensor
    zero_point: int
    """Byte that stands for 0 in what the convolution gets."""

    @staticmethod
    def of(weight: Tensor, bias: Tensor, *, zero_point: int = 0) -> Packed:
        """From weights and bias in floating point."""
        scales = weight.abs().amax((1, 2, 3)).clamp_min(TINY) / GRADIENT_MAX
        codes = (weight / scales.view(-1, 1, 1, 1)).round().to(torch.int8)
        ones = [1, 1]
        packed = torch.ops.onednn.qconv_prepack(codes, scales, 1.0, zero_point, ones, [0, 0], ones, 1, None)
        return Packed(packed, scales, torch.zeros(len(scales), dtype=torch.int32), bias, zero_point)

    def __call__(
        self, codes: Tensor, scale: float, dtype: torch.dtype, *, output_scale: float = 1.0, post_op: str = "none"
    ) -> Tensor:
        """Bytes ``(B, C, H + 2, W + 2)`` with this scale -> ``(B, D, H, W)``, bytes or floating point."""
        ones = [1, 1]
        result: Tensor = torch.ops.onednn.qconv2d_pointwise(
            codes, scale, self.zero_point, self.weight, self.scales, self.zero_points, self.bias,
            ones, [0, 0], ones, 1, output_scale, 0, dtype, post_op, [], "",
        )  # fmt: skip
        return result


class WayBack:
    """What brings gradients back through a convolution.

    How their channels differ is what the first one says, and after :data:`RENEWED` of them the next.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution
        self._packed: Packed | None = None
        self._factors = torch.empty(0)
        self._uses = 0

    def factors(self, gradient: Tensor) -> Tensor:
        """What each channel of gradients ``(B, D, H, W)`` is multiplied by: ``(1, D, 1, 1)``."""
        if self._uses % RENEWED == 0:
            turned = _exact(self._convolution)[0].flip(2, 3).transpose(0, 1)
            largest = gradient.abs().amax((0, 2, 3)).float()
            self._factors = _factors(turned, largest).view(1, -1, 1, 1).to(gradient.dtype)
            self._packed = Packed.of(turned / self._factors.float(), torch.zeros(len(turned)), zero_point=ZERO)
        self._uses += 1
        return self._factors

    def __call__(self, codes: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
        """Bytes ``(B, D, H + 4, W + 4)`` -> the gradient ``(B, C, H + 2, W + 2)`` of what the convolution got."""
        assert self._packed is not None
        return self._packed(codes, scale, dtype)


@dataclass
class Link:
    """One convolution of a stretch."""

    forwards: Packed
    back: WayBack
    least: float
    """Scale that is enough for the targets."""
    scale: float
    """Of the bytes that it gets: the least, or 2, 4, 8 ... times as much."""
    pooled: bool
    """Whether it gets the largest of each four of what the one before it gives."""

    def fits(self, codes: Tensor) -> bool:
        """Whether such bytes are neither cut off nor all of them small; if not, the scale is another one now."""
        highest = byte_maps.highest(codes)
        if highest == FEATURE_MAX and self.scale < GROWTH * self.least:
            self.scale *= 2
            return False
        if highest < FEATURE_MAX // 4 and self.scale > self.least:
            self.scale /= 2
            return False
        return True


@dataclass
class Stretch:
    """Convolutions with their rectifiers, one after the other; between them there are only bytes. Of one run."""

    links: Sequence[Link]
    multiplier: Tensor
    """``(C,)``: what the first one's features are multiplied by to be bytes of its least scale."""

    @staticmethod
    def of(convolutions: Sequence[nn.Conv2d], largest: Sequence[Tensor], pooled: Sequence[bool]) -> Stretch:
        """Weights in bytes for features up to a size.

        Args:
            convolutions: each of side 3 with a bias.
            largest: of each its largest features ``(C,)``, channel by channel; :data:`HEADROOM` is allowed for.
            pooled: of each whether it gets the largest of each four of what the one before it gives; not of the first.
        """
        # Rectifiers and the largest of four are the same for any factor above 0.
        exact = [_exact(each) for each in convolutions]
        factors = [_factors(weight, features) for (weight, _), features in zip(exact, largest, strict=True)]
        highest = (float((features * factor).max()) for features, factor in zip(largest, factors, strict=True))
        scales = [HEADROOM * max(each, TINY) / FEATURE_MAX for each in highest]
        multiplier = (factors[0] / scales[0]).to(convolutions[0].weight.dtype)
        factors[0] = multiplier.float() * scales[0]  # as features are really multiplied
        after = [*factors[1:], torch.ones(len(exact[-1][1]))]
        links = []
        for index, (weight, bias) in enumerate(exact):
            weight = weight / factors[index].view(1, -1, 1, 1) * after[index].view(-1, 1, 1, 1)
            forwards = Packed.of(weight, bias * after[index])
            links.append(Link(forwards, WayBack(convolutions[index]), scales[index], scales[index], pooled[index]))
        return Stretch(tuple(links), multiplier)

    def entered(self, value: Tensor) -> Tensor:
        """Features ``(B, C, H, W)`` as the bytes that the first convolution gets."""
        first = self.links[0]
        while True:
            codes = byte_maps.encoded(value, self.multiplier * (first.least / first.scale))  # exact in any format
            if first.fits(codes):
                return codes

    def between(self, index: int, wide: Tensor) -> Tensor:
        """Bytes with their borders through a convolution, as those that the one after it gets, before any pooling."""
        link, following = self.links[index], self.links[index + 1]
        while True:
            codes = link.forwards(wide, link.scale, torch.uint8, output_scale=following.scale, post_op="relu")
            if following.fits(codes):
                return codes

    def __call__(self, value: Tensor, padding: Padding) -> Tensor:
        """Features after these convolutions.

        Args:
            value: ``(B, C, H, W)``, finite and not below zero, in the number format of the convolutions' weights,
                float32 or bfloat16; sides of two or more where borders are reflected.
            padding: how the borders are continued.

        Returns:
            ``(B, D, h, w)`` in the same format.
        """
        result: Tensor = _Convolutions.apply(value, self, padding)
        return result


def _factors(weight: Tensor, largest: Tensor) -> Tensor:
    """What each channel is multiplied by before it becomes bytes: ``(C,)``; the weights are divided by it.

    Where one channel has large values, all others would have few of the steps that there are. 1 / s of Xiao et al.
    2023, "SmoothQuant", equation 4.

    Args:
        weight: ``(D, C, 3, 3)``.
        largest: ``(C,)``, values of the channels.
    """
    steepness = weight.abs().amax((0, 2, 3))
    floors = [LEAST * float(each.max()) + TINY for each in (steepness, largest)]
    factors: Tensor = steepness.clamp_min(floors[0]) ** (1 - SMOOTHING) / largest.clamp_min(floors[1]) ** SMOOTHING
    return factors


def _exact(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    assert convolution.bias is not None
    return convolution.weight.detach().float(), convolution.bias.detach().float()


class _Convolutions(torch.autograd.Function):
    """Those of a stretch. Keeps for the way back the result and the bytes between."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, stretch: Stretch, padding: Padding) -> Tensor:
        links = stretch.links
        codes, kept = stretch.entered(value), []
        for index, following in enumerate(links[1:]):
            codes = stretch.between(index, padded(codes, padding))
            kept.append(codes)
            if following.pooled:
                codes = byte_maps.largest_of_four(codes)
                kept.append(codes)
        last = links[-1]
        result = last.forwards(padded(codes, padding), last.scale, value.dtype, post_op="relu")
        ctx.save_for_backward(result, *kept)
        ctx.links, ctx.padding = links, padding
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        whole, (entered, *kept) = gradients[0], ctx.saved_tensors
        gradient = whole = whole * ctx.links[-1].back.factors(whole)
        for index, link in reversed(list(enumerate(ctx.links))):
            scale = byte_maps.largest_of(whole) / GRADIENT_MAX
            pools = index + 1 < len(ctx.links) and ctx.links[index + 1].pooled
            pooled, entered = (entered, kept.pop()) if pools else (None, entered)
            framed = byte_maps.framed(entered, 2)
            slopes = framed[:, :, 2:-2, 2:-2]
            if pooled is None:
                byte_maps.quantise(gradient, scale, entered, slopes)
            else:
                few = torch.empty_like(pooled, dtype=torch.int8)
                byte_maps.quantise(gradient, scale, pooled, few)
                byte_maps.unpool(few, pooled, entered, slopes)
            whole = link.back(framed.view(torch.uint8).bitwise_xor_(ZERO), scale, gradient.dtype)
            if index:
                whole.mul_(ctx.links[index - 1].back.factors(whole))
                entered = kept.pop()
            gradient = folded(whole, ctx.padding)
        return gradient, None, None


@lru_cache
def works(dtype: torch.dtype) -> bool:
    """Whether this version of torch has the operators for a number format, and sums of bytes come out exactly.

    Processors without dot products of bytes add two products in 16 bits, which can overflow.
    """
    try:
        with torch.inference_mode(False), torch.enable_grad():
            convolution = nn.Conv2d(32, 32, 3, dtype=dtype, device="meta").to_empty(device="cpu").requires_grad_(False)
            assert convolution.bias is not None
            convolution.weight.fill_(1 / 288)
            convolution.bias.fill_(0.0)
            value = torch.ones(1, 32, 6, 6, dtype=dtype, requires_grad=True)
            result = Stretch.of([convolution] * 2, [torch.ones(32)] * 2, [False] * 2)(value, "replicate")
            (gradient,) = torch.autograd.grad(result.sum(), value)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return all(bool(((each - 1).abs() < 0.02).all()) for each in (result, gradient))
