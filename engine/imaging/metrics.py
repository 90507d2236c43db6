"""How near a picture is to its original: PSNR and SSIM on luma as the super-resolution papers count them, and LPIPS.

All pictures here are ``(1, 3, H, W)`` in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.hardware.device import best_device
from engine.model_store.catalogue import LPIPS, catalogue
from engine.model_store.loaded_nets import models
from engine.nets.lpips import SHORTEST

_LUMA = (65.481, 128.553, 24.966)
_WINDOW, _SIGMA = 11, 1.5


def luma(picture: Tensor, *, grey: bool = False) -> Tensor:
    """What the papers measure, ``(1, 1, H, W)``, float64, whole numbers of 0 to 255.

    The Y of MATLAB's rgb2ycbcr for bytes (ITU-R BT.601, 16 to 235, rounded); of a file with one channel, that channel.
    """
    if grey:
        return (255 * picture[:, :1].double()).round()
    weights = picture.new_tensor(_LUMA, dtype=torch.float64)[:, None, None]
    return (16 + (picture.double() * weights).sum(dim=1, keepdim=True)).round()


def psnr(picture: Tensor, original: Tensor, *, border: int = 0, grey: bool = False) -> float:
    """Peak signal-to-noise ratio of the luma in dB, ``border`` pixels cut off each side; infinite for equal ones."""
    error = functional.mse_loss(_cut(luma(picture, grey=grey), border), _cut(luma(original, grey=grey), border))
    return 10 * math.log10(255**2 / float(error)) if error else math.inf


def ssim(picture: Tensor, original: Tensor, *, border: int = 0, grey: bool = False) -> float:
    """Structural similarity of the luma (Wang et al. 2004, equation 13): Gaussian windows of 11 that lie inside."""
    x, y = _cut(luma(picture, grey=grey), border), _cut(luma(original, grey=grey), border)
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x, variance_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + first) * (2 * covariance + second)) / (
        (mean_x**2 + mean_y**2 + first) * (variance_x + variance_y + second)
    )
    return float(similarity.mean())


@torch.inference_mode()
def lpips(picture: Tensor, original: Tensor) -> float:
    """Perceptual distance (:class:`engine.nets.lpips.LPIPS`) on the best device; NaN for pictures too small for it.

    Raises:
        WeightsError: its weights are not on this machine.
    """
    if min(picture.shape[-2:]) < SHORTEST:
        return math.nan
    device = replace(best_device(), dtype=torch.float32)
    net = models.get(catalogue()[LPIPS], device)
    return float(net(*(each.to(device.torch_device).float() for each in (picture, original))))


def quality(picture: Tensor, original: Tensor, *, border: int, grey: bool = False) -> dict[str, float]:
    """``psnr``, ``ssim`` and ``lpips`` of a picture, as the papers' tables have them."""
    return {
        "psnr": psnr(picture, original, border=border, grey=grey),
        "ssim": ssim(picture, original, border=border, grey=grey),
        "lpips": lpips(picture, original),
    }


def inside(picture: Tensor, original: Tensor, mask: NDArray[numpy.bool_]) -> dict[str, float]:
    """How near a filling is to what was there.

    ``l1`` and ``l2`` (mean absolute and squared error in [0, 1]) and ``psnr`` (dB, of the colours) of the hole's pixels
    alone; ``ssim`` and ``lpips`` of the box around the hole, for they need neighbourhoods; ``sharpness``, the energy of
    the gradient inside relative to the original's: 1 is as sharp, less is blurred, more is noisy.

    Args:
        picture: filled.
        original: ``(1, 3, H, W)`` as the picture.
        mask: ``(H, W)``, True in the hole.
    """
    hole = torch.from_numpy(mask)
    error = (picture - original)[0, :, hole].double()
    l2 = float(error.square().mean())
    rows, columns = (torch.nonzero(hole.any(dim=axis)).flatten() for axis in (1, 0))
    cut = (..., _span(rows, mask.shape[0]), _span(columns, mask.shape[1]))
    sharp, before = (_gradient_energy(each, hole) for each in (picture, original))
    return {
        "l1": float(error.abs().mean()),
        "l2": l2,
        "psnr": -10 * math.log10(l2) if l2 else math.inf,
        "ssim": ssim(picture[cut], original[cut]),
        "lpips": lpips(picture[cut], original[cut]),
        "sharpness": sharp / before if before else math.nan,
    }


def _span(line: Tensor, length: int) -> slice:
    """From the first to the last index of a line, no shorter than LPIPS needs, inside 0 to ``length``."""
    first, last = int(line[0]), int(line[-1]) + 1
    missing = max(0, SHORTEST - (last - first))
    first = max(0, min(first - missing // 2, length - (last - first + missing)))
    return slice(first, max(last, min(length, first + SHORTEST)))


def _gradient_energy(picture: Tensor, hole: Tensor) -> float:
    """Mean squared difference of neighbours that both lie in the hole."""
    across = (picture[..., 1:] - picture[..., :-1])[0, :, hole[:, 1:] & hole[:, :-1]]
    down = (picture[..., 1:, :] - picture[..., :-1, :])[0, :, hole[1:] & hole[:-1]]
    found = torch.cat([across, down], dim=1).double()
    return float(found.square().mean()) if found.numel() else 0.0


def _cut(plane: Tensor, border: int) -> Tensor:
    return plane[..., border : plane.shape[-2] - border, border : plane.shape[-1] - border]


def _blurred(plane: Tensor) -> Tensor:
    """The mean under a Gaussian window; only where the window lies inside."""
    offsets = torch.arange(_WINDOW, dtype=plane.dtype, device=plane.device) - _WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    window = (window / window.sum())[None, None]
    return functional.conv2d(functional.conv2d(plane, window[..., None]), window[:, :, None])
