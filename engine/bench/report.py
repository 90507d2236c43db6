"""Measure tasks on this machine: medians and spread, on pictures made here, so that anybody can repeat it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from engine.bench import style_v1, style_v2, style_v3
from engine.bench.cases import cases, described, missing
from engine.bench.measure import measured
from engine.contracts.task import TaskSpec
from engine.runtime.runtime import Runtime

DETAILS: dict[str, Callable[[Runtime, int], list[dict[str, Any]]]] = {
    "style-v1": style_v1.details,
    "style-v2": style_v2.details,
    "style-v3": style_v3.details,
}
"""Tasks of which parts are measured, too, when that is asked for."""


def machine(runtime: Runtime) -> str:
    """The machine that the figures are of."""
    return f"{processor()}, {runtime.device.name}, torch {version('torch')}, Python {platform.python_version()}"


def processor() -> str:
    """The CPU's name, as far as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as cpuinfo:
            names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def bench(runtime: Runtime, tasks: Sequence[TaskSpec], *, repeat: int = 5, details: bool = False) -> dict[str, Any]:
    """Measure tasks, print a line for each figure, return them all as JSON-ready values."""
    dtype = str(runtime.device.dtype).removeprefix("torch.")
    report: dict[str, Any] = {"machine": machine(runtime), "dtype": dtype, "tasks": {}}
    print(report["machine"])
    for task in tasks:
        figures: list[dict[str, Any]] = []
        for case in cases(task, runtime):
            if absent := missing(task, case, runtime):
                print(f"{described(task, case)}: {', '.join(absent)} not on this machine")
                figures.append({"what": described(task, case), "missing": absent})
            else:
                figures.append(measured(runtime, task, case, repeat))
        report["tasks"][task.name] = figures
        if details and task.name in DETAILS:
            report["tasks"][task.name] += DETAILS[task.name](runtime, repeat)
    return report
