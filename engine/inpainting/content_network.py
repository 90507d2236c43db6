"""Filling holes by a content network. Colours ``(H, W, 3)`` in [0, 1], float32, sRGB.

What is given where the mask is True never matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.imaging.masks import Colours, Mask, bounds
from engine.imaging.resize import imresize
from engine.imaging.tiles import Box
from engine.model_store.loaded_nets import LoadedNets
from engine.nets import migan
from engine.super_resolution.methods import METHODS
from engine.super_resolution.tiled_inference import Enlarger

NetworkName = Literal["migan-512-places2", "big-lama"]

TILE = 1024
"""Side in pixels of the pieces that a large filling is enlarged in."""


@dataclass(frozen=True, kw_only=True)
class ContentNetwork:
    """A network that fills holes."""

    side: int
    """Side in pixels of the square that it is given."""
    exact: bool
    """Whether it takes that side only; else smaller parts are given as they are."""
    gflop: float
    """Cost of one pass over such a square, as GFLOP that take the same time: MI-GAN mostly moves memory."""


NETWORKS: Mapping[NetworkName, ContentNetwork] = {
    "migan-512-places2": ContentNetwork(side=migan.SIDE, exact=True, gflop=100.0),
    "big-lama": ContentNetwork(side=1024, exact=False, gflop=1700.0),
}
"""By their name in the catalogue."""
MULTIPLE = 8
"""LaMa halves its input three times."""
FURTHEST = 16.0
"""Two of our networks enlarge by four each; what is larger is interpolated."""


def network(colours: Colours, mask: Mask, name: NetworkName, nets: LoadedNets, *, bicubic: bool = False) -> Colours:
    """A content network on the whole of it, at the network's size, and enlarged to the picture's where that is larger.

    Hole pixels are zeroed, so that the removed object cannot leak into its filling.

    Args:
        colours: the picture.
        mask: the hole; outside of it the picture comes back as it is.
        name: of the network.
        nets: it is taken from.
        bicubic: whether the filling is enlarged by interpolation alone; else by our compact residual network.
    """
    height, width = mask.shape
    factor = NETWORKS[name].side / max(height, width)
    factor = factor if NETWORKS[name].exact else min(1.0, factor)
    size = (max(1, round(factor * width)), max(1, round(factor * height)))
    side = -(-max(size) // MULTIPLE) * MULTIPLE
    hole = _tensor(mask.astype(numpy.float32))
    # A pixel of the small picture is known where all of it is: nothing of the hole may leak in.
    known = (imresize(1 - hole, size) > 0.999).float()
    small = imresize(_tensor(colours) * (1 - hole), size).clamp(0, 1) * known
    with torch.inference_mode():
        filling = _pass(_squared(small, side), _squared(known, side), name, nets)[..., : size[1], : size[0]]
        filled = small + (1 - known) * filling
        if factor < 1:
            whole = _enlarged(filled, (height, width), bounds(mask), nets, bicubic=bicubic)
        else:  # a picture of the network's own size stays as it is
            whole = imresize(filled, (width, height)).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    filling_only: Colours = numpy.where(mask[..., None], whole, colours)
    return filling_only


def _squared(values: Tensor, side: int) -> Tensor:
    """``(1, C, h, w)`` -> ``(1, C, side, side)``: mirrored to the right and below."""
    _, _, height, width = values.shape
    plane = numpy.ascontiguousarray(values[0].permute(1, 2, 0).numpy())
    wide = cv2.copyMakeBorder(plane, 0, side - height, 0, side - width, cv2.BORDER_REFLECT_101)
    return _tensor(wide)


def _tensor(values: NDArray[Any]) -> Tensor:
    """``(H, W)`` or ``(H, W, C)`` -> ``(1, C, H, W)``."""
    return torch.from_numpy(values.reshape(*values.shape[:2], -1)).permute(2, 0, 1)[None]


def _pass(small: Tensor, known: Tensor, name: NetworkName, nets: LoadedNets) -> Tensor:
    """``(1, 3, side, side)`` in about [0, 1], float32, in main memory; the picture is 0 where it is not known."""
    device = nets.device.torch_device
    picture, share = small.to(device), known.to(device)
    if name == "big-lama":
        filling = nets.get(name, torch.float32)(picture, 1 - share)
    else:
        net = nets.get(name, nets.device.cpu_format)
        masked = torch.cat([share - 0.5, (2 * picture - 1) * share], dim=1).to(nets.device.cpu_format)
        filling = 0.5 + 0.5 * net(masked.contiguous(memory_format=torch.channels_last)).float()
    return filling.float().cpu().clamp(0, 1)  # type: ignore[no-any-return]


def _enlarged(filled: Tensor, shape: tuple[int, int], box: Box, nets: LoadedNets, *, bicubic: bool) -> Colours:
    """``(1, 3, h, w)`` -> ``(H, W, 3)``; only the box is made, the rest is 0."""
    source = (65535 * filled).round()[0].permute(1, 2, 0)[None].numpy().astype(numpy.uint16)
    result = numpy.zeros((1, *shape, 3), numpy.float32)
    scale = max(shape) / max(source.shape[1:3])
    chain = () if bicubic or scale > FURTHEST else METHODS["compact"].chain(scale)
    enlarger = Enlarger(chain, source, result, nets)
    for tile in box.tiles(TILE):
        window = enlarger.window(tile)[0].permute(1, 2, 0).cpu().numpy()
        result[0, tile.top : tile.bottom, tile.left : tile.right] = window
    whole: Colours = result[0]
    return whole
