"""Bicubic interpolation exactly as MATLAB's imresize does it, the one that super-resolution is measured with.

Keys 1981 with a = -0.5; the kernel is widened for reduction (antialiasing), coordinates are pixel centres, the border
is repeated outwards. torch's and Pillow's own bicubic differ: another a, no antialiasing, or a kernel that is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 64
"""New samples that are made by one product of matrices: ten times as quick as gathering old ones tap by tap, though
most of a matrix is zeros."""


@dataclass(frozen=True, eq=False)
class Taps:
    """Which samples of a line every new sample is made of."""

    indices: Tensor
    """``(N, K)``, int64: places in the old line."""
    weights: Tensor
    """``(N, K)``, float64; each row sums to 1."""

    def part(self, start: int, stop: int) -> Taps:
        """The taps of the new samples from ``start`` to before ``stop``."""
        return Taps(self.indices[start:stop], self.weights[start:stop])

    @property
    def matrix(self) -> Tensor:
        """``(N, L)``, float64: what the old samples from the first to the last that is used are multiplied with."""
        first, behind = self.needed
        empty = torch.zeros(len(self.indices), behind - first, dtype=self.weights.dtype)
        return empty.scatter_add_(1, self.indices - first, self.weights)

    @property
    def needed(self) -> tuple[int, int]:
        """First old sample that is used, and one behind the last."""
        return int(self.indices.min()), int(self.indices.max()) + 1


def cubic(distance: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """Keys' kernel with a = -0.5 (his equation 15); zero from a distance of 2 on."""
    x = abs(distance)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return near * (x <= 1) + far * ((x > 1) & (x <= 2))


@lru_cache(maxsize=64)
def taps(old: int, new: int) -> Taps:
    """The taps of a line of ``old`` samples that becomes ``new`` samples long."""
    scale = new / old
    shrink = min(scale, 1.0)
    width = 4 / shrink
    centres = numpy.arange(1, new + 1) / scale + 0.5 * (1 - 1 / scale)  # counted from 1, as in MATLAB
    places = numpy.floor(centres - width / 2)[:, None] + numpy.arange(math.ceil(width) + 2)
    weights = cubic(shrink * (centres[:, None] - places))
    weights /= weights.sum(axis=1, keepdims=True)
    used = (weights != 0).any(axis=0)
    indices = (places[:, used].astype(numpy.int64) - 1).clip(0, old - 1)
    return Taps(torch.from_numpy(indices), torch.from_numpy(weights[:, used].copy()))


def resample(picture: Tensor, line: Taps, dimension: int, *, offset: int = 0) -> Tensor:
    """Apply taps along one dimension of ``(B, C, H, W)`` (2: rows, 3: columns); values may leave their range a little.

    ``offset`` is the place of the tensor's first sample in the line, when it is only the part that the taps need.
    """
    blocks = []
    for start in range(0, len(line.indices), BLOCK):
        part = line.part(start, start + BLOCK)
        first, behind = part.needed
        window = picture.narrow(dimension, first - offset, behind - first)
        matrix = part.matrix.to(picture)
        blocks.append(matrix @ window if dimension == 2 else window @ matrix.mT)
    return torch.cat(blocks, dimension)


def imresize(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """``(B, C, h, w)`` -> ``(B, C, H, W)`` of the size (width, height); any range, values may leave it a little."""
    rows = resample(picture, taps(picture.shape[2], size[1]), 2)
    return resample(rows, taps(picture.shape[3], size[0]), 3)


def back_projected(large: Tensor, small: Tensor) -> Tensor:
    """One step of back-projection (Irani & Peleg 1991): ``large`` reduced is nearly ``small`` afterwards.

    A GAN's colours stray by some grey levels; what its picture lacks of the small one is enlarged and added. Both are
    ``(B, C, H, W)`` in [0, 1], the large one by a whole scale larger.
    """
    height, width = large.shape[-2:]
    large = large.clamp(0, 1)
    return large + imresize(small - imresize(large, (small.shape[-1], small.shape[-2])), (width, height))


def imresize_bytes(values: NDArray[numpy.uint8], size: tuple[int, int]) -> NDArray[numpy.uint8]:
    """``(h, w, C)`` -> ``(H, W, C)``: what MATLAB returns for bytes, which it rounds after each direction.

    Equal to the last bit on the official low-resolution files of Set5 and Set14 (x2, x3, x4).
    """
    picture = torch.from_numpy(values.astype(numpy.float64)).permute(2, 0, 1)[None]
    for dimension, length in ((2, size[1]), (3, size[0])):
        resampled = resample(picture, taps(picture.shape[dimension], length), dimension)
        # Halves are rounded away from zero; 1e-9 is for sums that just miss one.
        picture = (resampled + (0.5 + 1e-9)).floor().clamp(0, 255)
    return picture[0].permute(1, 2, 0).to(torch.uint8).contiguous().numpy()
