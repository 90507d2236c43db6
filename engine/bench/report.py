"""Measure tasks on this machine: medians and spread, on pictures made here, so that anybody can repeat it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from engine.bench import style_v1, style_v2, style_v3
from engine.bench.cases import cases, missing
from engine.bench.measure import measured
from engine.contracts.task import Task
from engine.hardware.device import best_device

DETAILS: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "style-v1": style_v1.details,
    "style-v2": style_v2.details,
    "style-v3": style_v3.details,
}
"""Tasks of which parts are measured, too, when that is asked for."""


def machine() -> str:
    """What the figures are of."""
    return f"{processor()}, {best_device().name}, torch {version('torch')}, Python {platform.python_version()}"


def processor() -> str:
    """The CPU's name, as far as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as told:
            names = [line.split(":", 1)[1].strip() for line in told if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def bench(tasks: Sequence[Task], *, repeat: int = 5, details: bool = False) -> dict[str, Any]:
    """Measure tasks, print a line for each figure, return them all as JSON-ready values."""
    device = best_device()
    report: dict[str, Any] = {"machine": machine(), "dtype": str(device.dtype).removeprefix("torch."), "tasks": {}}
    print(report["machine"])
    for task in tasks:
        figures: list[dict[str, Any]] = []
        for case in cases(task, device):
            if absent := missing(task, case):
                print(f"{case.told(task)}: {', '.join(absent)} not on this machine")
                figures.append({"what": case.told(task), "missing": absent})
            else:
                figures.append(measured(task, case, repeat))
        report["tasks"][task.name] = figures
        if details and task.name in DETAILS:
            report["tasks"][task.name] += DETAILS[task.name](repeat)
    return report
