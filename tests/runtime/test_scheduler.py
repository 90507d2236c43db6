"""Whose turn it is: fair by address, told with place and time, limited for each visitor, and closed at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine import TASKS, Job, Picture, Runtime, Step
from engine.contracts.errors import BusyError
from engine.contracts.job import Phase
from engine.contracts.messages import Message
from engine.contracts.settings import Settings
from engine.runtime.scheduler import Limits, Scheduler, Ticket
from engine.tasks.style_v1 import StyleV1


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


def waiting(
    scheduler: Scheduler, stack: ExitStack, visitor: str, seconds: float | None = None
) -> tuple[Ticket, Iterator[Step]]:
    """A run that stands in line; it waits from its first step on."""
    ticket = stack.enter_context(scheduler.ticket(Job(visitor, visitor), seconds))
    return ticket, iter(scheduler.wait(ticket))


def test_an_address_with_many_runs_waits_for_others(scheduler: Scheduler) -> None:
    with ExitStack() as stack:
        holder, steps = waiting(scheduler, stack, "many")
        assert next(steps, None) is None, "the device was free"
        names = ["many 2", "many 3", "one", "other"]
        rows = {name: waiting(scheduler, stack, name.split()[0]) for name in names}
        for _, row in rows.values():
            assert next(row).phase is Phase.WAITING
        order = []
        while rows:
            scheduler.leave(holder)
            ready = [name for name, (_, row) in rows.items() if next(row, None) is None]
            assert len(ready) == 1
            order += ready
            holder = rows.pop(ready[0])[0]
        scheduler.leave(holder)
    assert order == ["one", "other", "many 2", "many 3"]


def test_as_many_runs_work_as_there_are_devices() -> None:
    scheduler = Scheduler(devices=2)
    with ExitStack() as stack:
        tickets = []
        for visitor in ("a", "b"):
            ticket, steps = waiting(scheduler, stack, visitor)
            assert next(steps, None) is None
            tickets.append(ticket)
        _, row = waiting(scheduler, stack, "c")
        assert next(row).phase is Phase.WAITING
        assert (scheduler.running, scheduler.waiting) == (2, 1)
        for ticket in tickets:
            scheduler.leave(ticket)


def test_place_and_time_are_told(scheduler: Scheduler) -> None:
    with ExitStack() as stack:
        first, steps = waiting(scheduler, stack, "a")
        next(steps, None)
        scheduler.note(first, 12.0)
        second, row = waiting(scheduler, stack, "b", seconds=30.0)
        place = scheduler.place(second).values
        assert place["runs"] == Message("one run")
        assert place["seconds"] in (11, 12)
        next(row)
        third, last = waiting(scheduler, stack, "c")
        next(last)
        place = scheduler.place(third).values
        assert place["runs"] == Message("{count} runs", count=2)
        assert place["seconds"] in (41, 42)
        scheduler.note(first, None)
        assert scheduler.place(third).values == {"runs": Message("{count} runs", count=2)}, "nobody knows how long"
        assert (scheduler.waiting, scheduler.running) == (2, 1)
        scheduler.leave(first)
    assert (scheduler.waiting, scheduler.running) == (0, 0)


def test_a_run_that_nobody_asks_for_a_step_does_not_keep_others_waiting(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtime.scheduler.GONE_SECONDS", 0.2)
    with ExitStack() as stack:
        first, steps = waiting(scheduler, stack, "a")
        next(steps, None)
        _, gone = waiting(scheduler, stack, "b")
        next(gone)
        last, row = waiting(scheduler, stack, "c")
        next(row)
        time.sleep(0.25)
        scheduler.leave(first)
        assert next(row, None) is None
        scheduler.leave(last)


def test_a_visit_an_address_and_all_together_may_have_so_many_runs() -> None:
    """As the settings say."""
    settings = Settings(runs_per_visitor=2, runs_per_address=3, queue=14)
    scheduler = Runtime(settings).scheduler
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(scheduler.ticket(Job("a", "home")))
        assert refusal(scheduler, Job("a", "home")).fields == {"runs": 2}
        stack.enter_context(scheduler.ticket(Job("b", "home")))
        assert refusal(scheduler, Job("c", "home")).fields == {"runs": 3}
        stack.enter_context(scheduler.ticket(Job("d", "far")))
        for _ in range(11):
            stack.enter_context(scheduler.ticket(Job()))  # the owner's own runs know no limit
        assert refusal(scheduler, Job("e", "near")).fields == {"waiting": 14}
    with scheduler.ticket(Job("a", "home")):
        pass


def refusal(scheduler: Scheduler, job: Job) -> BusyError:
    with pytest.raises(BusyError) as error, scheduler.ticket(job):
        pass
    return error.value


def test_limits_have_the_defaults_of_the_settings() -> None:
    settings = Settings()
    assert Limits() == Limits(
        queue=settings.queue,
        line_minutes=settings.line_minutes,
        runs_per_visitor=settings.runs_per_visitor,
        runs_per_address=settings.runs_per_address,
    )


def test_the_line_is_as_long_as_its_time_allows() -> None:
    scheduler = Scheduler(Limits(queue=2, line_minutes=1))
    with ExitStack() as stack:
        for number in range(60):
            stack.enter_context(scheduler.ticket(Job(f"visit {number}", f"address {number}"), 1.0))
        scheduler.check(Job("one", "more"))
        stack.enter_context(scheduler.ticket(Job("a", "b"), 30.0))
        assert refusal(scheduler, Job("one", "more")).fields == {"waiting": 2}
    with ExitStack() as stack:
        for number in range(3):
            stack.enter_context(scheduler.ticket(Job(f"visit {number}", f"address {number}")))
        assert refusal(scheduler, Job("one", "more")).fields == {"waiting": 2}, "nobody knows how long they take"


def test_a_device_that_is_given_back_goes_on_at_once() -> None:
    scheduler, begun = Scheduler(), []
    with scheduler.ticket(Job("a", "a")) as first, scheduler.ticket(Job("b", "b")) as second:
        assert not list(scheduler.wait(first))

        def wait() -> None:
            for _ in scheduler.wait(second):
                pass
            begun.append(time.monotonic())
            scheduler.leave(second)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.4)
        left = time.monotonic()
        scheduler.leave(first)
        waiting.join()
    assert begun[0] - left < 0.1


def test_closing_stops_all_runs_and_lets_nobody_in(scheduler: Scheduler) -> None:
    job, ended = Job("a", "home"), threading.Event()

    def work() -> None:
        with scheduler.ticket(job):
            while not job.stopped:
                time.sleep(0.01)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not scheduler.waiting:
        time.sleep(0.01)
    assert not scheduler.closed
    assert scheduler.close(5)
    assert ended.wait(1)
    assert scheduler.closed
    assert refusal(scheduler, Job()).fields == {}, "the owner is let in no more than a visitor"
    thread.join()


def test_closing_tells_when_a_run_has_not_ended(scheduler: Scheduler) -> None:
    with scheduler.ticket(Job("a", "home")):
        assert not scheduler.close(0.1)


def test_the_device_can_be_had_for_a_moment_where_no_run_wants_it(scheduler: Scheduler) -> None:
    with scheduler.device_if_free() as free:
        assert free
        assert scheduler.busy
        with scheduler.device_if_free() as again:
            assert not again, "somebody else has it"
    assert not scheduler.busy
    with scheduler.ticket(Job()), scheduler.device_if_free() as free:
        assert not free, "a run waits for it"
    with scheduler.device_if_free() as free:
        assert free
    scheduler.close(0)
    with scheduler.device_if_free() as free:
        assert not free


def test_a_run_tells_those_behind_it_how_long_it_takes(runtime: Runtime, photo: Picture, painting: Picture) -> None:
    inputs = {"content": [photo], "style": [painting]}
    first = runtime.run(TASKS["style-v1"], inputs, StyleV1(size=64, iterations=9), Job("a", "home"))
    for step in first:
        if step.seconds_left is not None and step.done > 0:
            break
    second = runtime.run(TASKS["style-v1"], inputs, StyleV1(size=64, iterations=2), Job("b", "far"))
    place = next(second).stage.values
    assert place["runs"] == Message("one run")
    assert place["seconds"] >= 1
    second.close()
    first.close()
    assert (runtime.scheduler.busy, runtime.scheduler.waiting) == (False, 0)
