"""Maps of features and of gradients as bytes; see :mod:`engine.nets.eight_bits`. All are channels_last."""

from __future__ import annotations

import torch
from torch import Tensor

FEATURE_MAX, GRADIENT_MAX = 255, 127
"""Largest whole numbers of features and, to both sides, of gradients and weights."""
ZERO = 128
"""Byte that stands for a gradient of 0 where bytes have no sign."""
TINY = 1e-30
"""Size of what would be 0 and is divided by."""
PART = 2**20
"""Features that are turned into bytes at a time, so that they stay in a processor's cache."""


def encoded(value: Tensor, multiplier: Tensor) -> Tensor:
    """Features ``(B, C, H, W)`` of at least 0, multiplied by ``(C,)``, as the nearest whole numbers up to 255."""
    codes = torch.empty_like(value, dtype=torch.uint8, memory_format=torch.channels_last)
    multiplier = multiplier.view(1, -1, 1, 1)
    for lines in _bands(value):
        scaled = (value[:, :, lines] * multiplier).round_().clamp_(max=FEATURE_MAX)
        signed = scaled.sub_(ZERO).to(torch.int8)  # several times as quick as to bytes without a sign
        torch.bitwise_xor(signed.view(torch.uint8), ZERO, out=codes[:, :, lines])
    return codes


def highest(codes: Tensor) -> int:
    """The largest of these bytes."""
    return int(codes.permute(0, 2, 3, 1).flatten().max())


def largest_of(gradient: Tensor) -> float:
    """The largest value to either side, above 0."""
    values = gradient.permute(0, 2, 3, 1).flatten()
    return max(-float(values.min()), float(values.max()), TINY)


def quantise(gradient: Tensor, scale: float, entered: Tensor, out: Tensor) -> None:
    """A gradient as whole numbers with a sign and this scale; 0 where a rectifier gave 0."""
    for lines in _bands(gradient):
        scaled = (gradient[:, :, lines] * (1 / scale)).round_().to(torch.int8)
        torch.mul(scaled, entered[:, :, lines].bool().view(torch.int8), out=out[:, :, lines])


def _bands(value: Tensor) -> list[slice]:
    """Lines of ``(B, C, H, W)`` that are worked on at a time."""
    lines = max(1, PART // (value.shape[0] * value.shape[1] * value.shape[3]))
    return [slice(top, top + lines) for top in range(0, value.shape[2], lines)]


def framed(like: Tensor, frame: int) -> Tensor:
    """Zeros with a sign, ``(B, C, H + 2 * frame, W + 2 * frame)``."""
    batch, channels, height, width = like.shape
    shape = batch, channels, height + 2 * frame, width + 2 * frame
    return torch.empty(shape, dtype=torch.int8, memory_format=torch.channels_last).zero_()


def _quarters(codes: Tensor) -> list[Tensor]:
    """The four of each square ``(B, C, 2 * h, 2 * w)``, each ``(B, C, h, w)``; an odd line at the end is left out."""
    height, width = (side // 2 * 2 for side in codes.shape[2:])
    return [codes[:, :, row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]


def largest_of_four(codes: Tensor) -> Tensor:
    """The largest of each four."""
    first, second, third, fourth = _quarters(codes)
    return torch.maximum(torch.maximum(first, second), torch.maximum(third, fourth))


def unpool(slopes: Tensor, pooled: Tensor, whole: Tensor, out: Tensor) -> None:
    """Slopes of the largest of each four, written to the first that is as large; ``out`` has zeros before."""
    free = torch.ones_like(pooled, dtype=torch.bool)
    for values, places in zip(_quarters(whole), _quarters(out), strict=True):
        largest = (values == pooled).logical_and_(free)
        torch.mul(slopes, largest.view(torch.int8), out=places)
        free.logical_xor_(largest)
