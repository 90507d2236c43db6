"""Pixels by vote: every matched patch brings the pixels of the place where it was found.

Wexler et al. 2007, "Space-time completion of video", section 3.1, where patches of pixels are matched and the votes
are all that a picture is made of. Here patches of features are matched, and only detail is taken: what a vote has that
it loses under a blur. So the colours stay, and where patches disagree there is less detail instead of a ghost.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from engine.imaging.tensors import blurred
from engine.perceptual.matching import Matches, PatchBank
from engine.perceptual.patch_map import rows_of

SHARPNESS = 30.0
"""How much more a patch counts than one that correlates less: exp of this times the correlation."""
MIDDLE = 1 / 6
"""Standard deviation of the weight of a patch's pixels around its middle, relative to the patch's side."""
COARSE = 4.0
"""Standard deviation in pixels of the blur under which what is left is no detail."""


@torch.no_grad()
def voted(source: Tensor, bank: PatchBank, matches: Matches, stride: int) -> Tensor:
    """The picture that matched patches make of the pixels of their source: ``(1, C, stride * H, stride * W)``.

    Args:
        source: ``(1, C, h, w)``: the picture whose features are the bank's only map.
        bank: of those features.
        matches: of features ``(1, C', H, W)``.
        stride: pixels from one feature to the next.
    """
    side, (height, width) = bank.side, bank.shapes[0]
    squares = functional.pixel_unshuffle(source[..., : stride * height, : stride * width], stride)
    rows = rows_of(squares[0]).contiguous()
    weights = (SHARPNESS * (matches.correlation[0] - 1)).exp()[..., None]
    down, across = weights.shape[:2]
    total = rows.new_zeros(down + side - 1, across + side - 1, rows.shape[1])
    count = torch.zeros_like(total)
    near = _nearness(side, stride, source)
    for feature, place, source_rows in bank.covering(matches.index[0]):
        share = weights * near[feature]
        total[place] += rows[source_rows].view(down, across, -1) * share
        count[place] += share
    return functional.pixel_shuffle((total / count).permute(2, 0, 1)[None], stride)


def _nearness(side: int, stride: int, like: Tensor) -> Tensor:
    """``(side, side, C * stride^2)``: weights of a patch's pixels, those of each feature in the order of its row."""
    line = torch.arange(side * stride, device=like.device, dtype=like.dtype) - (side * stride - 1) / 2
    line = (-(line**2) / (2 * (MIDDLE * side * stride) ** 2)).exp()
    squares = functional.pixel_unshuffle((line[:, None] * line)[None, None], stride)[0]
    return squares.permute(1, 2, 0).repeat(1, 1, like.shape[1])


def detail(picture: Tensor) -> Tensor:
    """What a picture ``(B, C, H, W)`` has beside its blur."""
    return picture - blurred(picture, COARSE)
