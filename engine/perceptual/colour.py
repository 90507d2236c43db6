"""Colour of whole pictures: luminance transfer and linear colour matching.

Gatys et al. 2016, "Preserving color in neural artistic style transfer", sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


def with_colours_of(picture: Tensor, content: Tensor) -> Tensor:
    """Luminance of ``picture``, chroma (I and Q of YIQ) of ``content``; both ``(B, 3, H, W)`` in [0, 1]."""
    matrix = torch.tensor(_YIQ, dtype=torch.float64)
    to_yiq, to_rgb = matrix.to(picture), torch.linalg.inv(matrix).to(picture)
    painted = torch.einsum("yc,bchw->byhw", to_yiq, picture)
    original = torch.einsum("yc,bchw->byhw", to_yiq, content)
    mixed = torch.cat((painted[:, :1], original[:, 1:]), dim=1)
    return torch.einsum("cy,byhw->bchw", to_rgb, mixed)


@dataclass(frozen=True)
class Palette:
    """Mean and covariance of colours, in float64 on the CPU: some accelerators have no float64, and these are small."""

    mean: Tensor
    """``(3, 1)``."""
    covariance: Tensor
    """``(3, 3)``, positive definite."""

    def change_to(self, target: Palette) -> Tensor:
        """The symmetric matrix ``(3, 3)`` that gives colours of this covariance the other one."""
        return _power(target.covariance, 0.5) @ _power(self.covariance, -0.5)


def palette(pictures: Sequence[Tensor], weights: Sequence[float] = (1.0,)) -> Palette:
    """Colours of one or several pictures.

    Args:
        pictures: each ``(1, 3, H, W)``, of any size.
        weights: how much each counts, whatever its size; they add up to 1.
    """
    mean = torch.zeros(3, 1, dtype=torch.float64)
    second = 1e-4 * torch.eye(3, dtype=torch.float64)  # a picture of one colour has no covariance
    for picture, weight in zip(pictures, weights, strict=True):
        pixels = picture.detach().flatten(2)[0].float()
        own = pixels.mean(1, keepdim=True)
        spread = (pixels - own) @ (pixels - own).mT / pixels.shape[1]
        own, spread = own.cpu().double(), spread.cpu().double()
        mean = mean + weight * own
        second = second + weight * (spread + own @ own.mT)
    return Palette(mean, second - mean @ mean.mT)


def match_colours(picture: Tensor, target: Palette) -> Tensor:
    """Linear change of colours that gives ``picture`` the mean and covariance of ``target``.

    The map is the symmetric one (square roots by eigenvalues, "image analogies" in the paper's section 3), which moves
    colours least.

    Args:
        picture: ``(1, 3, H, W)``.
        target: from :func:`palette`.

    Returns:
        ``(1, 3, H, W)``, not clamped.
    """
    own = palette([picture])
    change = own.change_to(target)
    shift = target.mean - change @ own.mean
    pixels = picture.flatten(2)[0]
    return (change.to(pixels) @ pixels + shift.to(pixels)).reshape_as(picture)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = vectors @ torch.diag(values.clamp_min(1e-8) ** exponent) @ vectors.mT
    return power
