"""How near a picture is to its original, with what a network sees of it (LPIPS, Zhang et al. 2018).

All pictures here are ``(1, 3, H, W)`` in [0, 1].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.imaging.metrics import gradient_energy, psnr, ssim
from engine.model_store.catalogue import LPIPS
from engine.nets.lpips import SHORTEST

if TYPE_CHECKING:
    from engine.model_store.loaded_nets import LoadedNets


@torch.inference_mode()
def lpips(picture: Tensor, original: Tensor, nets: LoadedNets) -> float:
    """Perceptual distance (:class:`engine.nets.lpips.LPIPS`) on the nets' device; NaN for pictures too small for it.

    Raises:
        WeightsError: its weights are not on this machine.
    """
    if min(picture.shape[-2:]) < SHORTEST:
        return math.nan
    net = nets.get(LPIPS, torch.float32)
    return float(net(*(each.to(nets.device.torch_device).float() for each in (picture, original))))


def quality(
    picture: Tensor, original: Tensor, nets: LoadedNets, *, border: int, grey: bool = False
) -> dict[str, float]:
    """``psnr``, ``ssim`` and ``lpips`` of a picture, as the papers' tables have them."""
    return {
        "psnr": psnr(picture, original, border=border, grey=grey),
        "ssim": ssim(picture, original, border=border, grey=grey),
        "lpips": lpips(picture, original, nets),
    }


def quality_inside(picture: Tensor, original: Tensor, mask: NDArray[numpy.bool_], nets: LoadedNets) -> dict[str, float]:
    """How near a filling is to what was there.

    ``l1`` and ``l2`` (mean absolute and squared error in [0, 1]) and ``psnr`` (dB, of the colours) of the hole's pixels
    alone; ``ssim`` and ``lpips`` of the box around the hole, for they need neighbourhoods; ``sharpness``, the energy of
    the gradient inside relative to the original's: 1 is as sharp, less is blurred, more is noisy.

    Args:
        picture: filled.
        original: ``(1, 3, H, W)`` as the picture.
        mask: ``(H, W)``, True in the hole.
        nets: for LPIPS.
    """
    hole = torch.from_numpy(mask)
    error = (picture - original)[0, :, hole].double()
    l2 = float(error.square().mean())
    rows, columns = (torch.nonzero(hole.any(dim=axis)).flatten() for axis in (1, 0))
    cut = (..., _span(rows, mask.shape[0]), _span(columns, mask.shape[1]))
    sharp, before = (gradient_energy(each, hole) for each in (picture, original))
    return {
        "l1": float(error.abs().mean()),
        "l2": l2,
        "psnr": -10 * math.log10(l2) if l2 else math.inf,
        "ssim": ssim(picture[cut], original[cut]),
        "lpips": lpips(picture[cut], original[cut], nets),
        "sharpness": sharp / before if before else math.nan,
    }


def _span(line: Tensor, length: int) -> slice:
    """From the first to the last index of a line, no shorter than LPIPS needs, inside 0 to ``length``."""
    first, last = int(line[0]), int(line[-1]) + 1
    missing = max(0, SHORTEST - (last - first))
    first = max(0, min(first - missing // 2, length - (last - first + missing)))
    return slice(first, max(last, min(length, first + SHORTEST)))
