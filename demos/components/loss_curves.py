"""Curves of the losses as a small inline SVG: logarithmic, of fixed height, readable by a screen reader.

Gradio's LinePlot has no logarithmic axis and redraws a Vega chart at every frame, which a phone feels.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from demos.components.loss_names import loss_name
from engine.contracts.messages import Message, Translate, english

POINTS = 200
"""Most points of one curve that are sent to the page."""
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 320, 52, 30, 12
COLOURS = ("#3b6fb6", "#c2571a", "#3f8f5b", "#8a8a8a", "#8a5bb0", "#b08a2e", "#2e9aa8")
"""Told apart by the colour-blind, and readable on light and dark."""
FLOOR = 1e-6
"""Smaller losses are drawn here: a logarithm needs a floor."""


@dataclass
class Curves:
    """The losses so far, thinned out so that a long run sends no more than a short one."""

    rows: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Note the values at a step."""
        self.rows.append((step, dict(figures)))
        if len(self.rows) > POINTS:
            del self.rows[1::2]

    def svg(self, translate: Translate = english) -> str:
        """The drawing; an empty frame of the same height before there are two points."""
        names = list(dict.fromkeys(name for _, figures in self.rows for name in figures))[: len(COLOURS)]
        if len(self.rows) < 2:
            return _frame(Message("The losses appear here.").said(translate), "")
        values = [max(value, FLOOR) for _, figures in self.rows for value in figures.values()]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
        scale = _Scale(self.rows[0][0], self.rows[-1][0], low, max(high, low + 1))
        last = {name: value for _, figures in self.rows for name, value in figures.items()}
        losses = ", ".join(f"{loss_name(name, translate)} {last[name]:.3g}" for name in names if name in last)
        label = Message("Losses: {losses}", losses=losses).said(translate)
        lines = "".join(self._line(name, COLOURS[index], scale) for index, name in enumerate(names))
        return _frame(label, scale.grid(translate) + lines) + _legend(names, last, translate)

    def _line(self, name: str, colour: str, scale: _Scale) -> str:
        points = " ".join(scale.point(step, figures[name]) for step, figures in self.rows if name in figures)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


@dataclass(frozen=True)
class _Scale:
    """Steps and powers of ten to drawing units."""

    first: int
    last: int
    low: int
    high: int

    def point(self, step: int, value: float) -> str:
        across = (step - self.first) / max(1, self.last - self.first)
        up = (math.log10(max(value, FLOOR)) - self.low) / (self.high - self.low)
        return f"{LEFT + across * (WIDTH - LEFT):.1f},{HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP):.1f}"

    def grid(self, translate: Translate) -> str:
        drawn = []
        for power in range(self.low, self.high + 1):
            y = float(self.point(self.first, 10.0**power).split(",")[1])
            drawn.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}" class="grid"/>')
            drawn.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
        iteration = html.escape(Message("iteration {number}", number=self.last).said(translate))
        drawn.append(f'<text x="{WIDTH}" y="{HEIGHT - 8}" text-anchor="end">{iteration}</text>')
        return "".join(drawn)


def _frame(label: str, drawing: str) -> str:
    text = html.escape(label)
    hint = "" if drawing else f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">{text}</text>'
    return (
        f'<svg class="curves" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text}" '
        f'preserveAspectRatio="xMidYMid meet">{drawing}{hint}</svg>'
    )


def _legend(names: list[str], last: Mapping[str, float], translate: Translate) -> str:
    items = "".join(
        f'<span><i style="background:{COLOURS[index]}"></i>{html.escape(loss_name(name, translate))} {last[name]:.3g}'
        "</span>"
        for index, name in enumerate(names)
        if name in last
    )
    return f'<div class="legend">{items}</div>'
