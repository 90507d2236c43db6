"""Losses on pictures and on features; functions of tensors, no state.

Features come as ``(B, C, H, W)`` in any float dtype and memory format; every loss is a float32 scalar (float64 for
float64 input), so that a network in half precision can be compared without losing the small differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_TINY = 1e-12
PART = 2**24
"""Features of a large picture that are centred at a time."""

Statistics = Literal["moments", "gram"]
"""What of a layer's features is the style: mean and covariance of its channels, or the Gram matrix (both in one)."""


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
    gram: Tensor = _Gram.apply(_rows(features))
    return gram


class _Moments(torch.autograd.Function):
    """Covariance ``(B, C, C)`` and mean ``(B, 1, C)`` of rows ``(B, N, C)``, with one product backward.

    The gradient of the covariance needs no centring of its own: centred rows add up to zero.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean = rows.mean(1, keepdim=True, dtype=torch.promote_types(rows.dtype, torch.float32))
        ctx.save_for_backward(rows, mean)  # which are kept anyway: centred rows would need as much memory again
        covariance = rows.new_zeros(len(rows), rows.shape[2], rows.shape[2], dtype=mean.dtype)
        for part in _parts(rows):
            centred = part - mean.to(rows.dtype)
            covariance += centred.mT @ centred
        return (covariance / rows.shape[1]).to(rows.dtype), mean

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        rows, own = ctx.saved_tensors
        covariance, mean = (each / rows.shape[1] for each in gradients)
        both, mean, own = ((covariance + covariance.mT).to(rows.dtype), mean.to(rows.dtype), own.to(rows.dtype))
        product = torch.empty_like(rows)
        for part, place in zip(_parts(rows), _parts(product), strict=True):
            torch.baddbmm(mean, part - own, both, out=place)
        return product


def moments(features: Tensor) -> Tensor:
    """Covariance and mean of the channels over the places (Li, Wang, Liu & Hou 2017, "Demystifying neural style
    transfer", table 1, where matching them is one of the choices beside the Gram matrix).

    A Gram matrix is the covariance plus the product of the means: two features that are merely strong look to it like
    two that come together. Apart, strokes come out whole.

    Args:
        features: ``(B, C, H, W)``.

    Returns:
        ``(B, C, C + 1)``, float32 or wider: the covariance, and the mean as its last column.
    """
    covariance, mean = _Moments.apply(_rows(features))
    return torch.cat((_wide(covariance), mean.mT), dim=2)


def _parts(rows: Tensor) -> Sequence[Tensor]:
    """Rows ``(B, N, C)`` of a large picture in parts, so that nothing of them is there twice as a whole; views."""
    return torch.split(rows, max(1, PART // rows.shape[2]), dim=1)


def _rows(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, H * W, C)``, a view."""
    batch, channels, height, width = features.shape
    if features.is_contiguous(memory_format=torch.channels_last):
        return features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    return features.reshape(batch, channels, height * width).mT


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
    rows, wanted = _rows(features), _rows(target)
    distance: Tensor = _SquaredDistance.apply(rows, wanted)
    return (distance / _wide(wanted).square().sum((1, 2)).clamp_min(_TINY)).mean()


class _SquaredDistance(torch.autograd.Function):
    """``|rows - target|^2`` of two ``(B, N, C)``: ``(B,)``, float32 or wider; the target has no gradient.

    Differences are made again on the way back: kept in float32, those of an early layer are the most that a large
    picture needs memory for.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(rows, target)
        parts = zip(_parts(rows), _parts(target), strict=True)
        return torch.stack([(_wide(part) - _wide(wanted)).square().sum((1, 2)) for part, wanted in parts]).sum(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        rows, target = ctx.saved_tensors
        twice, product = 2 * gradients[0][:, None, None], torch.empty_like(rows)
        for part, wanted, place in zip(_parts(rows), _parts(target), _parts(product), strict=True):
            place.copy_(twice * (_wide(part) - _wide(wanted)))
        return product, None


def style_statistics(features: Tensor, statistics: Statistics) -> Tensor:
    """:func:`gram_matrix` or :func:`moments` of features ``(B, C, H, W)``."""
    return gram_matrix(features) if statistics == "gram" else moments(features)


def style_loss(features: Tensor, target: Tensor, statistics: Statistics = "gram") -> Tensor:
    """One layer's term of Gatys et al. 2016, equation 4, as a relative error instead of the factor 1 / (4 N^2 M^2).

    With the paper's factor the deep layers weigh thousands of times less than the shallow ones on some networks. Of
    moments, the mean of the errors of covariance and mean.

    Args:
        features: ``(B, C, H, W)`` of the picture.
        target: :func:`style_statistics` of the style picture.
        statistics: which they are.
    """
    value = style_statistics(features, statistics)
    if statistics == "gram":
        return relative_error(value, target)
    covariance, mean = (
        relative_error(value[..., :-1], target[..., :-1]),
        relative_error(value[..., -1], target[..., -1]),
    )
    return (covariance + mean) / 2


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
