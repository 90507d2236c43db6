"""A whole picture through a method: grey, transparency, 16 bits, any size."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.imaging.png import Values
from engine.imaging.preview import Preview
from engine.imaging.raster import Raster, filled_under
from engine.super_resolution.methods import METHODS, VIEWS
from engine.super_resolution.methods import cost as chain_cost

if TYPE_CHECKING:
    from engine.model_store.loaded_nets import LoadedNets
    from engine.super_resolution.tiled_inference import Progress

RESULT_PIXELS = 400_000_000
"""Most pixels of a result; its samples stay in main memory."""
TILES = {"cpu": 192, "mps": 256, "cuda": 512}
"""Side of a tile in pixels of the small picture, by type of device; a picture a third larger is still one tile."""
PIXEL_FLOP = 25_000
"""Cost of moving and interpolating a pixel of the result, as floating-point operations of the same time (measured)."""


@dataclass(frozen=True)
class Enlarged:
    """A picture that has been enlarged."""

    raster: Raster
    tile: int
    """Side of the tiles that were used at last, in pixels of the small picture."""
    unfinished: Message | None = None
    """How much of the picture was only interpolated because of a stop; None when the network did all of it."""


def enlarged(
    raster: Raster,
    method: str,
    scale: float,
    nets: LoadedNets,
    job: Job,
    *,
    tile: int = 0,
    faithful: bool = True,
    ensemble: bool = False,
) -> Generator[Step, None, Enlarged]:
    """Enlarge a picture; a generator of steps, one for each tile.

    Grey stays grey; transparency goes through the same network as the colours, so that both have the same edges.

    Args:
        raster: the small picture.
        method: key of :data:`engine.super_resolution.methods.METHODS`.
        scale: how much longer every side becomes.
        nets: the networks are taken from.
        job: after a stop the tiles that are left are interpolated.
        tile: side of a tile in pixels of the small picture; 0 chooses for the device.
        faithful: whether colours that stray are brought back.
        ensemble: whether the networks look at every tile in eight ways (:data:`engine.super_resolution.methods.VIEWS`).

    Raises:
        ParameterError: the result would have more than :data:`RESULT_PIXELS`.
    """
    from engine.super_resolution.tiled_inference import enlarge

    height, width = raster.values.shape[:2]
    size = result_size((width, height), scale)
    source = _planes(filled_under(raster))
    result = numpy.empty((len(source), size[1], size[0], 3), source.dtype)
    preview = Preview(raster.image, size)
    chain = METHODS[method].chain(scale, faithful=faithful)
    tile = tile or tile_for(max(width, height), nets.device.kind)
    title = METHODS[method].title
    unfinished: Message | None = None
    yield Step(done=0, stage=Message("{method}, first tile", method=title), preview=preview.image)
    progress = enlarge(source, result, chain, tile=tile, scale=scale, nets=nets, job=job, ensemble=ensemble)
    for count, step in enumerate(progress, start=1):
        preview.take(result[0], step.box)
        tile = step.tile
        stage = _stage(title, count, step)
        if step.interpolated:
            unfinished = Message("{count} tiles are only interpolated", count=step.interpolated)
        yield Step(done=step.done, stage=stage, preview=preview.image)
    return Enlarged(replace(raster, values=_joined(result, raster)), tile, unfinished)


def _stage(title: Message, count: int, step: Progress) -> Message:
    stage = Message("{method}, tile {tile}", method=title, tile=count)
    if not step.halved:
        return stage
    return Message("{stage} · tiles halved to {pixels} pixels for want of memory", stage=stage, pixels=step.tile)


def tile_for(longest: int, kind: str) -> int:
    """Side of a tile on a type of device, for a picture's longer side: all of it where it is not much larger."""
    return longest if longest <= 4 * TILES[kind] // 3 else TILES[kind]


def result_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Width and height of a result.

    Raises:
        ParameterError: it would have more than :data:`RESULT_PIXELS`.
    """
    width, height = round(scale * size[0]), round(scale * size[1])
    if width * height > RESULT_PIXELS:
        largest = int(10 * (RESULT_PIXELS / (size[0] * size[1])) ** 0.5) / 10
        raise ParameterError(
            Message(
                "The result would have {megapixels:.0f} million pixels; please choose a scale of at most {largest}.",
                megapixels=width * height / 1e6,
                largest=largest,
            )
        )
    return width, height


def gflop(method: str, scale: float, size: tuple[int, int], tile: int = 0, *, ensemble: bool = False) -> float:
    """Arithmetic of enlarging a picture of ``size``: networks, what tiles share, and every pixel of the result."""
    views = VIEWS if ensemble else 1
    chain = METHODS[method].chain(scale)
    margin = sum(each.radius for each in chain[:1])
    tile = tile or tile_for(max(size), "cpu")
    seen = math.prod(_seen(length, tile, margin) for length in size)
    return 1e-9 * (1e6 * views * seen * chain_cost(chain) + size[0] * size[1] * PIXEL_FLOP * scale**2)


def _seen(length: int, tile: int, margin: int) -> int:
    """Pixels along one side that the networks see, those around each inner edge twice."""
    return length + 2 * margin * (math.ceil(length / tile) - 1)


def _planes(raster: Raster) -> Values:
    """``(B, h, w, 3)``: the colours, and the transparency as a second picture."""
    height, width = raster.values.shape[:2]
    colours = numpy.broadcast_to(raster.colours, (height, width, 3))[None]
    if raster.alpha is None:
        return colours
    return numpy.concatenate([colours, numpy.broadcast_to(raster.alpha[None, ..., None], colours.shape)])


def _joined(result: Values, raster: Raster) -> Values:
    """The planes as one array of the raster's channels."""
    colours = _mean(result[0]) if raster.grey else result[0]
    return colours if raster.alpha is None else numpy.concatenate([colours, _mean(result[1])], axis=-1)


def _mean(plane: Values) -> Values:
    """``(H, W, 3)`` -> ``(H, W, 1)``, rounded."""
    total = plane.sum(axis=-1, keepdims=True, dtype=numpy.uint32)
    mean: Values = ((total + 1) // 3).astype(plane.dtype)
    return mean
