"""The loss that pulls every patch to its nearest one.

Li & Wand 2016, equation 2: the sum over patches of |patch(features) - nearest|^2. Patches overlap, so the sum is
rewritten per place: n |feature - mean|^2, with n the number of patches that cover the place and mean the mean of what
they want there, plus a constant. Value and gradient are the same; no patch is unfolded during the descent.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.perceptual.matching import Matches, PatchBank


@dataclass(frozen=True)
class PatchTarget:
    """What the nearest patches want of a feature map."""

    blend: Tensor
    """``(B, C, H, W)``: mean of the features that the patches covering a place put there."""
    count: Tensor
    """``(H, W)``: number of patches that cover the place."""
    spread: Tensor
    """Scalar: squared distance of the patches from the blend, which no picture can lower."""
    unit: Tensor
    """Scalar: number of patches times mean squared length of the bank's patches."""


@torch.no_grad()
def patch_target(bank: PatchBank, matches: Matches) -> PatchTarget:
    """The target that the matched patches of a bank make together."""
    batch, down, across = matches.index.shape
    side = bank.side
    begin, line = (part.flatten() for part in bank.positions(matches.index))
    wanted = bank.rows.new_zeros(batch, down + side - 1, across + side - 1, bank.rows.shape[1])
    count = wanted.new_zeros(wanted.shape[1:3])
    for row in range(side):
        for column in range(side):
            place = (slice(row, row + down), slice(column, column + across))
            taken = bank.rows[begin + row * line + column]
            wanted[(slice(None), *place)] += taken.view(batch, down, across, -1)
            count[place] += 1
    squares = bank.norms[matches.index].square().sum()
    blend = wanted / count[..., None]
    spread = (squares - (blend * wanted).sum()).clamp_min(0)
    unit = matches.index.numel() * bank.mean_square
    return PatchTarget(blend.permute(0, 3, 1, 2), count, spread, unit)


def patch_loss(features: Tensor, target: PatchTarget) -> Tensor:
    """Mean squared distance of the patches from the ones they were matched to, relative to the bank's; a scalar.

    Args:
        features: ``(B, C, H, W)`` of the picture, of the size that was matched.
        target: from :func:`patch_target`.
    """
    difference = features.to(target.blend.dtype) - target.blend
    return ((difference.square() * target.count).sum() + target.spread) / target.unit.clamp_min(1e-12)
