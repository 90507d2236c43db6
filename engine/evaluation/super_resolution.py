"""PSNR and SSIM on luma with the border cut, as the super-resolution papers print them, and LPIPS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

from engine.contracts.context import RunContext
from engine.contracts.errors import ParameterError
from engine.contracts.job import StepRun
from engine.contracts.messages import Message
from engine.evaluation.folder import pictures_in
from engine.imaging.door import open_picture
from engine.imaging.picture import Picture
from engine.imaging.raster import Raster
from engine.imaging.resize import imresize_bytes
from engine.imaging.tensors import to_tensor
from engine.perceptual.quality import quality
from engine.runtime.runtime import Runtime
from engine.super_resolution.enlarge import enlarged

KEYS = ("psnr", "ssim", "lpips")


def evaluate(
    runtime: Runtime, hr: Path, lr: Path | None, method: str, scale: int, *, faithful: bool = True
) -> Iterator[dict[str, Any]]:
    """Measure a method; yields ``name, psnr, ssim, lpips, seconds`` for each picture, in the order of the names.

    Args:
        runtime: whose nets are measured.
        hr: folder of originals; rows and columns that the scale leaves over are cut off.
        lr: folder of their small versions, in the same order; without it they are made by MATLAB's rule.
        method: key of :data:`engine.super_resolution.methods.METHODS`.
        scale: whole number.
        faithful: whether a GAN's colours are led back.

    Raises:
        ParameterError: folders without pictures, or pictures that do not belong together.
    """
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
    for original, small in zip(originals, smalls, strict=True):
        yield _measured(runtime.context(), original, small, method, scale, faithful)


def _measured(
    context: RunContext, path: Path, small: Path | None, method: str, scale: int, faithful: bool
) -> dict[str, Any]:
    picture = open_picture(path, raster=True)
    width, height = (side // scale for side in picture.size)
    original = picture.image.crop((0, 0, scale * width, scale * height))
    grey = _grey(picture)
    if small is None:
        reduced = imresize_bytes(numpy.asarray(original), (width, height))
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
    start = time.perf_counter()
    steps = enlarged(Raster(reduced), method, scale, context.nets, context.job, faithful=faithful)
    result = StepRun(steps).finish().raster.image()
    seconds = time.perf_counter() - start
    figures = quality(to_tensor(result), to_tensor(original), context.nets, border=scale, grey=grey)
    return {"name": path.stem, **figures, "seconds": seconds}


def _grey(picture: Picture) -> bool:
    """Whether the file has one colour channel: the papers then measure that, not a luma of it."""
    return picture.raster is not None and picture.raster.grey
