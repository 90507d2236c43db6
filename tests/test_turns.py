from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine import TASKS, Job, Picture, Walk, run
from engine.errors import BusyError
from engine.job import SharedJob
from engine.tasks.style_v1 import StyleV1
from engine.turns import LOCK, TURNS, Ticket, Turns


@pytest.fixture
def turns() -> Turns:
    return Turns(threading.Lock())


def waiting(
    turns: Turns, stack: ExitStack, visitor: str, seconds: float | None = None
) -> tuple[Ticket, Iterator[object]]:
    """A run that waits: it has asked for the device once."""
    ticket = stack.enter_context(turns.ticket(Job(visitor, 9), seconds))
    return ticket, iter(turns.wait(ticket))


def served(turns: Turns, rows: dict[str, Iterator[object]]) -> str:
    """Whose turn it is now: every one asks once."""
    got = [name for name, row in rows.items() if next(row, None) is None]
    assert len(got) == 1
    return got[0]


def test_a_visitor_with_many_runs_waits_for_others(turns: Turns) -> None:
    with ExitStack() as stack:
        first, steps = waiting(turns, stack, "many")
        assert next(steps, None) is None, "the device was free"
        names = ["many 2", "many 3", "one", "other"]
        rows = {name: waiting(turns, stack, name.split()[0])[1] for name in names}
        for row in rows.values():
            assert next(row) is not None
        order = []
        while rows:
            turns.leave()
            order.append(served(turns, rows))
            del rows[order[-1]]
        turns.leave()
    assert first is not None
    assert order == ["one", "other", "many 2", "many 3"]


def test_place_and_time_are_told(turns: Turns) -> None:
    with ExitStack() as stack:
        first, steps = waiting(turns, stack, "a")
        next(steps, None)
        turns.note(first, 12.0)
        second, row = waiting(turns, stack, "b", seconds=30.0)
        assert turns.told(second) == "waiting: one run before yours, about 12 s"
        next(row)
        third, last = waiting(turns, stack, "c")
        next(last)
        assert turns.told(third) == "waiting: 2 runs before yours, about 42 s"
        turns.note(first, None)
        assert turns.told(third) == "waiting: 2 runs before yours"
        assert (turns.waiting, turns.running) == (2, True)
        turns.leave()
    assert (turns.waiting, turns.running) == (0, False)


def test_a_run_that_nobody_asks_for_a_step_does_not_keep_others_waiting(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.turns.GONE_SECONDS", 0.2)
    with ExitStack() as stack:
        _, steps = waiting(turns, stack, "a")
        next(steps, None)
        _, gone = waiting(turns, stack, "b")
        next(gone)
        _, row = waiting(turns, stack, "c")
        next(row)
        time.sleep(0.25)
        turns.leave()
        assert next(row, None) is None
        turns.leave()


def test_one_visitor_may_have_so_many_runs(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(turns.ticket(Job("a", 2)))
        with pytest.raises(BusyError, match="2 runs waiting or running"):
            stack.enter_context(turns.ticket(Job("a", 2)))
        stack.enter_context(turns.ticket(Job("b", 2)))
        for _ in range(9):
            stack.enter_context(turns.ticket(Job()))  # the owner's own runs know no limit
        monkeypatch.setenv("PENTIMENTO_QUEUE", "5")
        with pytest.raises(BusyError, match="5 runs are waiting already"):
            stack.enter_context(turns.ticket(Job("d", 2)))
    with turns.ticket(Job("a", 1)):
        pass


def test_closing_stops_all_runs_and_lets_nobody_in(turns: Turns) -> None:
    job, ended = Job("a", 1), threading.Event()

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
    first = run(TASKS["style-v1"], given, StyleV1(size=64, iterations=9), Job("a", 2))
    for step in first:
        if step.seconds_left is not None and step.done > 0:
            break
    second = run(TASKS["style-v1"], given, StyleV1(size=64, iterations=2), Job("b", 2))
    assert next(second).stage.startswith("waiting: one run before yours, about ")
    second.close()
    first.close()
    assert not LOCK.locked()
    assert TURNS.waiting == 0


def test_a_shared_job_can_be_stopped_from_another_process(photo: Picture, painting: Picture) -> None:
    import multiprocessing
    import pickle

    job = SharedJob("a", 3)
    copy = pickle.loads(pickle.dumps(job))
    assert (copy.visitor, copy.most, copy.stopped) == ("a", 3, False)
    other = multiprocessing.get_context("spawn").Process(target=copy.stop)
    other.start()
    other.join(60)
    assert job.stopped
    job.forget()
    assert not copy.stopped
    given = {"content": [photo], "style": [painting]}
    job.stop()
    with pytest.raises(Exception, match="before it began"):
        Walk(run(TASKS["style-v1"], given, StyleV1(size=64, iterations=2), copy)).finish()
    job.forget()
