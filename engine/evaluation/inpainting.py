"""How near fillings come to what was there: holes in pictures that are whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy
from PIL import Image

from engine.contracts.job import StepRun
from engine.imaging.canvas import Canvas
from engine.imaging.door import open_picture
from engine.imaging.masks import Mask, checked, mask_of
from engine.imaging.raster import Raster
from engine.imaging.tensors import fitted, to_tensor
from engine.inpainting.fill import fill
from engine.perceptual.quality import quality_inside
from engine.runtime.runtime import Runtime
from engine.tasks.inpainting_comparison import InpaintingComparison, MethodName, filling

KEYS = ("l1", "l2", "psnr", "ssim", "lpips", "sharpness", "seconds")
STROKES = 10
"""Number of strokes in a free-form mask."""


def centre(size: tuple[int, int]) -> Mask:
    """A hole in the middle, of a quarter of the area; ``size`` is width and height."""
    width, height = size
    mask = numpy.zeros((height, width), numpy.bool_)
    mask[height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = True
    return mask


def strokes(size: tuple[int, int], seed: int) -> Mask:
    """Free-form strokes (Yu et al. 2019, algorithm 1, with our numbers): lines that turn, of changing width."""
    random, unit = numpy.random.default_rng(seed), min(size) / 512
    mask = numpy.zeros((size[1], size[0]), numpy.uint8)
    for _ in range(STROKES):
        at = random.uniform((0, 0), size)
        angle = random.uniform(0, 2 * numpy.pi)
        for _ in range(random.integers(3, 8)):
            angle += random.uniform(-1.2, 1.2)
            to = at + unit * random.uniform(15, 60) * numpy.array((numpy.cos(angle), numpy.sin(angle)))
            width = max(1, round(unit * random.uniform(8, 24)))
            ends = [(int(each[0]), int(each[1])) for each in (at, to)]
            cv2.line(mask, ends[0], ends[1], 1, width)
            at = to
    return mask > 0


def evaluate(
    runtime: Runtime, images: Sequence[Path], mask: str, methods: Sequence[MethodName], *, side: int = 0
) -> Iterator[dict[str, Any]]:
    """Measure methods; yields ``name, method`` and :data:`KEYS` for each picture and method.

    Args:
        runtime: whose nets are measured.
        images: files of whole pictures.
        mask: ``"centre"``, ``"random"`` (strokes, others for each picture, the same in each run), or a file.
        methods: what to measure, with the defaults of each.
        side: larger pictures are first reduced to this longer side; 0 leaves them.

    Raises:
        PictureError: a picture or the mask cannot be read or used.
    """
    for number, path in enumerate(images):
        picture = open_picture(path)
        if side and max(picture.size) > side:
            picture = replace(picture, image=picture.image.resize(fitted(picture.size, side), Image.Resampling.LANCZOS))
        hole = _mask(mask, picture.size, number)
        original = to_tensor(picture.image)
        for method in methods:
            canvas, start = Canvas(Raster(numpy.asarray(picture.image))), time.perf_counter()
            StepRun(fill(canvas, hole, filling(InpaintingComparison(), method), runtime.context())).finish()
            seconds = time.perf_counter() - start
            figures = quality_inside(to_tensor(Image.fromarray(canvas.image)), original, hole, runtime.nets)
            yield {"name": path.stem, "method": method, **figures, "seconds": seconds}


def _mask(mask: str, size: tuple[int, int], number: int) -> Mask:
    if mask == "centre":
        return centre(size)
    if mask == "random":
        return strokes(size, number)
    return checked(mask_of(open_picture(Path(mask), raster=True), size))
