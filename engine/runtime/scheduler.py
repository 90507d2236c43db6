"""Whose turn it is: as many runs as there are devices have one, and those that wait are served fairly. No torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from engine.contracts.errors import BusyError
from engine.contracts.job import Job, Step
from engine.contracts.settings import settings

LOCK = threading.Lock()
"""Held by the run that uses the device. Gradio frees a queue slot as soon as a job is cancelled, while its last step
still computes; this lock keeps the next run waiting until that step has ended."""
POLL_SECONDS = 0.25
"""Time between two looks of a run that waits."""
GONE_SECONDS = 5.0
"""A waiting run that nobody has asked for a step for so long does not keep others waiting."""


@dataclass(eq=False)
class Ticket:
    """A run's place."""

    job: Job
    round: int
    arrived: int
    seconds: float | None
    """How long the run should take; None where nobody knows."""
    asked: float | None = None
    """When a step was last asked of it while it has all but the device, by the monotonic clock; else None."""
    until: float | None = None
    """When the run that has the device should end, by the monotonic clock."""


class Turns:
    """Tickets of all runs of this process.

    Fair means start-time fair queueing (Goyal, Vin & Cheng 1996) by address: a run's round is the one after its
    address' last run, or the current one for who comes new; of those that are ready, the lowest round goes first, then
    who came first. So who has many runs waits for others, not they for him.
    """

    def __init__(self, device: threading.Lock) -> None:
        self._devices: threading.Lock | threading.BoundedSemaphore = device
        self._many = 1
        self._lock = threading.Lock()
        self._tickets: list[Ticket] = []
        self._running: list[Ticket] = []
        self._arrivals = count()
        self._round = 0
        self._rounds: dict[str, int] = {}
        self._closed = False
        self._left = time.monotonic()

    def share(self, many: int) -> None:
        """Serve so many devices from now on; called before the first run."""
        self._devices, self._many = threading.BoundedSemaphore(many), many

    @contextmanager
    def ticket(self, job: Job, seconds: float | None = None) -> Iterator[Ticket]:
        """Stand in line while the context lasts.

        Raises:
            BusyError: the visitor, or all of them, have too many runs already, or this process is about to end.
        """
        with self._lock:
            if self._closed:
                raise BusyError("The server is about to restart; please try again in a minute.")
            self._check(job)
            made = Ticket(job, self._next_round(job.address), next(self._arrivals), seconds)
            self._tickets.append(made)
        try:
            yield made
        finally:
            with self._lock:
                self._tickets.remove(made)
                if not any(each.job.address == job.address for each in self._tickets):
                    self._rounds.pop(job.address, None)

    def _next_round(self, address: str) -> int:
        found = max(self._round, self._rounds.get(address, -1) + 1) if address else self._round
        self._rounds[address] = found
        return found

    def _check(self, job: Job) -> None:
        if not job.visitor:
            return
        limits = settings()
        visits = sum(each.job.visitor == job.visitor for each in self._tickets)
        there = sum(each.job.address == job.address for each in self._tickets)
        if visits >= limits.runs_per_visitor:
            raise BusyError(f"You have {visits} runs waiting or running already; please let one of them end first.")
        if there >= limits.runs_per_address:
            raise BusyError(f"{there} runs from your network are waiting or running; please let one of them end first.")
        if len(self._tickets) > limits.queue:
            raise BusyError(f"{limits.queue} runs are waiting already; please try again in some minutes.")

    def wait(self, ticket: Ticket) -> Iterator[Step]:
        """Steps until the device is this ticket's; :meth:`leave` gives it back."""
        while not self._taken(ticket):
            yield Step(done=0, stage=self.told(ticket))

    def _taken(self, ticket: Ticket) -> bool:
        ticket.asked = time.monotonic()
        if self._before(ticket):
            time.sleep(POLL_SECONDS)
            return False
        if not self._devices.acquire(timeout=POLL_SECONDS):
            return False
        with self._lock:
            self._running.append(ticket)
            ticket.asked = None
            self._round = max(self._round, ticket.round)
        return True

    def leave(self, ticket: Ticket) -> None:
        """The run that has the device gives it back."""
        with self._lock:
            self._running.remove(ticket)
            self._left = time.monotonic()
        self._devices.release()

    def note(self, ticket: Ticket, seconds_left: float | None) -> None:
        """How long the run that has the device will still have it."""
        ticket.until = None if seconds_left is None else time.monotonic() + seconds_left

    def _before(self, ticket: Ticket) -> list[Ticket]:
        """Waiting tickets that go first."""
        with self._lock:
            running, late = self._running, time.monotonic() - GONE_SECONDS
            waiting = [each for each in self._tickets if each not in running and (each.asked or 0) > late]
        order = sorted(waiting, key=lambda each: (each.round, each.arrived))
        return order[: order.index(ticket)] if ticket in order else []

    def told(self, ticket: Ticket) -> str:
        """Its place and time, for a person."""
        before, now = self._before(ticket), time.monotonic()
        with self._lock:
            times = [None if each.until is None else max(0.0, each.until - now) for each in self._running]
        times += [each.seconds for each in before]
        many = len(times)
        if not many:
            return "waiting for the device"
        runs = "one run" if many == 1 else f"{many} runs"
        known = [each for each in times if each is not None]
        if len(known) < many:
            return f"waiting: {runs} before yours"
        return f"waiting: {runs} before yours, about {max(1, round(sum(known) / self._many))} s"

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        with self._lock:
            return len(self._tickets) - len(self._running)

    @property
    def running(self) -> int:
        """How many runs have a device."""
        return len(self._running)

    @property
    def idle_seconds(self) -> float:
        """How long no run has had the device."""
        return 0.0 if self.running else time.monotonic() - self._left

    @property
    def closed(self) -> bool:
        """Whether no run is let in any more."""
        return self._closed

    def close(self, seconds: float) -> bool:
        """Let nobody in any more, ask every run to stop, and wait for them; returns whether all have ended."""
        with self._lock:
            self._closed = True
            jobs = [each.job for each in self._tickets]
        for job in jobs:
            job.stop()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                if not self._tickets:
                    return True
            time.sleep(0.05)
        return False


TURNS = Turns(LOCK)
"""Of this process's device."""
