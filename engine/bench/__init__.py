"""Measure tasks on this machine: medians and spread, on pictures made here, so that anybody can repeat it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from engine.bench import face_swap, inpainting, style_v1, style_v2, style_v3, super_resolution
from engine.bench.measure import whole
from engine.device import best_device
from engine.registry import Task

OWN = {
    "style-v1": style_v1.measure,
    "style-v2": style_v2.measure,
    "style-v3": style_v3.measure,
    "super-resolution": super_resolution.measure,
    "inpainting": inpainting.measure,
    "face-swap": face_swap.measure,
}
"""Tasks with figures of their own; the others are run once with their defaults."""


def bench(tasks: Sequence[Task], *, repeat: int = 5) -> dict[str, Any]:
    """Measure tasks, print a line for each figure, return them all as JSON-ready values."""
    device = best_device()
    report: dict[str, Any] = {
        "machine": f"{platform.machine()}, {device.name}, torch {version('torch')}, Python {platform.python_version()}",
        "dtype": str(device.dtype),
    }
    print(report["machine"])
    for task in tasks:
        report[task.name] = OWN[task.name](repeat) if task.name in OWN else [whole(task, {}, repeat)]
    return report
