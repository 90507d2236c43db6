"""How near a picture is to its original: PSNR and SSIM on luma as the super-resolution papers count them.

All pictures here are ``(1, 3, H, W)`` in [0, 1].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from engine.imaging.tensors import weighted_along

_LUMA = (65.481, 128.553, 24.966)
_WINDOW, _SIGMA = 11, 1.5


def luma(picture: Tensor, *, grey: bool = False) -> Tensor:
    """Luma, on which the papers measure quality: ``(1, 1, H, W)``, float64, whole numbers from 0 to 255.

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


def gradient_energy(picture: Tensor, hole: Tensor) -> float:
    """Mean squared difference of neighbours that both lie in the hole."""
    across = (picture[..., 1:] - picture[..., :-1])[0, :, hole[:, 1:] & hole[:, :-1]]
    down = (picture[..., 1:, :] - picture[..., :-1, :])[0, :, hole[1:] & hole[:-1]]
    differences = torch.cat([across, down], dim=1).double()
    return float(differences.square().mean()) if differences.numel() else 0.0


def _cut(plane: Tensor, border: int) -> Tensor:
    return plane[..., border : plane.shape[-2] - border, border : plane.shape[-1] - border]


def _blurred(plane: Tensor) -> Tensor:
    """The mean under a Gaussian window; only where the window lies inside."""
    offsets = torch.arange(_WINDOW, dtype=plane.dtype) - _WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights: list[float] = (window / window.sum()).tolist()
    return weighted_along(weighted_along(plane, weights, -2), weights, -1)
