"""PSNR and SSIM on luma with the border cut, as the super-resolution papers print them, and LPIPS."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.errors import ParameterError
from engine.contracts.job import StepRun
from engine.contracts.messages import Message
from engine.evaluation.degradation import Degradation
from engine.evaluation.folder import pictures_in
from engine.imaging.door import open_picture
from engine.imaging.picture import Picture
from engine.imaging.raster import Raster
from engine.imaging.tensors import to_tensor
from engine.perceptual.quality import quality
from engine.runtime.runtime import Runtime
from engine.super_resolution.enlarge import enlarged

KEYS = ("psnr", "ssim", "lpips")


def evaluate(
    runtime: Runtime,
    hr: Path,
    lr: Path | None,
    method: str,
    scale: int,
    *,
    degradation: Degradation | None = None,
    **options: bool,
) -> Iterator[dict[str, Any]]:
    """Measure a method; yields ``name, psnr, ssim, lpips, seconds`` for each picture, in the order of the names.

    Args:
        runtime: whose nets are measured.
        hr: folder of originals; rows and columns that the scale leaves over are cut off.
        lr: folder of their small versions, in the same order; without it they are made by MATLAB's rule.
        method: key of :data:`engine.super_resolution.methods.METHODS`.
        scale: whole number.
        degradation: what spoils the small pictures, where there is no folder of them.
        options: ``faithful`` and ``ensemble``, as of :func:`engine.super_resolution.enlarge.enlarged`.

    Raises:
        ParameterError: folders without pictures, or pictures that do not belong together.
    """
    degradation = degradation or Degradation()
    originals = pictures_in(hr)
    smalls = pictures_in(lr) if lr else [None] * len(originals)
    if len(smalls) != len(originals):
        raise ParameterError(
            Message(
                "{originals} has {count} pictures, {smalls} has {other}.",
                originals=hr.name,
                count=len(originals),
                smalls=lr and lr.name,
                other=len(smalls),
            )
        )
    for number, (original, small) in enumerate(zip(originals, smalls, strict=True)):
        pair = _pair(original, small, scale, degradation, number)
        yield {"name": original.stem, **_measured(runtime.context(), pair, method, scale, options)}


class _Pair(NamedTuple):
    """An original, the small picture that was made of it, and whether they are measured as grey ones."""

    original: Image.Image
    reduced: NDArray[numpy.uint8]
    grey: bool


def _pair(path: Path, small: Path | None, scale: int, degradation: Degradation, seed: int) -> _Pair:
    picture = open_picture(path, raster=True)
    width, height = (side // scale for side in picture.size)
    original = picture.image.crop((0, 0, scale * width, scale * height))
    grey = _grey(picture)
    if small is None:
        reduced = degradation.reduced(numpy.asarray(original), (width, height), seed)
    else:
        reduced_picture = open_picture(small, raster=True)
        grey = grey or _grey(reduced_picture)
        reduced = numpy.asarray(reduced_picture.image)
        if reduced_picture.size != (width, height):
            raise ParameterError(
                Message(
                    "{small} is not {original} reduced by {scale}: their sizes do not fit.",
                    small=small.name,
                    original=path.name,
                    scale=scale,
                )
            )
    return _Pair(original, reduced, grey)


def _measured(
    context: RunContext, pair: _Pair, method: str, scale: int, options: Mapping[str, bool]
) -> dict[str, float]:
    start = time.perf_counter()
    steps = enlarged(Raster(pair.reduced), method, scale, context.nets, context.job, **options)
    result = StepRun(steps).finish().raster.image()
    seconds = time.perf_counter() - start
    figures = quality(to_tensor(result), to_tensor(pair.original), context.nets, border=scale, grey=pair.grey)
    return {**figures, "seconds": seconds}


def _grey(picture: Picture) -> bool:
    """Whether the file has one colour channel: the papers then measure that, not a luma of it."""
    return picture.raster is not None and picture.raster.grey
