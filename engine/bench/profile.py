"""Where the time of a task goes: a trace of one warm run, and the largest costs by name."""

from __future__ import annotations

import cProfile
import pstats
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

from engine.bench.cases import described, inputs_of, parameters_of
from engine.bench.measure import once
from engine.contracts.task import TaskSpec
from engine.contracts.task_parts import BenchCase
from engine.runtime.runtime import Runtime

LARGEST = 3
"""Costs that are named."""
ITERATIONS = 20
"""Most iterations of a descent that is profiled: more of them would only repeat the same costs."""


def profiled(runtime: Runtime, task: TaskSpec, case: BenchCase, folder: Path) -> dict[str, Any]:
    """Profile a case twice: torch's operators, with a trace for chrome://tracing, and all functions of Python and C.

    Operators are what a descent or a network consists of; functions show what is outside of torch.
    """
    values = dict(case.values)
    if "iterations" in task.parameters.model_fields:
        values["iterations"] = min(ITERATIONS, int(values.get("iterations", ITERATIONS)))
    case = replace(case, values=values)
    arguments = (runtime, task, inputs_of(task, case), parameters_of(task, case))
    once(*arguments)
    on_cuda = runtime.device.kind == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    start = time.perf_counter()
    with profile(activities=activities) as trace_of_run:
        once(*arguments)
    seconds = time.perf_counter() - start
    folder.mkdir(parents=True, exist_ok=True)
    what = f"{described(task, case)} {arguments[2][task.inputs[0].name][0].size[0]}px"
    trace = folder / f"{what.replace(' ', ',').replace('/', '-')}.json.gz"
    trace_of_run.export_chrome_trace(str(trace))
    figure: dict[str, Any] = {
        "what": what,
        "seconds": seconds,
        "trace": trace.name,
        "operators": _operators(trace_of_run, on_cuda),
        "functions": _functions(arguments),
    }
    for kind in ("operators", "functions"):
        shares = ", ".join(f"{each['name']} {each['share']:.0%}" for each in figure[kind])
        print(f"{figure['what']}, {kind}: {shares}", flush=True)
    return figure


def _operators(trace: profile, on_cuda: bool) -> list[dict[str, Any]]:
    """The operators of torch that cost most, each with its share of the time of all operators."""
    key = "self_device_time_total" if on_cuda else "self_cpu_time_total"
    times = {each.key: float(getattr(each, key)) for each in trace.key_averages()}
    return _largest(times, sum(times.values()))


def _functions(arguments: tuple[Any, ...]) -> list[dict[str, Any]]:
    """The functions of Python and C that cost most, each with its share of the time of the whole run."""
    watch = cProfile.Profile()
    watch.enable()
    once(*arguments)
    watch.disable()
    stats: Any = pstats.Stats(watch)
    times = {_name(place): float(each[2]) for place, each in stats.stats.items()}
    return _largest(times, stats.total_tt)


def _name(place: tuple[str, int, str]) -> str:
    file, _, function = place
    return function.strip("<>") if file == "~" else f"{Path(file).name}:{function}"


def _largest(times: dict[str, float], whole: float) -> list[dict[str, Any]]:
    first = sorted(times.items(), key=lambda each: -each[1])[:LARGEST]
    return [{"name": name, "share": spent / whole if whole else 0.0} for name, spent in first]
