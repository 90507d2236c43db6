"""Shared by all measurements: whole runs, and the times of their parts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.bench.cases import described, inputs_of, parameters_of
from engine.contracts.job import Job, StepRun
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, TaskSpec
from engine.contracts.task_parts import BenchCase
from engine.hardware.device import synchronise
from engine.hardware.memory import release_memory
from engine.perceptual.energy import Energy
from engine.perceptual.network import PerceptualNetwork
from engine.runtime.runner import RunResult
from engine.runtime.runtime import Runtime

ENOUGH_SECONDS = 90.0
"""Once the measurements of one case have taken this many seconds, no further one is begun."""


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


def once(runtime: Runtime, task: TaskSpec, inputs: Inputs, parameters: Parameters) -> tuple[float, float, RunResult]:
    """One whole run: seconds, seconds to the first picture, and its result."""
    start = time.perf_counter()
    first = None
    run = StepRun(runtime.run(task, inputs, parameters, Job(explains=False)))
    for step in run:
        if first is None and step.preview is not None:
            first = time.perf_counter() - start
    whole = time.perf_counter() - start
    return whole, first or whole, run.result


def measured(runtime: Runtime, task: TaskSpec, case: BenchCase, repeat: int) -> dict[str, Any]:
    """Whole runs of a case: the first without nets in memory, which is cold, then up to ``repeat`` warm ones."""
    parameters, inputs = parameters_of(task, case), inputs_of(task, case)
    runtime.nets.clear()
    release_memory()
    begun = time.perf_counter()
    cold, cold_first, result = once(runtime, task, inputs, parameters)
    warm: list[float] = []
    firsts: list[float] = []
    while len(warm) < repeat and (not warm or time.perf_counter() - begun < ENOUGH_SECONDS):
        whole, first, result = once(runtime, task, inputs, parameters)
        warm.append(whole)
        firsts.append(first)
    median, peak = statistics.median(warm), result.facts.peak_memory_bytes
    figure = {
        "what": described(task, case),
        "picture": "x".join(str(side) for side in inputs[task.inputs[0].name][0].size),
        "seconds": median,
        "spread": [min(warm), max(warm)],
        "runs": len(warm),
        "cold_seconds": cold,
        "first_preview_seconds": statistics.median(firsts),
        "cold_first_preview_seconds": cold_first,
        "pictures_per_second": 1 / median,
        "peak_memory_bytes": peak,
    }
    print(
        f"{figure['what']}, {figure['picture']}: {median:.3g} s "
        f"({min(warm):.3g} to {max(warm):.3g}, {len(warm)} runs), cold {cold:.3g} s, "
        f"first picture after {statistics.median(firsts):.2g} s, peak {peak / 1e9:.2f} GB",
        flush=True,
    )
    return figure
