"""Colour of whole pictures: luminance transfer and linear colour matching.

Gatys et al. 2016, "Preserving color in neural artistic style transfer", sections 3 and 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


def with_colours_of(picture: Tensor, content: Tensor) -> Tensor:
    """Luminance of ``picture``, chroma (I and Q of YIQ) of ``content``; both ``(B, 3, H, W)`` in [0, 1]."""
    to_yiq = torch.tensor(_YIQ, dtype=picture.dtype, device=picture.device)
    painted = torch.einsum("yc,bchw->byhw", to_yiq, picture)
    original = torch.einsum("yc,bchw->byhw", to_yiq, content)
    mixed = torch.cat((painted[:, :1], original[:, 1:]), dim=1)
    return torch.einsum("cy,byhw->bchw", torch.linalg.inv(to_yiq), mixed)


def match_colours(picture: Tensor, target: Tensor) -> Tensor:
    """Linear change of colours that gives ``picture`` the mean and covariance of ``target``'s colours.

    The map is the symmetric one (square roots by eigenvalues, "image analogies" in the paper's section 3), which moves
    colours least.

    Args:
        picture: ``(1, 3, H, W)``.
        target: ``(1, 3, H', W')``.

    Returns:
        ``(1, 3, H, W)``, not clamped.
    """
    pixels, goal = picture.flatten(2)[0].double(), target.flatten(2)[0].double()
    whiten = _power(_covariance(pixels), -0.5)
    colour = _power(_covariance(goal), 0.5)
    moved = colour @ whiten @ (pixels - pixels.mean(1, keepdim=True)) + goal.mean(1, keepdim=True)
    return moved.reshape_as(picture).to(picture.dtype)


def _covariance(pixels: Tensor) -> Tensor:
    regular = 1e-4 * torch.eye(3, dtype=pixels.dtype, device=pixels.device)  # a picture of one colour has none
    return torch.cov(pixels, correction=0) + regular


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = vectors @ torch.diag(values.clamp_min(1e-8) ** exponent) @ vectors.mT
    return power
