"""The table of the docs, made of what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message

BEGIN, END = "<!-- bench: made by the command below -->", "<!-- end of bench -->"

COLUMNS = (
    "task and setting", "picture", "warm, median (least to most)", "cold", "first picture", "peak memory",
    "pictures an hour",
)  # fmt: skip


def markdown(report: Mapping[str, Any], command: str, day: date) -> str:
    """Machine and table; figures of parts, and what could not be measured, are only in the JSON."""
    return "\n".join([f"`{command}` on {day:%Y-%m-%d}: {report['machine']}, {report['dtype']}.", "", *_rows(report)])


def _rows(report: Mapping[str, Any]) -> Iterator[str]:
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---" * len(COLUMNS) + "|"
    for figures in report["tasks"].values():
        for each in figures:
            if "cold_seconds" not in each:
                continue
            low, high = each["spread"]
            yield (
                f"| {each['what']} | {each['picture'].replace('x', ' x ')} "
                f"| {_time(each['seconds'])} ({_time(low)} to {_time(high)}) | {_time(each['cold_seconds'])} "
                f"| {_time(each['first_preview_seconds'])} | {each['peak_memory_bytes'] / 1e9:.1f} GB "
                f"| {3600 * each['pictures_per_second']:,.0f} |"
            )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"


def put(table: str, page: Path, begin: str = BEGIN, end: str = END) -> None:
    """Write a table between the marks of a page.

    Raises:
        ParameterError: it has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    marked = re.compile(f"{re.escape(begin)}\n(?:.*?\n)?{re.escape(end)}", re.DOTALL)
    if not marked.search(text):
        raise ParameterError(
            Message("{page} has no lines {begin!r} and {end!r} for the table.", page=page.name, begin=begin, end=end)
        )
    page.write_text(marked.sub(lambda _: f"{begin}\n{table}\n{end}", text), encoding="utf-8")
