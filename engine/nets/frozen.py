"""Layers of a frozen network for a descent on the picture: they keep for the way back their result, and nothing else.

Torch's own layers keep what their weights' gradients would need, and an index of eight bytes for each pooled feature:
two thirds of the memory of a large picture's descent. Values and gradients are those of torch's own layers.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.grad import conv2d_input

Padding = Literal["zeros", "replicate", "reflect"]
BAND_PIXELS = 2**20
"""Pixels of a band in which the gradient of a larger layer is computed, so that its copies stay small."""


class _Rectified(torch.autograd.Function):
    """A convolution of side 3 that keeps the size, and its rectifier."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, weight: Tensor, bias: Tensor, padding: Padding) -> Tensor:
        result = functional.relu(convolved(value, weight, bias, padding), inplace=True)
        ctx.save_for_backward(result, weight)
        ctx.padding = padding
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        result, weight = ctx.saved_tensors
        (gradient,) = gradients
        batch, _, height, width = gradient.shape
        rows = height if height * width <= BAND_PIXELS else max(1, BAND_PIXELS // width)
        if rows >= height:
            return _back(gradient, result, weight, ctx.padding, 0, height), None, None, None
        shape, kind = (batch, weight.shape[1], height, width), torch.channels_last
        back = torch.empty(shape, dtype=gradient.dtype, device=gradient.device, memory_format=kind)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            back[:, :, top:bottom] = _back(gradient, result, weight, ctx.padding, top, bottom)
        return back, None, None, None


class _MaxPooled(torch.autograd.Function):
    """The largest of each four; which one it was is looked up again on the way back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        ctx.save_for_backward(value)
        return functional.max_pool2d(value, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (value,) = ctx.saved_tensors
        sides = [2, 2], [2, 2], [0, 0], [1, 1], False
        _, indices = torch.ops.aten.max_pool2d_with_indices(value, *sides)
        back: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(gradients[0], value, *sides, indices)
        return back


def rectified(value: Tensor, weight: Tensor, bias: Tensor, padding: Padding) -> Tensor:
    """Convolution and rectifier with weights ``(D, C, 3, 3)`` that are not learnt.

    Args:
        value: ``(B, C, H, W)``.
        weight: see above.
        bias: ``(D,)``.
        padding: how the borders are continued.

    Returns:
        ``(B, D, H, W)``.
    """
    result: Tensor = _Rectified.apply(value, weight, bias, padding)
    return result


def max_pooled(value: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, H / 2, W / 2)``."""
    result: Tensor = _MaxPooled.apply(value)
    return result


def convolved(value: Tensor, weight: Tensor, bias: Tensor, padding: Padding) -> Tensor:
    """The convolution alone; see :func:`rectified`."""
    if padding == "zeros":
        return functional.conv2d(value, weight, bias, padding=1)
    return functional.conv2d(_padded(value, padding), weight, bias)


def _padded(value: Tensor, padding: Padding) -> Tensor:
    """One more pixel on every side."""
    if padding == "replicate" and value.is_cuda:
        # CUDA's own kernel adds up border gradients in any order: the same seed would not give the same picture.
        value = torch.cat((value[..., :1, :], value, value[..., -1:, :]), dim=2)
        return torch.cat((value[..., :1], value, value[..., -1:]), dim=3)
    return functional.pad(value, (1, 1, 1, 1), mode=padding)


def _back(gradient: Tensor, result: Tensor, weight: Tensor, padding: Padding, top: int, bottom: int) -> Tensor:
    """Gradient of the rows from ``top`` to ``bottom`` of what was convolved.

    Args:
        gradient: of the result, ``(B, D, H, W)``.
        result: of convolution and rectifier.
        weight: ``(D, C, 3, 3)``.
        padding: how the borders were continued.
        top: first row.
        bottom: row after the last one.
    """
    height = gradient.shape[2]
    first, last = max(0, top - 1), min(height, bottom + 1)
    rows = slice(first, last)
    part = torch.ops.aten.threshold_backward(gradient[:, :, rows], result[:, :, rows], 0)
    size = (part.shape[0], weight.shape[1], part.shape[2] + 2, part.shape[3] + 2)
    whole: Tensor = conv2d_input(size, weight, part)  # type: ignore[no-untyped-call]
    if padding != "zeros":
        source = 1 if padding == "replicate" else 2
        _fold(whole, source, dim=2, start=first == 0, end=last == height)
        _fold(whole, source, dim=3, start=True, end=True)
    return whole[:, :, top - first + 1 : bottom - first + 1, 1:-1]


def _fold(whole: Tensor, source: int, *, dim: int, start: bool, end: bool) -> None:
    """Give the gradient of a continued border to the pixels that it was copied from, ``source`` pixels further in."""
    last = whole.shape[dim] - 1
    if start:
        whole.narrow(dim, source, 1).add_(whole.narrow(dim, 0, 1))
    if end:
        whole.narrow(dim, last - source, 1).add_(whole.narrow(dim, last, 1))
