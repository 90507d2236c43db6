"""Measure tasks on this machine: medians and spread, on pictures made here, so that anybody can repeat it."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from engine.device import best_device, reproducible, synchronise
from engine.job import Walk
from engine.parameters import parse
from engine.perceptual.evaluation import evaluation
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from engine.picture import Picture, open_picture
from engine.registry import Task
from engine.runner import run
from engine.tasks.style_v1 import STYLE_V1, StyleV1, energy_of
from engine.tensors import enlarged, resized, to_image

ITERATION_SIDES = {"cpu": (256,), "mps": (256, 512), "cuda": (512, 1024)}
"""Squares at which one iteration is compared with the bare network, by type of device."""
LEAST_PAIRS = 9
"""Pairs of an iteration and a bare pass, at least: shared machines are noisy."""
RUNS: dict[str, Sequence[dict[str, Any]]] = {
    "cpu": ({"size": 256, "iterations": 150},),
    "mps": ({"size": 256, "iterations": 150}, {"size": 512, "iterations": 300}),
    "cuda": (
        {"size": 512, "iterations": 500},
        {"size": 512, "iterations": 500, "scales": 1},
        {"size": 1024, "iterations": 500},
    ),
}
"""Whole runs of style V1 on a square photo, by type of device."""


def bench(tasks: Sequence[Task], *, repeat: int = 5) -> dict[str, Any]:
    """Measure tasks, print a line for each figure, return them all as JSON-ready values."""
    device = best_device()
    report: dict[str, Any] = {
        "machine": f"{platform.machine()}, {device.name}, torch {version('torch')}, Python {platform.python_version()}",
        "dtype": str(device.dtype),
    }
    print(report["machine"])
    for task in tasks:
        report[task.name] = style_v1(repeat) if task is STYLE_V1 else [_whole(task, {}, repeat)]
    return report


def style_v1(repeat: int) -> list[dict[str, Any]]:
    """One iteration against the bare network, then whole runs."""
    kind = best_device().torch_device.type
    figures = [_iteration(side, max(repeat, LEAST_PAIRS)) for side in ITERATION_SIDES[kind]]
    return figures + [_whole(STYLE_V1, values, repeat) for values in RUNS[kind]]


def photo(side: int, seed: int) -> Picture:
    """A smooth random picture with some detail; what is on it does not change the time."""
    generator = torch.Generator().manual_seed(seed)
    coarse = enlarged(torch.rand(1, 3, 6, 6, generator=generator), (side, side))
    return open_picture(to_image(coarse + 0.1 * torch.rand(1, 3, side, side, generator=generator)))


def _iteration(side: int, repeat: int) -> dict[str, Any]:
    """Energy and gradient of one V1 iteration against bare forward and backward, measured in turn (A B A B)."""
    device = best_device()
    parameters = StyleV1(size=side)
    network = perceptual_network(parameters.network, device)
    content, style = (resized(photo(side, seed).image, (side, side), device.torch_device) for seed in (1, 2))
    with reproducible():
        whole = evaluation(energy_of(network, parameters, content, [style], [1.0]), content)
        bare = evaluation(lambda picture: _bare(network, parameters, picture), content)
        pairs = [(_seconds(bare, content), _seconds(whole, content)) for _ in range(repeat + 1)][1:]
    ratio = statistics.median(long / short for short, long in pairs)
    figure = {
        "what": f"one iteration at {side} x {side}",
        "bare_seconds": statistics.median(short for short, _ in pairs),
        "seconds": statistics.median(long for _, long in pairs),
        "ratio": ratio,
    }
    print(
        f"{figure['what']}: {figure['seconds']:.4f} s, bare network {figure['bare_seconds']:.4f} s, ratio {ratio:.3f}"
    )
    return figure


def _bare(network: PerceptualNetwork, parameters: StyleV1, picture: Tensor) -> dict[str, Tensor]:
    """The network alone, to the deepest layer in use; the sum gives the backward pass something to start from."""
    deepest = max(*parameters.style_layers, parameters.content_layer)
    return {"sum": network.features(picture, [deepest])[deepest].sum(dtype=torch.float32)}


def _seconds(evaluate: Callable[[Tensor], object], picture: Tensor) -> float:
    synchronise(picture.device)
    start = time.perf_counter()
    evaluate(picture)
    synchronise(picture.device)
    return time.perf_counter() - start


def _whole(task: Task, values: dict[str, Any], repeat: int) -> dict[str, Any]:
    """Whole runs: seconds, first step, peak memory. The first of them is cold and reported apart."""
    parameters = parse(task.parameters, values)
    pictures = {each.name: [photo(512, index)] for index, each in enumerate(task.inputs)}
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
        "what": f"{task.name} {values}",
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
