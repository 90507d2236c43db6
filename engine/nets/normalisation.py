"""Instance normalisation: every channel of every picture to a mean and a standard deviation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

EPSILON = 1e-5
"""Added to a variance before it divides."""


class InstanceNormalisation(torch.autograd.Function):
    """To mean 0 and variance 1, with a backward that takes a twentieth of the time of torch's on a CPU."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        batch, channels, height, width = features.shape
        if features.device.type != "cpu":  # whose kernels know no channels_last
            features = features.contiguous()
        output, mean, inverse = torch.native_group_norm(
            features, None, None, batch, channels, height * width, channels, EPSILON
        )
        ctx.save_for_backward(features, mean, inverse)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """As large."""
        features, mean, inverse = ctx.saved_tensors
        mean, inverse = mean[:, :, None, None].float(), inverse[:, :, None, None].float()
        gradient, wide = gradients[0].float(), features.float()
        own = gradient.mean((2, 3), keepdim=True)
        along = ((gradient * wide).mean((2, 3), keepdim=True) - mean * own) * inverse
        slope = inverse.square() * along
        whole = (gradient * inverse).addcmul_(wide, -slope).add_(slope * mean - inverse * own)
        input_gradient: Tensor = whole.to(features.dtype)
        return input_gradient


NARROW = 8
"""Channels up to which normalisation in lanes is quicker than torch's kernel of group normalisation."""
LANES = 16
"""Neighbouring places that stand side by side as channels where there are few."""
Normalise = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""Index of the stage, features ``(B, C, H, W)``, scale and shift ``(1 or B, C)`` -> features."""


def normalised(index: int, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every channel of every picture to mean ``shift`` and standard deviation ``scale``."""
    learning = torch.is_grad_enabled() and (features.requires_grad or scale.requires_grad)
    if len(scale) == len(features) == 1 and not learning and features.device.type == "cpu" and len(scale[0]) <= NARROW:
        return _few_normalised(features, scale[0], shift[0])
    if len(scale) == 1 and not learning:
        # One group a channel is instance normalisation, and its kernel is much quicker than that of instance_norm.
        kind = features.dtype if features.device.type != "cpu" else scale.dtype  # only the CPU's mixes dtypes
        return functional.group_norm(features, features.shape[1], scale[0].to(kind), shift[0].to(kind), EPSILON)
    plain: Tensor = InstanceNormalisation.apply(features)
    scale, shift = scale.to(plain.dtype)[:, :, None, None], shift.to(plain.dtype)[:, :, None, None]
    return torch.addcmul(shift, plain, scale)


def channel_moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of every channel of one picture ``(1, C, H, W)``: ``(C,)`` each, float32 or wider.

    A CPU's kernels go through the channels of a place, and a few of them do not fill its registers: in channels_last,
    those of :data:`LANES` neighbouring places are the channels of one picture, whose moments are then put together.
    """
    wide = _in_lanes(features)
    kind = torch.promote_types(features.dtype, torch.float32)
    one = torch.ones(wide.shape[1], dtype=kind, device=features.device)
    _, means, inverse = torch.native_batch_norm(wide, one, 0 * one, None, None, True, 0.0, EPSILON)
    means, variances = (each.view(-1, features.shape[1]) for each in (means, inverse**-2 - EPSILON))
    mean = means.mean(0)
    return mean, (variances + (means - mean) ** 2).mean(0)


def _few_normalised(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """:func:`normalised` of one picture with few channels, on a CPU in a tenth of the time."""
    mean, variance = channel_moments(features)
    scale = scale * (variance + EPSILON).rsqrt()
    return scaled(features, scale.to(mean.dtype), (shift - mean * scale).to(mean.dtype))


def scaled(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every channel of one picture ``(1, C, H, W)`` times ``scale`` plus ``shift``, both ``(C,)``.

    By the kernel of batch normalisation, which knows channels_last and takes float32 beside 16 bits.
    """
    wide = _in_lanes(features)
    scales, shifts = (each.repeat(wide.shape[1] // len(each)) for each in (scale, shift))
    zero = torch.zeros_like(scales)
    whole = functional.batch_norm(wide, zero, zero + 1, scales, shifts, training=False, eps=0.0)
    return whole.permute(0, 2, 3, 1).reshape(features.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)


def _in_lanes(features: Tensor) -> Tensor:
    """``(1, C, H, W)`` -> ``(1, lanes * C, H, W / lanes)``; in channels_last, a view."""
    _, channels, height, width = features.shape
    lanes = math.gcd(width, LANES) if features.device.type == "cpu" else 1
    return features.permute(0, 2, 3, 1).reshape(1, height, width // lanes, lanes * channels).permute(0, 3, 1, 2)
