"""The loss that pulls every patch to its nearest one.

Li & Wand 2016, equation 2: the sum over patches of |patch(features) - nearest|^2. Patches overlap, so the sum is
rewritten per place: n |feature - mean|^2, with n the number of patches that cover the place and mean the mean of what
they want there, plus a constant. Value and gradient are the same; no patch is unfolded during the descent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.perceptual.matching import Allowed, Matches, PatchBank
from engine.perceptual.patch_map import TINY, lengths_of
from engine.perceptual.patch_search import PatchSearch


@dataclass(frozen=True)
class PatchTarget:
    """The features that the nearest patches ask for at every place of a feature map."""

    blend: Tensor
    """``(B, C, H, W)``: mean of the features that the patches covering a place put there."""
    count: Tensor
    """``(H, W)``: number of patches that cover the place."""
    spread: Tensor
    """Scalar: squared distance of the patches from the blend, which no picture can lower."""
    unit: Tensor
    """Scalar: number of patches times mean squared length of the bank's patches."""


@torch.no_grad()
def patch_target(bank: PatchBank, matches: Matches, *, full_length: bool = False) -> PatchTarget:
    """The target that the matched patches of a bank make together.

    Args:
        bank: where the patches are from.
        matches: of a feature map.
        full_length: the mean of features that disagree is shorter than they are, and a picture that reaches it is
            smoother than its source. This brings every mean back to their root mean square length.
    """
    batch, down, across = matches.index.shape
    side = bank.side
    wanted = bank.norms.new_zeros(batch, down + side - 1, across + side - 1, bank.rows.shape[1])
    count = wanted.new_zeros(wanted.shape[1:3])
    squared_lengths = wanted.new_zeros(wanted.shape[:3])
    for _, (rows, columns), source in bank.covering(matches.index):
        taken = bank.rows[source]
        wanted[:, rows, columns] += taken.view(batch, down, across, -1)
        if full_length:
            squared_lengths[:, rows, columns] += lengths_of(taken).square().view(batch, down, across)
        count[rows, columns] += 1
    squares = bank.norms[matches.index].square().sum()
    blend = wanted / count[..., None]
    spread = (squares - (blend * wanted).sum()).clamp_min(0)
    if full_length:
        blend = blend * ((squared_lengths / count).sqrt() / blend.norm(dim=3).clamp_min(TINY))[..., None]
    unit = matches.index.numel() * bank.mean_square
    return PatchTarget(blend.permute(0, 3, 1, 2), count, spread, unit)


def patch_loss(features: Tensor, target: PatchTarget) -> Tensor:
    """Mean squared distance of the patches from the ones they were matched to, relative to the bank's; a scalar.

    Args:
        features: ``(B, C, H, W)`` of the picture, of the size that was matched.
        target: from :func:`patch_target`.
    """
    distance: Tensor = _Distance.apply(features, target.blend, target.count)
    return (distance + target.spread) / target.unit.clamp_min(TINY)


class _Distance(torch.autograd.Function):
    """The sum of ``count * (features - blend)^2``; it keeps what is kept anyway: no difference, no wide features."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, blend: Tensor, count: Tensor) -> Tensor:
        ctx.save_for_backward(features, blend, count)
        return (features - blend).square_().mul_(count).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        features, blend, count = ctx.saved_tensors
        return (features - blend).mul_(2 * gradient * count).to(features.dtype), None, None


class PatchTerm:
    """The patch loss of several layers, which keeps the patches that it found last.

    Args:
        searches: layer -> where the patches to be pulled to are searched.
        rematch: look for the nearest patches of a layer every so many calls.
        allowed: layer -> which patches may be taken; all where a layer is not named.
        full_length: see :func:`patch_target`.
    """

    def __init__(
        self,
        searches: Mapping[str, PatchSearch],
        *,
        rematch: int,
        allowed: Mapping[str, Allowed] | None = None,
        full_length: bool = False,
    ) -> None:
        self._searches, self._allowed, self._rematch = searches, allowed or {}, rematch
        self._full_length = full_length
        self._matches: dict[str, Matches] = {}
        self._targets: dict[str, PatchTarget] = {}
        self._kept: dict[str, int] = {}  # layer -> how many calls have kept to its matches

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The mean of the layers' losses at features ``(1, C, H, W)`` of every layer, a scalar."""
        return torch.stack([self.of(layer, features[layer]) for layer in self._searches]).mean()

    def of(self, layer: str, features: Tensor) -> Tensor:
        """The loss of one layer at features ``(1, C, H, W)``, a scalar."""
        if self._kept.get(layer, self._rematch) >= self._rematch:
            self.matched(layer, features.detach())
        self._kept[layer] += 1
        return patch_loss(features, self._targets[layer])

    def matched(self, layer: str, features: Tensor) -> Matches:
        """Look for the nearest patches of one layer now; the next calls keep to them."""
        search, allowed = self._searches[layer], self._allowed.get(layer)
        matches = search(features, allowed=allowed, last=self._matches.get(layer))
        self._matches[layer], self._kept[layer] = matches, 0
        self._targets[layer] = patch_target(search.bank, matches, full_length=self._full_length)
        return matches
