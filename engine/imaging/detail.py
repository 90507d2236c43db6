"""The finest detail of pictures: luminance that changes from pixel to pixel."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.imaging.canvas import LUMA
from engine.imaging.tensors import blurred

FINE_BLUR = 0.8
"""Standard deviation in pixels of the Gaussian blur that takes the finest luminance away."""


def with_finest_luminance(painted: Tensor, photo: Tensor, share: float) -> Tensor:
    """What was painted, with a share of the photo's finest luminance instead of its own.

    Args:
        painted: ``(B, 3, H, W)`` in [0, 1], may go beyond.
        photo: as large.
        share: 0 gives what was painted, 1 the photo's finest luminance alone.
    """
    if not share:
        return painted
    with torch.autocast(painted.device.type, enabled=False):
        weights = torch.tensor(LUMA, device=photo.device)
        ours, theirs = (torch.einsum("c,bchw->bhw", weights, each.float())[:, None] for each in (painted, photo))
        difference = theirs - ours
        return painted.add(difference - blurred(difference, FINE_BLUR), alpha=share)
