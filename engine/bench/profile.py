"""Where the time of a task goes: a trace of one warm run, and the largest costs by name."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

from engine.bench.cases import Case
from engine.bench.measure import once
from engine.contracts.task import Task
from engine.hardware.device import best_device

LARGEST = 3
"""Costs that are named."""
ITERATIONS = 20
"""Of a descent that is profiled: they are all alike."""


def profiled(task: Task, case: Case, folder: Path) -> dict[str, Any]:
    """Profile a case twice: torch's operators, with a trace for chrome://tracing, and all functions of Python and C.

    Operators are what a descent or a network consists of; functions show what is outside of torch.
    """
    values = dict(case.values)
    if "iterations" in task.parameters.model_fields:
        values["iterations"] = min(ITERATIONS, int(values.get("iterations", ITERATIONS)))
    case = Case(values=values, side=case.side, inputs=case.inputs)
    given = (task, case.pictures(task), case.parameters(task))
    once(*given)
    on_cuda = best_device().torch_device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    start = time.perf_counter()
    with profile(activities=activities) as found:
        once(*given)
    seconds = time.perf_counter() - start
    folder.mkdir(parents=True, exist_ok=True)
    what = f"{case.told(task)} {given[1][task.inputs[0].name][0].size[0]}px"
    trace = folder / f"{what.replace(' ', ',').replace('/', '-')}.json.gz"
    found.export_chrome_trace(str(trace))
    figure: dict[str, Any] = {
        "what": what,
        "seconds": seconds,
        "trace": trace.name,
        "operators": _operators(found, on_cuda),
        "functions": _functions(given),
    }
    for kind in ("operators", "functions"):
        told = ", ".join(f"{each['name']} {each['share']:.0%}" for each in figure[kind])
        print(f"{figure['what']}, {kind}: {told}", flush=True)
    return figure


def _operators(found: profile, on_cuda: bool) -> list[dict[str, Any]]:
    """Of the time of all operators."""
    key = "self_device_time_total" if on_cuda else "self_cpu_time_total"
    times = {each.key: float(getattr(each, key)) for each in found.key_averages()}
    return _largest(times, sum(times.values()))


def _functions(given: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Of the time of the run."""
    watch = cProfile.Profile()
    watch.enable()
    once(*given)
    watch.disable()
    told: Any = pstats.Stats(watch)
    times = {_name(place): float(each[2]) for place, each in told.stats.items()}
    return _largest(times, told.total_tt)


def _name(place: tuple[str, int, str]) -> str:
    file, _, function = place
    return function.strip("<>") if file == "~" else f"{Path(file).name}:{function}"


def _largest(times: dict[str, float], whole: float) -> list[dict[str, Any]]:
    first = sorted(times.items(), key=lambda each: -each[1])[:LARGEST]
    return [{"name": name, "share": spent / whole if whole else 0.0} for name, spent in first]
