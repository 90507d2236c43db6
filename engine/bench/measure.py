"""What the measurements share: pictures made here, medians, whole runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.device import synchronise
from engine.evaluation.inpainting import centre
from engine.job import Walk
from engine.parameters import parse
from engine.perceptual.evaluation import Energy
from engine.perceptual.network import PerceptualNetwork
from engine.picture import Picture, open_picture
from engine.registry import Pictures, Task
from engine.runner import run
from engine.tensors import enlarged, to_image


def photo(side: int, seed: int) -> Picture:
    """A smooth random picture with some detail; what is on it does not change the time."""
    generator = torch.Generator().manual_seed(seed)
    coarse = enlarged(torch.rand(1, 3, 6, 6, generator=generator), (side, side))
    return open_picture(to_image(coarse + 0.1 * torch.rand(1, 3, side, side, generator=generator)))


def bare(network: PerceptualNetwork, deepest: str) -> Energy:
    """The network alone, to its deepest layer in use; the sum gives the backward pass something to start from."""

    def energy(picture: Tensor) -> dict[str, Tensor]:
        return {"sum": network.features(picture, [deepest])[deepest].sum(dtype=torch.float32)}

    return energy


def seconds(evaluate: Callable[[], object], device: torch.device) -> float:
    """How long one call takes."""
    synchronise(device)
    start = time.perf_counter()
    evaluate()
    synchronise(device)
    return time.perf_counter() - start


def whole(
    task: Task,
    values: dict[str, Any],
    repeat: int,
    side: int = 512,
    further: Sequence[str] = ("mask",),
    pictures: Pictures | None = None,
) -> dict[str, Any]:
    """Whole runs on square pictures: seconds, first step, peak memory. The first is cold and reported apart.

    ``further`` names inputs that may be left out and are given all the same; ``pictures`` are given instead of squares.
    """
    parameters = parse(task.parameters, values)
    if pictures is None:
        made = {
            each.name: [photo(side, index)]
            for index, each in enumerate(task.inputs)
            if each.least or each.name in further
        }
        if "mask" in made:
            made["mask"] = [open_picture(Image.fromarray(centre((side, side))))]
        pictures = made
    width, height = pictures[task.inputs[0].name][0].size
    seconds: list[float] = []
    firsts: list[float] = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        walk = Walk(run(task, pictures, parameters))
        steps = iter(walk)
        while next(steps).preview is None:
            pass
        firsts.append(time.perf_counter() - start)
        for _step in steps:
            pass
        seconds.append(time.perf_counter() - start)
    facts = walk.result.facts
    figure = {
        "what": f"{task.name} {values}, {width} x {height}",
        "seconds": statistics.median(seconds[1:]),
        "spread": [min(seconds[1:]), max(seconds[1:])],
        "cold_seconds": seconds[0],
        "first_preview_seconds": statistics.median(firsts[1:]),
        "cold_first_preview_seconds": firsts[0],
        "peak_memory_bytes": facts["peak_memory_bytes"],
    }
    print(f"{figure['what']}: {figure['seconds']:.2f} s (cold {seconds[0]:.2f} s)", end=", ")
    print(f"first preview after {figure['first_preview_seconds']:.2f} s (cold {firsts[0]:.2f} s)", end=", ")
    print(f"peak {facts['peak_memory_bytes'] / 1e9:.2f} GB")
    return figure
