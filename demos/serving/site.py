"""The site, shared by a page and its server: the engine, the tasks, the sessions of the visitors, telemetry."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from demos.serving.request import address, session
from demos.serving.runs import Runs
from demos.serving.sessions import Sessions, forget_states
from demos.serving.telemetry import Telemetry
from engine import Job, RunResult, Runtime, Step
from engine.contracts.errors import BusyError
from engine.contracts.job import SharedJob
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.settings import on_zero_gpu
from engine.contracts.task import Inputs, Registry, TaskSpec
from engine.tasks import TASKS

if TYPE_CHECKING:
    from engine.cluster.replica_client import Replicas


LEAST_MEMORY = 1_000_000_000
"""Bytes that have to be free before pictures are opened: those of runs that wait stay open."""


class Site:
    """Made where the server starts, and handed to everything that the page is built of.

    Args:
        runtime: of the engine.
        tasks: that the page is for.

    Raises:
        ClusterError: the settings name replicas, and there are none.
    """

    def __init__(self, runtime: Runtime, tasks: Registry = TASKS) -> None:
        self.runtime, self.tasks = runtime, tasks
        self.sessions = Sessions()
        self.telemetry = Telemetry(runtime.scheduler)
        self.runs = Runs(self)
        self.replicas: Replicas | None = None
        if runtime.settings.replicas:
            from engine.cluster.replica_client import Replicas

            self.replicas = Replicas(runtime)

    def run(self, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job) -> Generator[Step, None, RunResult]:
        """A task's run, here or on a replica; see :meth:`engine.runtime.runtime.Runtime.run`."""
        return (self.replicas or self.runtime).run(task, inputs, parameters, job)


def new_job(*, explains: bool = True) -> Job:
    """In a handler: the job of a run that its visitor asks for."""
    kind = SharedJob if on_zero_gpu() else Job
    return kind(session(), address(), explains=explains)


def admit(site: Site) -> None:
    """In a handler: let a run's pictures be opened.

    Raises:
        BusyError: there is no place in the line for it, or no memory for what waits there.
    """
    if psutil.virtual_memory().available < LEAST_MEMORY:
        raise BusyError(Message("This machine is short of memory; please try again in some minutes."))
    site.runtime.scheduler.check(new_job())


@contextmanager
def called() -> Iterator[Job]:
    """In an endpoint: the job of a program's call, whose state goes when the context ends."""
    try:
        yield new_job(explains=False)
    finally:
        forget_states(session())
