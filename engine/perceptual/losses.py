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
PART = 2_000_000
"""Features of a large picture that are worked on at a time, so that they stay in a processor's cache."""
SUMMED = 4096
"""Rows of 16 bits that are summed up at a time: such a sum is rounded to 16 bits, too, and many of them together are
exact to a thousandth."""

Statistics = Literal["moments", "gram"]
"""What of a layer's features is the style: mean and covariance of its channels, or the Gram matrix (both in one)."""


class _Gram(torch.autograd.Function):
    """X^T X / N with half the backward of autograd's: the gradient of a Gram matrix is X (dG + dG^T), one product."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return _products(rows) / rows.shape[1]

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
        mean = _sums(rows) / rows.shape[1]
        ctx.save_for_backward(rows, mean)  # which are kept anyway: centred rows would need as much memory again
        covariance = mean.new_zeros(len(rows), rows.shape[2], rows.shape[2])
        for part in _parts(rows):
            covariance += _products(part - mean.to(rows.dtype))
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


def _products(rows: Tensor) -> Tensor:
    """Inner products of the columns of rows ``(B, N, C)``: ``(B, C, C)``.

    Matrix after matrix: a CPU takes ten times as long for a batched product with a transposed one in bfloat16.
    """
    return torch.stack([each.mT @ each for each in rows])


def _sums(rows: Tensor) -> Tensor:
    """Sums over the rows ``(B, N, C)``: ``(B, 1, C)``, float32 or wider."""
    if rows.dtype != torch.bfloat16 or rows.device.type != "cpu":
        return rows.sum(1, keepdim=True, dtype=torch.promote_types(rows.dtype, torch.float32))
    # Torch would make a copy in float32 first, which takes up to twenty times as long as this product.
    parts = torch.split(rows, SUMMED, dim=1)
    return torch.stack([_wide(part.new_ones(len(part), 1, part.shape[1]) @ part) for part in parts]).sum(0)


def _squares(rows: Tensor) -> Tensor:
    """Sums of the squares of rows ``(B, N, C)``, which may be overwritten: ``(B,)``, float32 or wider."""
    if rows.dtype == torch.bfloat16 and rows.device.type == "cpu":
        return _sums(rows.mul_(rows)).sum((1, 2))
    wide = torch.promote_types(rows.dtype, torch.float32)
    squares: Tensor = torch.linalg.vector_norm(rows, dim=(1, 2), dtype=wide).square()
    return squares


def _rows(features: Tensor) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, H * W, C)``, a view."""
    batch, channels, height, width = features.shape
    if features.is_contiguous(memory_format=torch.channels_last):
        return features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    return features.reshape(batch, channels, height * width).mT


def relative_error(value: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """``|value - target|^2 / |target|^2``, averaged over the batch; 0 when equal, 1 for an all-zero value.

    Dividing by the target makes layers, pictures and networks comparable, so that one weight means the same everywhere.

    Args:
        value: ``(B, ...)``.
        target: ``(B, ...)``, or ``(1, ...)`` for all of the batch.
        weights: ``(B,)``: what each error is multiplied by before the mean; 1 when None.
    """
    value, target = _wide(value), _wide(target)
    if len(value) == 1 and weights is None:
        return (value - target).square().sum() / target.square().sum().clamp_min(_TINY)
    apart, whole = ((each**2).flatten(1).sum(1) for each in (value - target, target))
    errors = apart / whole.clamp_min(_TINY)
    return (errors if weights is None else weights * errors).mean()


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Gatys et al. 2016, equation 1, as a relative error.

    Args:
        features: ``(B, C, H, W)`` of the picture.
        target: ``(B, C, H, W)`` of the content picture.
    """
    rows, wanted = _rows(features), _rows(target)
    distance: Tensor = _SquaredDistance.apply(rows, wanted)
    whole = torch.stack([_squares(part.clone()) for part in _parts(wanted.detach())]).sum(0)
    return (distance / whole.clamp_min(_TINY)).mean()


class _SquaredDistance(torch.autograd.Function):
    """``|rows - target|^2`` of two ``(B, N, C)``: ``(B,)``, float32 or wider; the target has no gradient.

    Differences are made again on the way back: kept in float32, those of an early layer are the most that a large
    picture needs memory for.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(rows, target)
        parts = zip(_parts(rows), _parts(target), strict=True)
        return torch.stack([_squares(part - wanted) for part, wanted in parts]).sum(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        rows, target = ctx.saved_tensors
        twice, product = 2 * gradients[0][:, None, None].to(rows.dtype), torch.empty_like(rows)
        for part, wanted, place in zip(_parts(rows), _parts(target), _parts(product), strict=True):
            torch.sub(part, wanted, out=place).mul_(twice)
        return product, None


def style_statistics(features: Tensor, statistics: Statistics) -> Tensor:
    """:func:`gram_matrix` or :func:`moments` of features ``(B, C, H, W)``."""
    return gram_matrix(features) if statistics == "gram" else moments(features)


def style_loss(
    features: Tensor, target: Tensor, statistics: Statistics = "gram", weights: Tensor | None = None
) -> Tensor:
    """One layer's term of Gatys et al. 2016, equation 4, as a relative error instead of the factor 1 / (4 N^2 M^2).

    With the paper's factor the deep layers weigh thousands of times less than the shallow ones on some networks. Of
    moments, the mean of the errors of covariance and mean.

    Args:
        features: ``(B, C, H, W)`` of the picture.
        target: :func:`style_statistics` of the style picture.
        statistics: which they are.
        weights: ``(B,)``: how much each picture's error counts; 1 when None.
    """
    value = style_statistics(features, statistics)
    if statistics == "gram":
        return relative_error(value, target, weights)
    covariance, mean = (
        relative_error(value[..., :-1], target[..., :-1], weights),
        relative_error(value[..., -1], target[..., -1], weights),
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
