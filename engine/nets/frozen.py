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

from engine.nets.convolutions import rectified_with

Padding = Literal["zeros", "replicate", "reflect"]
BAND = 2**25
"""Features of a band of a large picture on the way back."""


class _Rectified(torch.autograd.Function):
    """A convolution of side 3 that keeps the size, and its rectifier."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, weight: Tensor, bias: Tensor, padding: Padding) -> Tensor:
        around, zeros = (value, (1, 1)) if padding == "zeros" else (padded(value, padding), (0, 0))
        result = rectified_with(around, weight, bias, ((1, 1), zeros, (1, 1), 1))
        ctx.save_for_backward(result, weight)
        ctx.padding = padding
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        result, weight = ctx.saved_tensors
        whole = _before_both(gradients[0], result, weight)
        return folded(whole, ctx.padding), None, None, None


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
    return functional.conv2d(padded(value, padding), weight, bias)


def padded(value: Tensor, padding: Padding) -> Tensor:
    """One more pixel on every side; of any number format."""
    if padding == "replicate" and value.is_cuda:
        # CUDA's own kernel adds up border gradients in any order: the same seed would not give the same picture.
        value = torch.cat((value[..., :1, :], value, value[..., -1:, :]), dim=2)
        return torch.cat((value[..., :1], value, value[..., -1:]), dim=3)
    return functional.pad(value, (1, 1, 1, 1), mode="constant" if padding == "zeros" else padding)


def _before_both(gradient: Tensor, result: Tensor, weight: Tensor) -> Tensor:
    """Gradient of what a convolution got, its continued borders too, from that of the rectifier's result.

    A large picture goes band by band, each with the two lines that it shares with the one above: what is between
    rectifier and convolution is never there as a whole.
    """
    batch, channels, height, width = gradient.shape
    lines = max(1, BAND // (channels * width))

    def lines_before(top: int, bottom: int) -> Tensor:
        first, last = max(0, top - 2), min(height, bottom)
        between = torch.ops.aten.threshold_backward(gradient[:, :, first:last], result[:, :, first:last], 0)
        size = (batch, weight.shape[1], last - first + 2, width + 2)
        before: Tensor = conv2d_input(size, weight, between)  # type: ignore[no-untyped-call]
        return before[:, :, top - first : bottom - first]

    if height + 2 <= lines:
        return lines_before(0, height + 2)
    size = (batch, weight.shape[1], height + 2, width + 2)
    whole = gradient.new_empty(size).contiguous(memory_format=torch.channels_last)
    for top in range(0, height + 2, lines):
        bottom = min(top + lines, height + 2)
        whole[:, :, top:bottom] = lines_before(top, bottom)
    return whole


def folded(whole: Tensor, padding: Padding) -> Tensor:
    """Gradient of what was continued at its borders: theirs goes to the pixels that they were copied from.

    A view of ``whole``, ``(B, C, H + 2, W + 2)``, which is written to.
    """
    source = {"zeros": 0, "replicate": 1, "reflect": 2}[padding]
    for dim in (2, 3) if source else ():
        last = whole.shape[dim] - 1
        whole.narrow(dim, source, 1).add_(whole.narrow(dim, 0, 1))
        whole.narrow(dim, last - source, 1).add_(whole.narrow(dim, last, 1))
    return whole[..., 1:-1, 1:-1]
