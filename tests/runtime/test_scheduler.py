from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine import TASKS, Job, Picture, Walk, run
from engine.contracts.errors import BusyError
from engine.contracts.job import SharedJob
from engine.runtime.scheduler import LOCK, TURNS, Ticket, Turns
from engine.tasks.style_v1 import StyleV1


@pytest.fixture
def turns() -> Turns:
    return Turns(threading.Lock())


def waiting(
    turns: Turns, stack: ExitStack, visitor: str, seconds: float | None = None
) -> tuple[Ticket, Iterator[object]]:
    """A run that waits: it has asked for the device once."""
    ticket = stack.enter_context(turns.ticket(Job(visitor, visitor), seconds))
    return ticket, iter(turns.wait(ticket))


def test_an_address_with_many_runs_waits_for_others(turns: Turns) -> None:
    with ExitStack() as stack:
        holder, steps = waiting(turns, stack, "many")
        assert next(steps, None) is None, "the device was free"
        names = ["many 2", "many 3", "one", "other"]
        rows = {name: waiting(turns, stack, name.split()[0]) for name in names}
        for _, row in rows.values():
            assert next(row) is not None
        order = []
        while rows:
            turns.leave(holder)
            got = [name for name, (_, row) in rows.items() if next(row, None) is None]
            assert len(got) == 1
            order += got
            holder = rows.pop(got[0])[0]
        turns.leave(holder)
    assert order == ["one", "other", "many 2", "many 3"]


def test_place_and_time_are_told(turns: Turns) -> None:
    with ExitStack() as stack:
        first, steps = waiting(turns, stack, "a")
        next(steps, None)
        turns.note(first, 12.0)
        second, row = waiting(turns, stack, "b", seconds=30.0)
        assert re.fullmatch("waiting: one run before yours, about 1[12] s", turns.told(second))
        next(row)
        third, last = waiting(turns, stack, "c")
        next(last)
        assert re.fullmatch("waiting: 2 runs before yours, about 4[12] s", turns.told(third))
        turns.note(first, None)
        assert turns.told(third) == "waiting: 2 runs before yours"
        assert (turns.waiting, turns.running) == (2, True)
        turns.leave(first)
    assert (turns.waiting, turns.running) == (0, False)


def test_a_run_that_nobody_asks_for_a_step_does_not_keep_others_waiting(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtime.scheduler.GONE_SECONDS", 0.2)
    with ExitStack() as stack:
        first, steps = waiting(turns, stack, "a")
        next(steps, None)
        _, gone = waiting(turns, stack, "b")
        next(gone)
        last, row = waiting(turns, stack, "c")
        next(row)
        time.sleep(0.25)
        turns.leave(first)
        assert next(row, None) is None
        turns.leave(last)


def test_a_visit_an_address_and_all_together_may_have_so_many_runs(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENTIMENTO_RUNS_PER_VISITOR", "2")
    monkeypatch.setenv("PENTIMENTO_RUNS_PER_ADDRESS", "3")
    monkeypatch.setenv("PENTIMENTO_QUEUE", "14")
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(turns.ticket(Job("a", "home")))
        with pytest.raises(BusyError, match="You have 2 runs waiting or running"):
            stack.enter_context(turns.ticket(Job("a", "home")))
        stack.enter_context(turns.ticket(Job("b", "home")))
        with pytest.raises(BusyError, match="3 runs from your network"):
            stack.enter_context(turns.ticket(Job("c", "home")))
        stack.enter_context(turns.ticket(Job("d", "far")))
        for _ in range(11):
            stack.enter_context(turns.ticket(Job()))  # the owner's own runs know no limit
        with pytest.raises(BusyError, match="14 runs are waiting already"):
            stack.enter_context(turns.ticket(Job("e", "near")))
    with turns.ticket(Job("a", "home")):
        pass


def test_closing_stops_all_runs_and_lets_nobody_in(turns: Turns) -> None:
    job, ended = Job("a", "home"), threading.Event()

    def work() -> None:
        with turns.ticket(job):
            while not job.stopped:
                time.sleep(0.01)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not turns.waiting:
        time.sleep(0.01)
    assert turns.close(5)
    assert ended.wait(1)
    with pytest.raises(BusyError, match="about to restart"), turns.ticket(Job()):
        pass
    thread.join()


def test_a_run_tells_those_behind_it_how_long_it_takes(photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    first = run(TASKS["style-v1"], given, StyleV1(size=64, iterations=9), Job("a", "home"))
    for step in first:
        if step.seconds_left is not None and step.done > 0:
            break
    second = run(TASKS["style-v1"], given, StyleV1(size=64, iterations=2), Job("b", "far"))
    assert next(second).stage.startswith("waiting: one run before yours, about ")
    second.close()
    first.close()
    assert not LOCK.locked()
    assert TURNS.waiting == 0


def test_a_shared_job_can_be_stopped_from_another_process(photo: Picture, painting: Picture) -> None:
    import multiprocessing
    import pickle

    job = SharedJob("a", "home", explains=False)
    copy = pickle.loads(pickle.dumps(job))
    assert (copy.visitor, copy.address, copy.explains, copy.stopped) == ("a", "home", False, False)
    other = multiprocessing.get_context("spawn").Process(target=copy.stop)
    other.start()
    other.join(60)
    assert job.stopped
    job.forget()
    assert not copy.stopped
    job.stop()
    assert not copy.stopped, "a page that closes after the run leaves no file behind"
    job = SharedJob("a", "home")
    copy = pickle.loads(pickle.dumps(job))
    given = {"content": [photo], "style": [painting]}
    job.stop()
    with pytest.raises(Exception, match="before it began"):
        Walk(run(TASKS["style-v1"], given, StyleV1(size=64, iterations=2), copy)).finish()
    job.forget()
