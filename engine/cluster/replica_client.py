"""What a page does when replicas do the computing: the same generators of steps, made on other machines."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from engine.cluster.ray_connection import connected
from engine.cluster.replicas import DESK, ENGINE, NAME, Answer, FilmMade
from engine.contracts.errors import ClusterError, PentimentoError
from engine.contracts.job import Job, Step
from engine.contracts.parameters import Parameters
from engine.contracts.settings import settings
from engine.contracts.task import Pictures, Task
from engine.runtime.films import FilmTask
from engine.runtime.runner import Result, check, estimate, extents, with_device
from engine.runtime.scheduler import TURNS

ATTEMPTS = 4
"""A run is begun so often when the replicas that have it are lost; it changes nothing but its result."""
ANSWER_SECONDS = 30.0
"""How long the cluster may take to say what it has."""
LOOK_SECONDS = 0.1
"""Time between two looks for a stop request."""
End = TypeVar("End", Result, FilmMade)


class Replicas:
    """Replicas of the engine on a cluster.

    Args:
        address: see :func:`engine.cluster.ray_connection.cluster`.

    Raises:
        ClusterError: no Ray, no cluster, or nobody has begun replicas there.
    """

    def __init__(self, address: str) -> None:
        self._ray = connected(address, NAME, sends_code=False)
        from ray import serve
        from ray.serve.exceptions import DeploymentUnavailableError, RayServeException

        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        self._serve = serve
        errors = self._ray.exceptions
        self._lost = (
            errors.RayActorError, errors.NodeDiedError, errors.WorkerCrashedError, errors.ObjectLostError,
            errors.OwnerDiedError, DeploymentUnavailableError,
        )  # fmt: skip
        self._gone = (RayServeException, errors.RayError)
        try:
            self._engine = serve.get_app_handle(NAME)
            self._desk = self._ray.get_actor(DESK, namespace=NAME)
            gflops = self._ray.get(self._desk.gflops.remote(), timeout=ANSWER_SECONDS)
        except (ValueError, *self._gone):
            raise ClusterError("There are no replicas; begin them with: python -m engine replicas.") from None
        from engine.hardware.device import speed

        if gflops:
            speed.expect(gflops)
        TURNS.share(max(1, self.count))

    @property
    def count(self) -> int:
        """How many replicas are running."""
        try:
            found = self._serve.status().applications.get(NAME)
        except self._gone:
            return 0
        states = found.deployments[ENGINE].replica_states if found and ENGINE in found.deployments else {}
        return sum(many for state, many in states.items() if state == "RUNNING")

    def run(self, task: Task, pictures: Pictures, parameters: Parameters, job: Job) -> Generator[Step, None, Result]:
        """As :func:`engine.runtime.runner.run`, on a replica."""
        check(task, pictures, parameters)
        seconds = estimate(task, parameters, extents(task, pictures))
        given = (task.name, pictures, parameters, job.explains)
        return (yield from with_device((), self._attempts(Result, "run", given, job), job, seconds))

    def film(
        self, task: FilmTask, source: Path, target: Path, pictures: Pictures, parameters: Parameters, job: Job
    ) -> Generator[Step, None, dict[str, Any]]:
        """As :func:`engine.runtime.films.run_film`, on a replica."""
        for each in task.inputs:
            each.check(len(pictures.get(each.name, ())))
        given = (task.name, source.read_bytes(), pictures, parameters)
        made = yield from with_device((), self._attempts(FilmMade, "film", given, job), job)
        target.write_bytes(made.data)
        return made.facts

    def _attempts(self, end: type[End], method: str, given: tuple[Any, ...], job: Job) -> Generator[Step, None, End]:
        for _ in range(ATTEMPTS):
            try:
                return (yield from self._once(end, method, given, job))
            except self._lost:  # noqa: PERF203 - a lost machine is rare and costs seconds
                yield Step(done=0, stage="the machine was lost, beginning again on another one")
        raise ClusterError("The machines that should do this were lost several times; please try again later.")

    def _once(self, end: type[End], method: str, given: tuple[Any, ...], job: Job) -> Generator[Step, None, End]:
        identity, ended = uuid.uuid4().hex, threading.Event()
        answers = getattr(self._engine.options(stream=True), method).remote(identity, *given)
        threading.Thread(target=self._pass_on, args=(identity, job, ended), daemon=True).start()
        try:
            for answer in _answers(answers):
                if isinstance(answer, PentimentoError):
                    raise answer
                if isinstance(answer, end):
                    return answer
                assert isinstance(answer, Step)
                yield answer
        finally:
            ended.set()
            answers.cancel()
        raise ClusterError("A replica has ended a run without a result; please try again.")

    def _pass_on(self, identity: str, job: Job, ended: threading.Event) -> None:
        """Tell the replica of a stop request."""
        while not ended.wait(LOOK_SECONDS):
            if job.stopped:
                self._desk.stop.remote(identity)
                ended.wait()
                self._desk.forget.remote(identity)
                return


def _answers(stream: Any) -> Iterator[Answer]:
    yield from stream


@cache
def replicas() -> Replicas | None:
    """Those that the settings name; None where this process does its runs itself."""
    address = settings().replicas
    return Replicas(address) if address else None
