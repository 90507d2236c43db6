"""Which run has the device: as many as there are devices have one, and those that wait are served fairly. No torch."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from engine.contracts.errors import BusyError
from engine.contracts.job import Job, Phase, Step
from engine.contracts.messages import Message

LONGEST_LINE = 400
"""Runs that may be in the line at all; each that waits needs a thread for a moment again and again."""
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


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many runs may stand in line; see the settings of the same names."""

    queue: int = 20
    line_minutes: float = 10.0
    runs_per_visitor: int = 3
    runs_per_address: int = 8


class Scheduler:
    """The line of all runs of this process.

    Fair means start-time fair queueing (Goyal, Vin & Cheng 1996) by address: a run's round is the one after its
    address' last run, or the current one for who comes new; of those that are ready, the lowest round goes first, then
    who came first. So who has many runs waits for others, not they for him.

    The device is given back only when a run's last step has ended: Gradio frees a queue slot as soon as a job is
    cancelled, while that step still computes.
    """

    def __init__(self, limits: Limits | None = None, devices: int = 1) -> None:
        self._limits, self._many = limits or Limits(), devices
        self._devices = threading.BoundedSemaphore(devices)
        self._lock, self._freed = threading.Lock(), threading.Condition()
        self._tickets: list[Ticket] = []
        self._running: list[Ticket] = []
        self._in_use = 0
        self._arrivals = count()
        self._round = 0
        self._rounds: dict[str, int] = {}
        self._closed = False
        self._left = time.monotonic()

    def serve_devices(self, count: int) -> None:
        """Serve so many devices from now on; called before the first run."""
        self._devices, self._many = threading.BoundedSemaphore(count), count

    @contextmanager
    def ticket(self, job: Job, seconds: float | None = None) -> Iterator[Ticket]:
        """Stand in line while the context lasts.

        Raises:
            BusyError: the visitor, or all of them, have too many runs already, or this process is about to end.
        """
        with self._lock:
            if self._closed:
                raise BusyError(Message("The server is about to restart; please try again in a minute."))
            self._check(job)
            ticket = Ticket(job, self._next_round(job.address), next(self._arrivals), seconds)
            self._tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self._lock:
                self._tickets.remove(ticket)
                if not any(each.job.address == job.address for each in self._tickets):
                    self._rounds.pop(job.address, None)

    def check(self, job: Job) -> None:
        """Refuse a run early, before its pictures are opened.

        Raises:
            BusyError: see :meth:`ticket`.
        """
        with self._lock:
            self._check(job)

    def _next_round(self, address: str) -> int:
        number = max(self._round, self._rounds.get(address, -1) + 1) if address else self._round
        self._rounds[address] = number
        return number

    def _check(self, job: Job) -> None:
        if not job.visitor:
            return
        of_visit = sum(each.job.visitor == job.visitor for each in self._tickets)
        of_address = sum(each.job.address == job.address for each in self._tickets)
        if of_visit >= self._limits.runs_per_visitor:
            raise BusyError(
                Message(
                    "You have {runs} runs waiting or running already; please let one of them end first.", runs=of_visit
                )
            )
        if of_address >= self._limits.runs_per_address:
            raise BusyError(
                Message(
                    "{runs} runs from your network are waiting or running; please let one of them end first.",
                    runs=of_address,
                )
            )
        if len(self._tickets) > self._limits.queue and self._line_seconds() > 60 * self._limits.line_minutes:
            limit = self._limits.queue
            raise BusyError(
                Message("{waiting} runs are waiting already; please try again in some minutes.", waiting=limit)
            )

    def _line_seconds(self) -> float:
        """How long who comes now would wait; without end where nobody knows, or for more runs than threads."""
        times = [each.seconds for each in self._tickets]
        known = [each for each in times if each is not None]
        if len(known) < len(times) or len(times) > LONGEST_LINE:
            return math.inf
        return sum(known) / self._many

    def wait(self, ticket: Ticket) -> Iterator[Step]:
        """Steps until the device is this ticket's; :meth:`leave` gives it back."""
        while not self._taken(ticket):
            yield Step(done=0, stage=self.place(ticket), phase=Phase.WAITING)

    @contextmanager
    def device_if_free(self) -> Iterator[bool]:
        """The device for some milliseconds, such as for a camera's frame, where no run has it or waits for it; whether
        it was to be had."""
        with self._lock:
            free = len(self._tickets) == 0 and not self._closed
        if not free or not self._devices.acquire(blocking=False):
            yield False
            return
        try:
            self._in_use += 1
            yield True
        finally:
            self._in_use -= 1
            self._devices.release()

    def _taken(self, ticket: Ticket) -> bool:
        ticket.asked = time.monotonic()
        if self._before(ticket) or not self._devices.acquire(blocking=False):
            with self._freed:  # a device that is given back must not wait for those that look for it
                self._freed.wait(POLL_SECONDS)
            if self._before(ticket) or not self._devices.acquire(blocking=False):
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
        with self._freed:
            self._freed.notify_all()

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

    def place(self, ticket: Ticket) -> Message:
        """Its place in the line and the time until its turn, for a person."""
        before, now = self._before(ticket), time.monotonic()
        with self._lock:
            times = [None if each.until is None else max(0.0, each.until - now) for each in self._running]
        times += [each.seconds for each in before]
        many = len(times)
        if not many:
            return Message("waiting for the device")
        runs = Message("one run") if many == 1 else Message("{count} runs", count=many)
        known = [each for each in times if each is not None]
        if len(known) < many:
            return Message("waiting: {runs} before yours", runs=runs)
        seconds = max(1, round(sum(known) / self._many))
        return Message("waiting: {runs} before yours, about {seconds} s", runs=runs, seconds=seconds)

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
    def busy(self) -> bool:
        """Whether a run, or anything else, has a device."""
        return bool(self._running) or self._in_use > 0

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
