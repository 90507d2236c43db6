"""Pictures to tensors and back: RGB in [0, 1], ``(1, 3, H, W)``, float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

Size = tuple[int, int]
"""Width and height in pixels, as Pillow has them."""

ROWS = 256
"""Rows of a picture that become bytes at a time."""


def to_tensor(image: Image.Image, device: torch.device | str = "cpu") -> Tensor:
    """RGB image -> ``(1, 3, H, W)`` in [0, 1] on ``device``."""
    values = torch.from_numpy(numpy.array(image, dtype=numpy.uint8))  # array copies: the image stays the caller's
    return values.to(device).permute(2, 0, 1)[None].float().div_(255)


def to_image(picture: Tensor) -> Image.Image:
    """``(1, 3, H, W)``, clamped to [0, 1] and rounded -> RGB image."""
    _, _, height, width = picture.shape
    values = torch.empty(height, width, 3, dtype=torch.uint8, device=picture.device)
    for top in range(0, height, ROWS):  # else four copies of a large picture exist at once
        part = picture[0, :, top : top + ROWS].detach().clamp(0, 1).mul_(255).round_()
        values[top : top + ROWS] = part.permute(1, 2, 0)
    return Image.fromarray(values.cpu().numpy())


def fitted(size: Size, longer: int, *, shortest: int = 1) -> Size:
    """The size of the same proportions whose longer side is ``longer``; no side below ``shortest``."""
    factor = longer / max(size)
    return max(shortest, round(size[0] * factor)), max(shortest, round(size[1] * factor))


def resized(image: Image.Image, size: Size, device: torch.device | str = "cpu") -> Tensor:
    """The image at another size (Lanczos) -> ``(1, 3, H, W)``."""
    return to_tensor(image.resize(size, Image.Resampling.LANCZOS), device)


def reduced(picture: Tensor, longest: int, *, shortest: int = 16) -> Tensor:
    """``(B, 3, H, W)`` with a longer side of at most ``longest``, by the mean of areas; no side below ``shortest``."""
    size = (picture.shape[3], picture.shape[2])
    if max(size) <= longest:
        return picture
    width, height = fitted(size, longest, shortest=shortest)
    return functional.interpolate(picture, size=(height, width), mode="area")


def enlarged(picture: Tensor, size: Size) -> Tensor:
    """``(B, 3, h, w)`` -> ``(B, 3, H, W)`` by bicubic interpolation, for the next scale."""
    return functional.interpolate(picture, size=(size[1], size[0]), mode="bicubic", align_corners=False)


def blurred(values: Tensor, deviation: float) -> Tensor:
    """``(B, C, H, W)`` under a Gaussian; borders go on."""
    if deviation < 0.05:
        return values
    radius = min(max(1, round(3 * deviation)), min(values.shape[2:]) - 1)
    line = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = (-(line**2) / (2 * deviation**2)).exp()
    padded = functional.pad(values, (radius, radius, radius, radius), mode="replicate")
    weights: list[float] = (kernel / kernel.sum()).tolist()
    return weighted_along(weighted_along(padded, weights, -2), weights, -1)


def weighted_along(values: Tensor, weights: Sequence[float], dim: int) -> Tensor:
    """Weighted sums of neighbours along a dimension; the result is ``len(weights) - 1`` shorter there.

    A convolution of one channel takes up to eighty times as long on a CPU (42 ms instead of 0.5 at 1024 x 1024).
    """
    length = values.shape[dim] + 1 - len(weights)
    total = weights[0] * values.narrow(dim, 0, length)
    for start, weight in enumerate(weights[1:], 1):
        total.add_(values.narrow(dim, start, length), alpha=weight)
    return total
