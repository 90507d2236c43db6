"""A picture through the networks of a method, tile by tile: memory on the device does not grow with the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy
import torch
from torch import Tensor

from engine.contracts.job import Job
from engine.hardware.memory import is_out_of_memory, release_memory
from engine.imaging.png import Values
from engine.imaging.resize import back_projected, resample, taps
from engine.imaging.tiles import Box
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.compact import CompactNet
from engine.super_resolution.methods import VIEWS, Upscaler, reach

SMALLEST_TILE = 32
"""Side in pixels of the small picture under which a tile is not halved any more."""


class Enlarger:
    """Turns windows of the large picture into tensors.

    Args:
        chain: networks to apply one after the other; none for bicubic interpolation.
        source: ``(B, h, w, 3)``, bytes or 16 bits: planes of the small picture, in main memory.
        result: ``(B, H, W, 3)``: only its size counts here. What the chain enlarges too much, or too little, bicubic
            interpolation brings to it.
        nets: those of the chain are taken from.
        ensemble: whether the picture goes through them turned and mirrored, too, and the mean is taken.
    """

    def __init__(
        self, chain: Sequence[Upscaler], source: Values, result: Values, nets: LoadedNets, *, ensemble: bool = False
    ) -> None:
        self._views = range(VIEWS if ensemble and chain else 1)
        self._source, self._device = source, nets.device.torch_device
        dtype = _dtype(nets, half=bool(chain))
        self._nets = [(nets.get(each.weights, dtype), each) for each in chain]
        self._white = float(numpy.iinfo(source.dtype).max)
        self._reach = reach(chain)
        between = [self._reach * side for side in source.shape[1:3]]
        self._exact = between == list(result.shape[1:3])
        self._rows, self._columns = (taps(old, new) for old, new in zip(between, result.shape[1:3], strict=True))
        self._margin = math.ceil(sum(each.radius / reach(chain[:index]) for index, each in enumerate(chain)))

    @torch.inference_mode()
    def window(self, box: Box) -> Tensor:
        """``(B, 3, H, W)`` in [0, 1] of the result's window, float32, on the device."""
        if self._exact:
            return self._enlarged(box).clamp_(0, 1)
        rows, columns = self._rows.part(box.top, box.bottom), self._columns.part(box.left, box.right)
        (top, bottom), (left, right) = rows.needed, columns.needed
        picture = self._enlarged(Box(left, top, right, bottom))
        return resample(resample(picture, rows, 2, offset=top), columns, 3, offset=left).clamp_(0, 1)

    def _enlarged(self, box: Box) -> Tensor:
        """A window of what the chain alone makes of the picture, in its own size."""
        part = self._shrunk(box).grown(self._margin, (self._source.shape[2], self._source.shape[1]))
        small = self._tensor(part)
        views = [_turned_back(self._through(_turned(small, view)), view) for view in self._views]
        picture = torch.stack(views).mean(0) if len(views) > 1 else views[0]
        inner = box.within(Box(*(self._reach * edge for edge in (part.left, part.top, part.right, part.bottom))))
        return picture[..., inner.top : inner.bottom, inner.left : inner.right]

    def _through(self, picture: Tensor) -> Tensor:
        """A picture through all networks, one after the other."""
        for net, upscaler in self._nets:
            large = net(picture, upscaler.scale) if isinstance(net, CompactNet) else net(picture)
            picture = back_projected(large, picture) if upscaler.drifts else large
        return picture

    def _shrunk(self, box: Box) -> Box:
        """The part of the small picture that a box of the enlarged one lies on."""
        step = self._reach
        return Box(box.left // step, box.top // step, -(-box.right // step), -(-box.bottom // step))

    def _tensor(self, part: Box) -> Tensor:
        values = self._source[:, part.top : part.bottom, part.left : part.right].astype(numpy.float32) / self._white
        return torch.from_numpy(values).to(self._device).permute(0, 3, 1, 2)


def _turned(picture: Tensor, view: int) -> Tensor:
    """``(B, C, H, W)`` in one of eight views: turned by quarters, and mirrored from the fifth on."""
    mirrored = picture.flip(-1) if view >= VIEWS // 2 else picture
    return mirrored.rot90(view, (-2, -1))


def _turned_back(picture: Tensor, view: int) -> Tensor:
    """The way back from :func:`_turned`."""
    upright = picture.rot90(-view, (-2, -1))
    return upright.flip(-1) if view >= VIEWS // 2 else upright


@dataclass(frozen=True)
class Progress:
    """After each tile."""

    box: Box
    """The part of the result that has just been made."""
    done: float
    """Share of the result that is done."""
    tile: int
    """Side of tiles in use, in pixels of the small picture."""
    halved: bool
    """Whether memory ran out and tiles have become smaller than was asked."""
    interpolated: int
    """Tiles that a stop has left to interpolation."""


def enlarge(
    source: Values,
    result: Values,
    chain: Sequence[Upscaler],
    *,
    tile: int,
    scale: float,
    nets: LoadedNets,
    job: Job,
    ensemble: bool = False,
) -> Iterator[Progress]:
    """Fill ``result`` tile by tile.

    After a stop the rest is filled by bicubic interpolation, with one last progress. When the device runs out of
    memory, tiles are halved.

    Args:
        source: ``(B, h, w, 3)``; this, ``chain``, ``nets`` and ``ensemble`` as for :class:`Enlarger`.
        result: ``(B, H, W, 3)`` of the same type, written to; its size is the result's.
        tile: side of a tile in pixels of the small picture.
        scale: of the result, to count its tiles in the small picture's pixels.
        job: asked before every tile.

    Raises:
        RuntimeError: torch's, when even the smallest tile does not fit.
    """
    whole = Box(0, 0, result.shape[2], result.shape[1])
    left = _tiles([whole], tile, scale)
    enlarger = Enlarger(chain, source, result, nets, ensemble=ensemble)
    wanted, done, spoiled, quiet = tile, 0, 0, False
    while left:
        if job.stopped and not quiet:
            quiet = True
            if chain:
                spoiled, enlarger = len(left), Enlarger((), source, result, nets)
        try:
            window = enlarger.window(left[0])
        except RuntimeError as error:
            if not is_out_of_memory(error) or tile // 2 < SMALLEST_TILE:
                raise
            tile //= 2
            release_memory()
            left = _tiles(left, tile, scale)
            continue
        box = left.pop(0)
        _write(window, box, result)
        done += 0 if spoiled else box.area  # what a stop leaves to interpolation is not work that was done
        if not quiet or not left:
            yield Progress(box, done / whole.area, tile, tile < wanted, spoiled)


def _tiles(boxes: Sequence[Box], tile: int, scale: float) -> list[Box]:
    """Parts of the result in tiles, whose side is in pixels of the small picture."""
    return [part for box in boxes for part in box.tiles(max(1, round(tile * scale)))]


@torch.inference_mode()
def _write(window: torch.Tensor, box: Box, result: Values) -> None:
    """Put a part ``(B, 3, h, w)`` in [0, 1] into its place in the result; the part is used up."""
    white = int(numpy.iinfo(result.dtype).max)
    values = window.mul_(white).round_().to(torch.uint8 if white == 255 else torch.int32).permute(0, 2, 3, 1)
    result[:, box.top : box.bottom, box.left : box.right] = values.cpu().numpy()


def _dtype(nets: LoadedNets, *, half: bool) -> torch.dtype:
    """The number format of features: float16 on CUDA, bfloat16 where a processor multiplies it, float32 elsewhere.

    Pictures go in and come out in float32 (:func:`engine.nets.convolutions.exact`): bfloat16's 8 bits would be seen.
    """
    if not half:
        return torch.float32
    return torch.float16 if nets.device.kind == "cuda" else nets.device.dtype
