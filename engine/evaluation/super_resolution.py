"""PSNR and SSIM on luma with the border cut, as the super-resolution papers print them, and LPIPS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Walk
from engine.evaluation.folder import pictures_in
from engine.imaging import metrics
from engine.imaging.picture import Picture, open_picture
from engine.imaging.raster import Raster
from engine.imaging.resize import imresize_bytes
from engine.imaging.tensors import to_tensor
from engine.tasks.super_resolution import enlarged

KEYS = ("psnr", "ssim", "lpips")


def evaluate(hr: Path, lr: Path | None, method: str, scale: int, *, faithful: bool = True) -> Iterator[dict[str, Any]]:
    """Measure a method; yields ``name, psnr, ssim, lpips, seconds`` for each picture, in the order of the names.

    Args:
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
        raise ParameterError(f"{hr.name} has {len(originals)} pictures, {lr and lr.name} has {len(smalls)}.")
    for original, small in zip(originals, smalls, strict=True):
        yield _measured(original, small, method, scale, faithful)


def _measured(path: Path, small: Path | None, method: str, scale: int, faithful: bool) -> dict[str, Any]:
    picture = open_picture(path, raster=True)
    width, height = (side // scale for side in picture.size)
    original = picture.image.crop((0, 0, scale * width, scale * height))
    grey = _grey(picture)
    if small is None:
        reduced = imresize_bytes(numpy.asarray(original), (width, height))
    else:
        given = open_picture(small, raster=True)
        grey = grey or _grey(given)
        reduced = numpy.asarray(given.image)
        if given.size != (width, height):
            raise ParameterError(f"{small.name} is not {path.name} reduced by {scale}: their sizes do not fit.")
    start = time.perf_counter()
    result = Walk(enlarged(Raster(reduced), method, scale, Job(), faithful=faithful)).finish().raster.image()
    seconds = time.perf_counter() - start
    quality = metrics.quality(to_tensor(result), to_tensor(original), border=scale, grey=grey)
    return {"name": path.stem, **quality, "seconds": seconds}


def _grey(picture: Picture) -> bool:
    """Whether the file has one colour channel: the papers then measure that, not a luma of it."""
    return picture.raster is not None and picture.raster.grey
