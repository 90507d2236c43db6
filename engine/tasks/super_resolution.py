"""Super-resolution: one picture, enlarged by one method, whatever its size, depth and transparency."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy
from PIL import Image

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Outcome, Run, Step, Walk
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.imaging.comparison import difference
from engine.imaging.montage import Plates
from engine.imaging.preview import Preview
from engine.imaging.raster import Raster, Values, filled_under
from engine.super_resolution.methods import LARGEST, METHODS
from engine.super_resolution.methods import cost as chain_cost

MethodName = Literal["bicubic", "residual", "gan", "compact", "edsr", "rrdb", "esrgan", "real-esrgan"]

WORKING_PIXELS = 24_000_000
EXPLAINED = 320
"""Longest side of the part of a result that is shown beside its interpolation."""
RESULT_PIXELS = 400_000_000
"""Largest result; its samples stay in main memory."""
TILES = {"cpu": 192, "mps": 256, "cuda": 512}
"""Side of a tile in pixels of the small picture, by type of device; a picture a third larger is still one tile."""
PIXEL_FLOP = 25_000
"""What moving and interpolating a pixel of the result costs, as arithmetic that takes the same time (measured)."""


class SuperResolution(Parameters):
    """Parameters of super-resolution."""

    method: MethodName = option("residual", label="Method")
    """Residual networks are true to the original, GANs look sharper and invent detail; EDSR and RRDBs need the Hub."""
    scale: float = option(4.0, low=1, high=LARGEST, step=0.5, label="Scale")
    """How much longer every side becomes; networks know fixed scales, the rest is resized exactly."""
    faithful: bool = option(True, label="Faithful colours")
    """A GAN's colours stray; one step of back-projection leads them back to your picture's. Off: the network's own."""
    metadata: bool = option(True, label="Keep metadata")
    """The photo's EXIF (camera, date, place) goes into the result, too."""
    tile: int = option(0, low=0, high=1024, step=32, label="Tile", advanced=True)
    """Side of the pieces in pixels of your picture; smaller ones need less memory; 0 chooses for this device."""


def run(pictures: Pictures, parameters: SuperResolution, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    raster = pictures["image"][0].as_raster()
    method, scale = parameters.method, parameters.scale
    walk = Walk(enlarged(raster, method, scale, job, tile=parameters.tile, faithful=parameters.faithful))
    yield from walk
    found = walk.result.raster if parameters.metadata else replace(walk.result.raster, exif=None)
    image = found.image()
    return Outcome(image=image, raster=found, facts=walk.result.facts, explanation=_added(raster.image(), image))


def _added(small: Image.Image, large: Image.Image) -> Plates:
    """What the method adds to interpolation, in the middle of the picture."""
    width, height = (min(EXPLAINED, side) for side in large.size)
    left, top = (large.width - width) // 2, (large.height - height) // 2
    across, down = small.width / large.width, small.height / large.height
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    plain = small.resize((width, height), Image.Resampling.BICUBIC, box=box)
    made = large.crop((left, top, left + width, top + height))
    seen = (("interpolated", plain), ("what was added, 4 times as strong", difference(made, plain)), ("result", made))
    return Plates(seen, len(seen))


@dataclass(frozen=True)
class Enlarged:
    """What :func:`enlarged` returns."""

    raster: Raster
    facts: Mapping[str, Any]
    """``tile``, ``scale``, and ``unfinished`` where a stop left tiles to interpolation."""


def enlarged(
    raster: Raster, method: str, scale: float, job: Job, *, tile: int = 0, faithful: bool = True
) -> Generator[Step, None, Enlarged]:
    """Enlarge a picture; a generator of steps, one for each tile.

    Grey stays grey; transparency goes through the same network as the colours, so that both have the same edges.

    Raises:
        ParameterError: the result would have more than :data:`RESULT_PIXELS`.
    """
    from engine.hardware.device import best_device
    from engine.super_resolution.tiled_inference import enlarge

    height, width = raster.values.shape[:2]
    size = result_size((width, height), scale)
    source = _planes(filled_under(raster))
    result = numpy.empty((len(source), size[1], size[0], 3), source.dtype)
    preview = Preview(raster.image(), size)
    chain = METHODS[method].chain(scale, faithful=faithful)
    tile = tile or tile_for(max(raster.values.shape[:2]), best_device().torch_device.type)
    title = METHODS[method].title
    facts: dict[str, Any] = {"tile": tile, "scale": scale}
    yield Step(done=0, stage=f"{title}, first tile", preview=preview.image)
    progress = enlarge(source, result, chain, tile=tile, scale=scale, job=job)
    for count, made in enumerate(progress, start=1):
        preview.take(result[0], made.box)
        note = f" · tiles halved to {made.tile} pixels for want of memory" if made.halved else ""
        facts["tile"] = made.tile
        if made.interpolated:
            facts["unfinished"] = f"{made.interpolated} tiles are only interpolated"
        yield Step(done=made.done, stage=f"{title}, tile {count}{note}", preview=preview.image)
    return Enlarged(replace(raster, values=_joined(result, raster)), facts)


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
        largest = (RESULT_PIXELS / (size[0] * size[1])) ** 0.5
        raise ParameterError(
            f"The result would have {width * height / 1e6:.0f} million pixels; "
            f"please choose a scale of at most {int(10 * largest) / 10}."
        )
    return width, height


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
    made: Values = ((total + 1) // 3).astype(plane.dtype)
    return made


def cost(parameters: SuperResolution, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    ((width, height),) = sizes["image"]
    result_size((width, height), parameters.scale)
    return gflop(parameters.method, parameters.scale, width * height, parameters.tile)


def gflop(method: str, scale: float, area: int, tile: int = 0) -> float:
    """Arithmetic of enlarging ``area`` pixels: networks, overlap of tiles, and what every pixel of a result costs."""
    chain = METHODS[method].chain(scale)
    margin = 2 * sum(each.radius for each in chain[:1])
    tile = tile or TILES["cpu"]
    overlap = (1 + margin / tile) ** 2 if area > tile**2 else 1.0
    return 1e-9 * area * (1e6 * overlap * chain_cost(chain) + PIXEL_FLOP * scale**2)


SUPER_RESOLUTION = Task(
    name="super-resolution",
    title="Super-resolution",
    summary="Enlarges a picture up to eight times: by interpolation, by a residual network, or by a GAN.",
    paper="Ledig et al. 2017; Kim, Lee & Lee 2016; Lim et al. 2017; Wang et al. 2018, 2021",
    parameters=SuperResolution,
    inputs=(
        PictureInput(
            name="image",
            label="Picture",
            help="The picture to enlarge; transparency, 16 bits, grey, colour profile and metadata are kept.",
            working_pixels=WORKING_PIXELS,
            raster=True,
        ),
    ),
    run=run,
    weights=lambda parameters: METHODS[parameters.method].weights(parameters.scale),
    cost=cost,
)
