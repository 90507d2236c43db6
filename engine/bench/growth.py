"""How time and memory grow with the picture: runs over sizes, exponents fitted to them, and a plot."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.bench.cases import inputs_of
from engine.bench.measure import once
from engine.contracts.parameters import parse
from engine.contracts.task import Registry
from engine.contracts.task_parts import BenchCase
from engine.runtime.runtime import Runtime

SIDES = (512, 1024, 2048, 4096)
"""Sides in pixels of square pictures: 0.25, 1, 4 and 16 megapixels."""
DESCENT_SIDES = (256, 512, 1024, 2048)


@dataclass(frozen=True)
class Series:
    """A task over sizes."""

    task: str
    values: Mapping[str, Any]
    """Parameters, the same at all sizes."""
    sides: Sequence[int] = SIDES
    size: str = ""
    """Parameter that has to be the side, too."""
    inputs: Sequence[str] = ()
    """Inputs that may be left out and are given all the same."""


SERIES = (
    Series("style-v2", {"size": 0}),
    Series("super-resolution", {"method": "compact", "scale": 2}),
    Series("inpainting", {"method": "network"}, inputs=("mask",)),
    Series("main-subject", {}),
    Series("style-v3", {"iterations": 6}, DESCENT_SIDES, "size"),
    Series("style-v1", {"iterations": 6}, DESCENT_SIDES, "size"),
)


def growth(runtime: Runtime, tasks: Registry, most: int = max(SIDES)) -> list[dict[str, Any]]:
    """Measure all series up to a side, and print a line for each."""
    figures = []
    for series in SERIES:
        task = tasks[series.task]
        points: list[dict[str, Any]] = []
        for side in (each for each in series.sides if each <= most):
            values = {**series.values, **({series.size: side} if series.size else {})}
            inputs = inputs_of(task, BenchCase(side=side, inputs=series.inputs))
            if not points:
                once(runtime, task, inputs, parse(task.parameters, values))  # what is loaded once does not count
            seconds, _, result = once(runtime, task, inputs, parse(task.parameters, values))
            points.append({"side": side, "seconds": seconds, "bytes": result.facts.peak_memory_bytes})
        if not points:  # all of its pictures are larger
            continue
        slope = exponent([each["side"] ** 2 for each in points], [each["seconds"] for each in points])
        shown = ", ".join(f"{each['side']} px {each['seconds']:.3g} s {each['bytes'] / 1e9:.1f} GB" for each in points)
        print(f"{series.task}: {shown}; time grows as the pixels to the power of {slope:.2f}", flush=True)
        figures.append({"task": series.task, "points": points, "exponent": slope})
    return figures


def exponent(pixels: Sequence[float], values: Sequence[float]) -> float:
    """Of the power law that fits best: the slope of the logarithms' line by least squares."""
    across, up = [math.log(each) for each in pixels], [math.log(each) for each in values]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((each - middle) ** 2 for each in across)
    products = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True))
    return products / spread if spread else 0.0


WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT = 720, 420, 70, 50, 190
COLOURS = ("#4338ca", "#b45309", "#047857", "#be123c", "#0369a1", "#7c3aed")


def plot(figures: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the times as an SVG: both axes are logarithmic, a line for each task."""
    points = [each for figure in figures for each in figure["points"]]
    sides, seconds = [each["side"] for each in points], [each["seconds"] for each in points]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = math.log(min(sides)), math.log(max(sides))

    def place(side: float, value: float) -> tuple[float, float]:
        x = LEFT + (math.log(side) - first) / max(last - first, 1e-9) * (WIDTH - LEFT - RIGHT)
        y = (HEIGHT - BOTTOM) * (1 - (math.log10(value) - low) / max(high - low, 1)) + 10
        return round(x, 1), round(y, 1)

    drawn = []
    for power in range(low, high + 1):
        _, y = place(min(sides), 10.0**power)
        drawn.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#d6d3d1"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for side in sorted(set(sides)):
        x, _ = place(side, 10.0**low)
        drawn.append(f'<text x="{x}" y="{HEIGHT - 16}" text-anchor="middle">{side} px</text>')
    for index, figure in enumerate(figures):
        colour = COLOURS[index % len(COLOURS)]
        line = " ".join(",".join(map(str, place(each["side"], each["seconds"]))) for each in figure["points"])
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        text = html.escape(f"{figure['task']}: {figure['exponent']:.2f}")
        drawn.append(f'<text x="{WIDTH - RIGHT + 14}" y="{40 + 22 * index}" fill="{colour}">{text}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(drawn)}</svg>\n',
        encoding="utf-8",
    )
