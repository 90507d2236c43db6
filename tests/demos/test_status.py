"""What the page says of a run and of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from gradio.context import LocalContext
from starlette.requests import Request

from demos.components.status import finished, losses, machine_line, seconds, status
from demos.i18n.language import translation
from demos.serving.prerender import CHINESE
from engine.contracts.facts import MethodFacts, RunFacts, TaskFacts
from engine.contracts.messages import Message
from engine.contracts.task import Kind
from engine.runtime.machine import Machine

DONE = RunFacts(
    recipe={}, seconds=3.0, steps=4, stopped=False, size=(64, 48), device=Message("CPU"), dtype="float32",
    peak_memory_bytes=1_500_000_000, torch="2", notes={}, task=TaskFacts(),
)  # fmt: skip


@pytest.fixture
def chinese_visitor() -> Iterator[None]:
    scope = {"type": "http", "headers": [(b"accept-language", b"zh-CN,zh;q=0.9")]}
    LocalContext.request.set(Request(scope))
    yield
    LocalContext.request.set(None)


@pytest.mark.parametrize(
    ("value", "duration"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (119.7, "2 min 0 s"), (3600, "60 min")],
)
def test_durations(value: float, duration: str) -> None:
    assert seconds(value) == duration


def test_the_status_is_a_progress_bar_and_escapes_what_it_shows() -> None:
    drawn = status(0.426, Message("{name}", name="<b>stage</b>"), 12.3, losses({"style": 0.5}))
    assert 'role="progressbar"' in drawn
    assert 'aria-valuenow="43"' in drawn
    assert "&lt;b&gt;stage" in drawn
    assert str(Message("about {time} left", time="12 s")) in drawn
    assert "style 0.5" in drawn


def test_a_result_shows_time_size_and_memory() -> None:
    drawn = finished(DONE)
    assert 'aria-valuenow="100"' in drawn
    for part in ("3.0 s", "64 x 48", "CPU", "1.5 GB"):
        assert part in drawn, part


def test_a_comparison_shows_every_method_and_hints_come_along() -> None:
    methods = [MethodFacts(title=Message("one"), seconds=2.0, memory_bytes=300_000_000),
               MethodFacts(title=Message("other"), seconds=5.0)]  # fmt: skip
    facts = TaskFacts(methods=methods, hints=[Message("soft")], unfinished=Message("the rest"))
    drawn = finished(replace(DONE, task=facts))
    for part in ("one: 2.0 s, +0.3 GB", "other: 5.0 s", "soft", "the rest"):
        assert part in drawn, part
    assert "other: 5.0 s," not in drawn


def test_a_stop_and_a_video_have_headlines_of_their_own() -> None:
    film = replace(DONE, task=TaskFacts(figures={"frames": 17}))
    headlines = {
        finished(replace(facts, stopped=stopped), kind)
        for facts, kind in ((DONE, Kind.PICTURE), (film, Kind.VIDEO))
        for stopped in (False, True)
    }
    assert len(headlines) == 4
    assert sum("17" in headline for headline in headlines) == 2


@pytest.mark.usefixtures("chinese_visitor")
def test_a_visitor_is_told_in_his_language() -> None:
    drawn = finished(DONE)
    sentence = Message("Done in {time}, {width} x {height}", time="3.0 s", width=64, height=48)
    assert sentence.said(translation(CHINESE)) in drawn
    assert str(sentence) not in drawn


def test_the_machine_is_a_line_of_what_is_known() -> None:
    machine = Machine(Message("CPU"), 0, 0, 12, 0, 0, 0)
    assert machine_line(machine, Message("Here.")).count("<span>") == 3
    full = replace(machine, memory=16_000_000_000, free=4_000_000_000, cached=2, missing=3, missing_bytes=575_000_000)
    drawn = machine_line(full, Message("Here."))
    assert drawn.count("<span>") == 6
    for number in ("4 of 16", "2 ", "3 ", "575"):
        assert number in drawn, number
