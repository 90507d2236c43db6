"""Replicas of the engine behind the page: Ray Serve keeps so many of them alive, and gives each one run at a time.

Ray Serve, and not processes behind a load balancer: it restarts a replica that died or says it is ill, on any machine
of the cluster, places it by its (part of a) GPU, and tells the caller of a run that was lost with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from engine.cluster.ray_connection import cluster, room
from engine.contracts.errors import PentimentoError
from engine.contracts.job import Job, Step, StepRun
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs
from engine.runtime.runner import RunResult
from engine.runtime.runtime import Runtime

NAME = "pentimento"
"""Name of the Ray Serve application, and of the namespace of its actors."""
ENGINE = "Engine"
"""Name of the Ray Serve deployment whose replicas run tasks."""
DESK = "desk"
"""Name of the actor :class:`Desk`, which passes messages between pages and replicas."""
STEP_SECONDS = 0.25
"""Least time between two steps that are sent."""
POLL_SECONDS = 0.25
"""Time between two questions whether a run has been stopped."""
HEALTH_SECONDS = 5.0
"""Time between two looks at a replica, and how long it may take to answer."""


Answer = Step | RunResult | PentimentoError
"""An item of a replica's stream: a step, or at the end the run's result or its error."""


class Desk:
    """Passes on stop requests from who asked for a run to the replica that has it: neither knows the other."""

    def __init__(self) -> None:
        self._runs: set[str] = set()
        self._gflops = 0.0

    def expect(self, gflops: float) -> None:
        """A replica has measured how quick its runs should be, see :class:`engine.hardware.speed.Speed`."""
        self._gflops = gflops

    def gflops(self) -> float:
        """Speed in GFLOP/s of the replica that started last; 0 before there is any."""
        return self._gflops

    def stop(self, run: str) -> None:
        """Ask a run to end."""
        self._runs.add(run)

    def stopped(self, run: str) -> bool:
        """Whether it was asked to."""
        return run in self._runs

    def forget(self, run: str) -> None:
        """It has ended."""
        self._runs.discard(run)


class Engine:
    """One replica: a process with a device and the nets on it, computing in one thread, answering in another."""

    def __init__(self) -> None:
        import ray

        self._runtime = Runtime()
        self._runtime.measure_speed()
        self._thread = ThreadPoolExecutor(1)
        self._busy = False
        self._desk: Any = ray.get_actor(DESK, namespace=NAME)
        self._desk.expect.remote(1 / (self._runtime.speed.seconds(1.0) or 1.0))

    async def run(
        self, identity: str, task: str, inputs: Inputs, parameters: Parameters, explains: bool
    ) -> AsyncIterator[Answer]:
        """Run a task, see :meth:`engine.runtime.runtime.Runtime.run`."""
        from engine.tasks import TASKS

        job = Job(explains=explains)
        answers = _answers(self._runtime.run(TASKS[task], inputs, parameters, job))
        async for answer in self._sent(identity, job, answers):
            yield answer

    async def _sent(self, identity: str, job: Job, answers: Generator[Answer, None, None]) -> AsyncIterator[Answer]:
        """Answers, each made in the thread; a caller who goes away ends the run."""
        loop = asyncio.get_running_loop()
        self._busy = True
        watch = asyncio.create_task(self._watch(identity, job))
        try:
            while (answer := await loop.run_in_executor(self._thread, _next, answers)) is not None:
                yield answer
        finally:
            watch.cancel()
            self._thread.submit(self._end, answers)

    def _end(self, answers: Generator[Answer, None, None]) -> None:
        answers.close()
        self._busy = False

    async def _watch(self, identity: str, job: Job) -> None:
        while not await self._desk.stopped.remote(identity):
            await asyncio.sleep(POLL_SECONDS)
        job.stop()

    def check_health(self) -> None:
        """Ray replaces a replica of which this raises anything, as it does when a GPU has failed.

        Not asked during a run: a graph that is being captured must not meet other work.
        """
        if self._busy:
            return
        import torch

        torch.ones(1, device=self._runtime.device.torch_device).sum().item()


def _answers(steps: Generator[Step, None, RunResult]) -> Generator[Answer, None, None]:
    """Few of the steps, such that they can be sent, and the end."""
    run, sent = StepRun(steps), 0.0
    try:
        for step in run:
            if time.monotonic() - sent >= STEP_SECONDS:
                sent = time.monotonic()
                preview = partial(_same, step.preview()) if step.preview else None
                yield replace(step, figures=partial(dict, step.figures()), preview=preview)
        yield run.result
    except PentimentoError as error:
        yield error


def _next(answers: Iterator[Answer]) -> Answer | None:
    return next(answers, None)


def _same(value: Any) -> Any:
    return value


@contextmanager
def served(address: str, count: int, cpus: float, gpus: float | None) -> Iterator[tuple[int, str]]:
    """Replicas on a cluster while the context lasts: how many, and the address of the cluster.

    Args:
        address: see :func:`engine.cluster.ray_connection.cluster`.
        count: of replicas; 0 for as many as the cluster has room for.
        cpus: cores that each has, and so threads.
        gpus: GPUs that each has; None for a whole one where there are any.

    Raises:
        ClusterError: no Ray, no cluster, or no room.
    """
    with cluster(address, namespace=NAME) as ray:
        from ray import serve

        count, gpus = room(ray.cluster_resources(), count, cpus, gpus)
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}
        desk = ray.remote(Desk).options(name=DESK, get_if_exists=True, **options).remote()
        ray.get(desk.__ray_ready__.remote())
        deployment = serve.deployment(
            name=ENGINE,
            num_replicas=count,
            max_ongoing_requests=1,
            ray_actor_options={"num_cpus": cpus, "num_gpus": gpus},
            health_check_period_s=HEALTH_SECONDS,
            health_check_timeout_s=4 * HEALTH_SECONDS,
            graceful_shutdown_timeout_s=HEALTH_SECONDS,
        )(Engine)
        for name in ("ray.serve", "ray"):
            logging.getLogger(name).setLevel(logging.ERROR)
        serve.start(proxy_location="Disabled", logging_config={"log_level": "WARNING"})
        serve.run(deployment.bind(), name=NAME, route_prefix=None)
        try:
            yield count, ray.get_runtime_context().gcs_address
        finally:
            serve.shutdown()  # type: ignore[no-untyped-call]
