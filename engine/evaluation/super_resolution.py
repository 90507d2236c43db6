"""PSNR and SSIM on luma with the border cut, as the super-resolution papers print them, and LPIPS."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from engine import metrics
from engine.errors import ParameterError
from engine.job import Job, Walk
from engine.picture import Picture, open_picture
from engine.raster import Raster
from engine.resize import imresize_bytes
from engine.tasks.super_resolution import enlarged
from engine.training.photos import ENDINGS


def evaluate(hr: Path, lr: Path | None, method: str, scale: int, *, faithful: bool = True) -> Iterator[dict[str, Any]]:
    """Measure a method; yields ``name, psnr, ssim, lpips, seconds`` for each picture, in the order of the names.

    Args:
        hr: folder of originals; rows and columns that the scale leaves over are cut off.
        lr: folder of their small versions, in the same order; without it they are made by MATLAB's rule.
        method: key of :data:`engine.enlargement.methods.METHODS`.
        scale: whole number.
        faithful: whether a GAN's colours are led back.

    Raises:
        ParameterError: folders without pictures, or pictures that do not belong together.
    """
    originals = _files(hr)
    smalls = _files(lr) if lr else [None] * len(originals)
    if len(smalls) != len(originals):
        raise ParameterError(f"{hr.name} has {len(originals)} pictures, {lr and lr.name} has {len(smalls)}.")
    for original, small in zip(originals, smalls, strict=True):
        yield _measured(original, small, method, scale, faithful)


def mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The last line of the table; pictures too small for LPIPS do not count in its mean."""
    found = {}
    for key in ("psnr", "ssim", "lpips"):
        values = [row[key] for row in rows if not math.isnan(row[key])]
        found[key] = sum(values) / len(values) if values else math.nan
    return found


def _measured(path: Path, small: Path | None, method: str, scale: int, faithful: bool) -> dict[str, Any]:
    picture = open_picture(path, raster=True)
    values = numpy.asarray(picture.image)
    height, width = (side // scale * scale for side in values.shape[:2])
    values = values[:height, :width]
    grey = _grey(picture)
    if small is None:
        reduced = imresize_bytes(values, (width // scale, height // scale))
    else:
        given = open_picture(small, raster=True)
        grey = grey or _grey(given)
        reduced = numpy.asarray(given.image)
        if reduced.shape[:2] != (height // scale, width // scale):
            raise ParameterError(f"{small.name} is not {path.name} reduced by {scale}: their sizes do not fit.")
    start = time.perf_counter()
    result = Walk(enlarged(Raster(reduced), method, scale, Job(), faithful=faithful)).finish().raster.values
    seconds = time.perf_counter() - start
    made, original = _tensor(result), _tensor(values)
    return {
        "name": path.stem,
        "psnr": metrics.psnr(made, original, border=scale, grey=grey),
        "ssim": metrics.ssim(made, original, border=scale, grey=grey),
        "lpips": metrics.lpips(made, original),
        "seconds": seconds,
    }


def _grey(picture: Picture) -> bool:
    """Whether the file has one colour channel: the papers then measure that, not a luma of it."""
    return picture.raster is not None and picture.raster.grey


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in ENDINGS)
    if not found:
        raise ParameterError(f"There are no pictures in {folder.name!r}.")
    return found


def _tensor(values: Any) -> Tensor:
    return torch.tensor(values).permute(2, 0, 1)[None].float() / 255
