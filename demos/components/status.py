"""The small pieces of HTML that tell of a run and of the machine."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from demos.components.loss_names import loss_name
from demos.i18n.language import current, mark_html, say, say_in_html, translation
from engine.contracts.facts import MethodFacts, RunFacts
from engine.contracts.messages import Message, Text, Translate
from engine.contracts.task import Kind
from engine.runtime.machine import Machine

PROGRESS = Message("progress")
READY = Message("Ready")


def seconds(value: float) -> str:
    """A duration for a person."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(value / 60)} min"


def ready() -> Any:
    """Status of a task that nobody has run yet, for the page."""
    return mark_html(lambda translate: _bar(0, READY.said(translate), "", "", translate))


def status(done: float, stage: Text, left: float | None = None, detail: str = "") -> str:
    """In a handler: progress of a run as bar, stage, time left and a quiet line, which is a text.

    Its height does not change while the task runs.
    """
    remaining = say(Message("about {time} left", time=seconds(left))) if left is not None else ""
    return _bar(done, say(stage), remaining, detail, translation(current()))


def _bar(done: float, stage: str, remaining: str, detail: str, translate: Translate) -> str:
    percent = round(100 * done)
    return (
        f'<div class="status" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{PROGRESS.said(translate)}"><div class="track"><div class="fill" style="width:{percent}%"></div>'
        f'</div><div class="line"><span>{html.escape(stage)}</span><span>{remaining}</span></div>'
        f'<div class="quiet">{html.escape(detail)}&nbsp;</div></div>'
    )


def losses(figures: Mapping[str, float]) -> str:
    """In a handler: the losses in a line."""
    translate = translation(current())
    return ", ".join(f"{loss_name(name, translate)} {value:.3g}" for name, value in figures.items())


def finished(facts: RunFacts, output: Kind = Kind.PICTURE) -> str:
    """In a handler: the status under a result."""
    values = {"time": seconds(facts.seconds), "width": facts.size[0], "height": facts.size[1]}
    if output is Kind.VIDEO:
        values["frames"] = facts.task.figures["frames"]
        headline = (
            Message("Stopped with {frames} frames in {time}, {width} x {height}", **values)
            if facts.stopped
            else Message("Done: {frames} frames in {time}, {width} x {height}", **values)
        )
    elif facts.stopped:
        headline = Message("Stopped with the best picture so far after {time}, {width} x {height}", **values)
    else:
        headline = Message("Done in {time}, {width} x {height}", **values)
    details = [*facts.task.hints, *([facts.task.unfinished] if facts.task.unfinished else [])]
    details.append(Message("{device}, peak {memory}", device=facts.device, memory=_gigabytes(facts.peak_memory_bytes)))
    line = [say(each) for each in details] + [_method_line(each) for each in facts.task.methods]
    return status(1.0, headline, detail=" · ".join(line))


def _method_line(method: MethodFacts) -> str:
    memory = f", +{_gigabytes(method.memory_bytes)}" if method.memory_bytes is not None else ""
    return f"{say(method.title)}: {seconds(method.seconds)}{memory}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def machine_placeholder() -> Any:
    """The line about the machine before it is known, for the page; of the same height as afterwards."""
    line = Message("This machine: ...")
    return mark_html(lambda translate: f'<p class="quiet">{line.said(translate)}</p>')


def machine_line(machine: Machine, lead: Text) -> str:
    """In a handler: a sentence, then device, memory and weights in a line."""
    parts: list[Text] = [lead, machine.device]
    if machine.memory:
        free, memory = round(machine.free / 1e9), round(machine.memory / 1e9)
        parts.append(Message("{free} of {memory} GB free", free=free, memory=memory))
    parts.append(Message("{count} networks are here", count=machine.shipped))
    if machine.cached:
        parts.append(Message("{count} more were downloaded", count=machine.cached))
    if machine.missing:
        size = round(machine.missing_bytes / 1e6)
        parts.append(
            Message("{count} more come from the Hub when they are chosen ({size} MB)", count=machine.missing, size=size)
        )
    return '<p class="quiet">' + "".join(f"<span>{say_in_html(part)}</span>" for part in parts) + "</p>"
