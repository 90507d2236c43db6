"""Convolutions together with an activation or a doubling, and other forms that are quicker than torch's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional


def exact(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    """A convolution in float32, whatever format its weights are kept in.

    A network that calculates in bfloat16 takes its picture in and gives it out by this: eight bits are enough for
    features, and are seen in a picture.
    """
    bias = None if convolution.bias is None else convolution.bias.float()
    padding = convolution.padding if isinstance(convolution.padding, str) else tuple(convolution.padding)
    return functional.conv2d(
        features.float(), convolution.weight.float(), bias, convolution.stride, padding, convolution.dilation
    )


@lru_cache
def rectifying_operator(kind: torch.dtype) -> Callable[..., Tensor] | None:
    """The processor's convolution with an activation in it, or None where there is none for this number format."""
    try:
        operator: Callable[..., Tensor] = torch.ops.mkldnn._convolution_pointwise
        one = torch.ones(1, 1, 1, 1, dtype=kind)
        operator(one, one, None, [0, 0], [1, 1], [1, 1], 1, "relu", [], "")
    except (AttributeError, RuntimeError):
        return None
    return operator


def rectified(convolution: nn.Module, features: Tensor, slope: float = 0.0) -> Tensor:
    """A convolution and its rectifier; without gradients in one, where the processor can.

    Reading a large map and writing it again takes as long as calculating it.

    Args:
        convolution: zeros are around it, if anything.
        features: ``(B, C, H, W)``.
        slope: of the rectifier below zero.
    """
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(convolution.padding, tuple)
    geometry = convolution.stride, convolution.padding, convolution.dilation, convolution.groups
    return rectified_with(features, convolution.weight, convolution.bias, geometry, slope)


Geometry = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int]
"""Stride, padding, dilation and groups of a convolution."""


def rectified_with(
    features: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry, slope: float = 0.0
) -> Tensor:
    """:func:`rectified` with weights ``(D, C / groups, k, k)`` that are no module's."""
    operator = None
    plain = torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
    if features.device.type == "cpu" and not plain and weight.dtype == features.dtype:
        operator = rectifying_operator(features.dtype)
    if operator is None:
        output = functional.conv2d(features, weight, bias, *geometry)
        return functional.leaky_relu_(output, slope) if slope else functional.relu_(output)
    stride, padding, dilation, groups = geometry
    kind, slopes = ("leaky_relu", [slope]) if slope else ("relu", [])
    return operator(features, weight, bias, [*padding], [*stride], [*dilation], groups, kind, slopes, "")


FEW = 8
"""Output channels up to which :func:`few_outputs` is quicker than the convolution itself."""
REGISTER = 16
"""Output channels that a CPU's kernels calculate at least, however few are wanted."""


def few_outputs(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    """A convolution without padding, at half to a third of its time on a CPU where it has up to eight output channels.

    Those of two or four neighbouring places are the channels of one wider convolution with a larger stride; what it
    gives in channels_last is the wanted picture, row after row.

    Args:
        convolution: with its weight ``(D, C, k, k)``.
        features: ``(B, C, H, W)``.
    """
    weight, bias, stride = convolution.weight, convolution.bias, convolution.stride[0]
    outputs, side = weight.shape[0], weight.shape[3]
    neighbours = 2 if outputs > REGISTER // 4 else 4
    plain = outputs > FEW or stride > 1 or features.device.type != "cpu"
    if plain or (features.shape[3] - side + 1) % neighbours:
        output: Tensor = convolution(features)
        return output
    moved = [functional.pad(weight, (place, neighbours - 1 - place)) for place in range(neighbours)]
    biases = None if bias is None else bias.repeat(neighbours)
    wide = functional.conv2d(features, torch.cat(moved), biases, (1, neighbours))
    batch, _, height, _ = wide.shape
    return wide.permute(0, 2, 3, 1).reshape(batch, height, -1, outputs).permute(0, 3, 1, 2)


def of_doubled(convolution: nn.Module, features: Tensor) -> Tensor:
    """A convolution of a picture made twice as large by nearest neighbour; on a CPU in a half to a fifth of the time.

    The larger picture is not made. Two of the three rows, and of the columns, that an output sees are one of the small
    picture, so their weights are added up: a kernel for the even rows and one for the odd, each with the outputs of
    two neighbouring places.

    Args:
        convolution: with its weight ``(D, C, 3, 3)``; its own padding does not count.
        features: ``(B, C, H + 2, W + 2)``: with a border of zeros where the doubled picture is to have one, or of the
            outermost pixels, repeated, where that border is a reflected one.

    Returns:
        ``(B, D, 2 * H, 2 * W)``.
    """
    assert isinstance(convolution, nn.Conv2d)
    above, middle, below = convolution.weight.unbind(2)
    biases = None if convolution.bias is None else convolution.bias.repeat(2)
    halves = []
    for start, rows in enumerate(((above, middle + below), (above + middle, below))):
        left, centre, right = torch.stack(rows, 2).unbind(3)
        none = torch.zeros_like(left)
        first, second = (left, centre + right, none), (none, left + centre, right)
        weight = torch.cat((torch.stack(first, 3), torch.stack(second, 3)))
        half = functional.conv2d(features[:, :, start : features.shape[2] - 1 + start], weight, biases)
        halves.append(half.permute(0, 2, 3, 1))
    both = torch.stack(halves, 2)
    batch, height, _, width, _ = both.shape
    return both.reshape(batch, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)
