"""Filling holes: three classical methods, and content networks. Colours ``(H, W, 3)`` in [0, 1], float32, sRGB.

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

from engine.hardware.device import Device, best_device
from engine.imaging.masks import Mask, bounds
from engine.imaging.resize import imresize
from engine.imaging.tiles import Box
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import models
from engine.nets import migan
from engine.super_resolution.methods import METHODS
from engine.super_resolution.tiled_inference import Enlarger

Colours = NDArray[Any]
"""Float32."""
Classical = Literal["telea", "navier-stokes", "biharmonic"]
NetworkName = Literal["migan-512-places2", "big-lama"]

RADIUS = 5
"""Of Telea's and the flow's neighbourhood in pixels; larger ones are slower and no better on photos."""
CLASSICAL_SIDES: Mapping[Classical, int] = {"telea": 1536, "navier-stokes": 1536, "biharmonic": 512}
"""Longest side in pixels that each is computed at: what they make is smooth, and their time grows quickly."""
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
    """Of one pass over such a square, as arithmetic that takes the same time: MI-GAN mostly moves memory."""


NETWORKS: Mapping[NetworkName, ContentNetwork] = {
    "migan-512-places2": ContentNetwork(side=migan.SIDE, exact=True, gflop=100.0),
    "big-lama": ContentNetwork(side=1024, exact=False, gflop=1700.0),
}
"""By their name in the catalogue."""
MULTIPLE = 8
"""LaMa halves its input three times."""
FURTHEST = 16.0
"""Two of our networks enlarge by four each; what is larger is interpolated."""


def classical(colours: Colours, mask: Mask, method: Classical) -> Colours:
    """A filling without a network; a picture as large as was given.

    - ``telea``: fast marching from the border inwards (Telea 2004), OpenCV's;
    - ``navier-stokes``: isophotes carried on like a flow (Bertalmio et al. 2001), OpenCV's;
    - ``biharmonic``: the smoothest surface through the border (Damelin & Hoang 2018), scikit-image's.
    """
    height, width = mask.shape
    factor = CLASSICAL_SIDES[method] / max(height, width)
    if factor < 1:
        size = (max(1, round(factor * width)), max(1, round(factor * height)))
        known = (~mask).astype(numpy.float32)
        share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(colours * known[..., None], size, interpolation=cv2.INTER_AREA)
        small = small / share.clip(1e-6, None)[..., None]
        made = classical(small.astype(numpy.float32), share < 1e-3, method)
        return cv2.resize(made, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    if method == "biharmonic":
        return _biharmonic(colours, mask)
    values = (255 * colours).round().astype(numpy.uint8)
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    return cv2.inpaint(values, mask.astype(numpy.uint8), RADIUS, flag).astype(numpy.float32) / 255


def _biharmonic(colours: Colours, mask: Mask) -> Colours:
    from skimage.restoration import inpaint_biharmonic

    made = inpaint_biharmonic(colours, mask, channel_axis=-1, split_into_regions=True)
    return made.clip(0, 1).astype(numpy.float32)  # type: ignore[no-any-return]


def network(colours: Colours, mask: Mask, name: NetworkName, *, bicubic: bool = False) -> Colours:
    """A content network on the whole of it, at the network's size, and enlarged to the picture's where that is larger.

    The prototype's trap, a removed object that shines through at the rim, cannot happen here: it came from the blend
    of the published pipeline; what the network is given has nothing of a hole.

    Args:
        colours: the picture.
        mask: the hole; outside of it the picture comes back as it is.
        name: of the network.
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
        filling = _pass(_squared(small, side), _squared(known, side), name)[..., : size[1], : size[0]]
        made = small + (1 - known) * filling
        if factor < 1:
            found = _enlarged(made, (height, width), bounds(mask), bicubic=bicubic)
        else:  # a picture of the network's own size stays as it is
            found = imresize(made, (width, height)).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    whole: Colours = numpy.where(mask[..., None], found, colours)
    return whole


def _squared(values: Tensor, side: int) -> Tensor:
    """``(1, C, h, w)`` -> ``(1, C, side, side)``: mirrored to the right and below."""
    _, _, height, width = values.shape
    plane = numpy.ascontiguousarray(values[0].permute(1, 2, 0).numpy())
    wide = cv2.copyMakeBorder(plane, 0, side - height, 0, side - width, cv2.BORDER_REFLECT_101)
    return _tensor(wide)


def _tensor(values: NDArray[Any]) -> Tensor:
    """``(H, W)`` or ``(H, W, C)`` -> ``(1, C, H, W)``."""
    return torch.from_numpy(values.reshape(*values.shape[:2], -1)).permute(2, 0, 1)[None]


def _pass(small: Tensor, known: Tensor, name: NetworkName) -> Tensor:
    """``(1, 3, side, side)`` in about [0, 1], float32, in main memory; the picture is 0 where it is not known."""
    device = best_device()
    net = models.get(catalogue()[name], Device(device.torch_device, torch.float32, device.name))
    picture, share = small.to(device.torch_device), known.to(device.torch_device)
    if name == "big-lama":
        made = net(picture, 1 - share)
    else:
        made = 0.5 + 0.5 * net(torch.cat([share - 0.5, (2 * picture - 1) * share], dim=1))
    return made.float().cpu().clamp(0, 1)  # type: ignore[no-any-return]


def _enlarged(made: Tensor, shape: tuple[int, int], box: Box, *, bicubic: bool) -> Colours:
    """``(1, 3, h, w)`` -> ``(H, W, 3)``; only the box is made, the rest is 0."""
    source = (65535 * made).round()[0].permute(1, 2, 0)[None].numpy().astype(numpy.uint16)
    result = numpy.zeros((1, *shape, 3), numpy.float32)
    scale = max(shape) / max(source.shape[1:3])
    chain = () if bicubic or scale > FURTHEST else METHODS["compact"].chain(scale)
    enlarger = Enlarger(chain, source, result)
    for tile in box.tiles(TILE):
        window = enlarger.window(tile)[0].permute(1, 2, 0).cpu().numpy()
        result[0, tile.top : tile.bottom, tile.left : tile.right] = window
    whole: Colours = result[0]
    return whole
