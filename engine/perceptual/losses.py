"""Losses on pictures and on features; functions of tensors, no state.

Features come as ``(B, C, H, W)`` in any float dtype and memory format; every loss is a float32 scalar (float64 for
float64 input), so that a network in half precision can be compared without losing the small differences.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_TINY = 1e-12


class _Gram(torch.autograd.Function):
    """X^T X / N with half the backward of autograd's: the gradient of a Gram matrix is X (dG + dG^T), one product."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return rows.mT @ rows / rows.shape[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (rows,) = ctx.saved_tensors
        gradient = gradients[0]
        product: Tensor = rows @ ((gradient + gradient.mT) / rows.shape[1]).to(rows.dtype)
        return product


def gram_matrix(features: Tensor) -> Tensor:
    """Correlations between channels, averaged over the places (Gatys et al. 2016, equation 3, divided by H * W).

    The paper sums over places; the mean makes pictures of different sizes comparable, which lets a style picture of any
    size serve a result of any size.

    Args:
        features: ``(B, C, H, W)``.

    Returns:
        ``(B, C, C)`` in the dtype of the features.
    """
    batch, channels, height, width = features.shape
    if features.is_contiguous(memory_format=torch.channels_last):
        rows = features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)  # a view
    else:
        rows = features.reshape(batch, channels, height * width).mT  # a view, too
    gram: Tensor = _Gram.apply(rows)
    return gram


def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """``|value - target|^2 / |target|^2``, averaged over the batch; 0 when equal, 1 for an all-zero value.

    Dividing by the target makes layers, pictures and networks comparable, so that one weight means the same everywhere.

    Args:
        value: ``(B, ...)``.
        target: ``(B, ...)``, or ``(1, ...)`` for all of the batch.
    """
    value, target = _wide(value), _wide(target)
    if len(value) == 1:
        return (value - target).square().sum() / target.square().sum().clamp_min(_TINY)
    apart, whole = ((each**2).flatten(1).sum(1) for each in (value - target, target))
    return (apart / whole.clamp_min(_TINY)).mean()


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Gatys et al. 2016, equation 1, as a relative error.

    Args:
        features: ``(B, C, H, W)`` of the picture.
        target: ``(B, C, H, W)`` of the content picture.
    """
    return relative_error(features, target)


def style_loss(features: Tensor, target_gram: Tensor) -> Tensor:
    """One layer's term of Gatys et al. 2016, equation 4, as a relative error instead of the factor 1 / (4 N^2 M^2).

    With the paper's factor the deep layers weigh thousands of times less than the shallow ones on some networks.

    Args:
        features: ``(B, C, H, W)`` of the picture.
        target_gram: ``(B, C, C)`` from :func:`gram_matrix` of the style picture.
    """
    return relative_error(gram_matrix(features), target_gram)


def total_variation(picture: Tensor) -> Tensor:
    """Mean squared difference of neighbours, across plus down (Mahendran & Vedaldi 2015, section 3, with beta = 2).

    Args:
        picture: ``(B, C, H, W)``, RGB in [0, 1].
    """
    picture = _wide(picture)
    across = (picture[..., :, 1:] - picture[..., :, :-1]).square().mean()
    down = (picture[..., 1:, :] - picture[..., :-1, :]).square().mean()
    return across + down


def pixel_loss(picture: Tensor, target: Tensor) -> Tensor:
    """Mean squared distance of pixels; both ``(B, 3, H, W)`` in [0, 1]."""
    return (_wide(picture) - _wide(target)).square().mean()


def _wide(value: Tensor) -> Tensor:
    return value if value.dtype == torch.float64 else value.float()
