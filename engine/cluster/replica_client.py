"""A page's client of the replicas: runs yield the same steps and results, but are computed on other machines."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.cluster.ray_connection import connected
from engine.cluster.replicas import DESK, ENGINE, NAME, Answer
from engine.contracts.errors import ClusterError, PentimentoError
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, TaskSpec
from engine.runtime.runner import RunResult, with_device
from engine.runtime.runtime import Runtime

ATTEMPTS = 4
"""A run is begun so often when the replicas that have it are lost; it changes nothing but its result."""
ANSWER_SECONDS = 30.0
"""How long the cluster may take to say what it has."""
LOOK_SECONDS = 0.1
"""Time between two looks for a stop request."""


class Replicas:
    """Replicas of the engine on a cluster.

    Args:
        runtime: whose line the runs stand in; its settings name the cluster.

    Raises:
        ClusterError: no Ray, no cluster, or nobody has begun replicas there.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ray = connected(runtime.settings.replicas, NAME, sends_code=False)
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
            raise ClusterError(Message("There are no replicas; begin them with: python -m engine replicas.")) from None
        if gflops:
            runtime.speed.expect(gflops)
        runtime.scheduler.serve_devices(max(1, self.count))

    @property
    def count(self) -> int:
        """How many replicas are running."""
        try:
            application = self._serve.status().applications.get(NAME)
        except self._gone:
            return 0
        if application is None or ENGINE not in application.deployments:
            return 0
        states = application.deployments[ENGINE].replica_states
        return sum(many for state, many in states.items() if state == "RUNNING")

    def run(
        self, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job | None = None
    ) -> Generator[Step, None, RunResult]:
        """As :meth:`engine.runtime.runtime.Runtime.run`, on a replica."""
        job = job or Job()
        task.check(inputs, parameters)
        seconds = self._runtime.estimate(task, parameters, task.extents(inputs))
        arguments = (task.name, inputs, parameters, job.explains)
        return (yield from with_device(self._runtime, (), self._attempts(arguments, job), job, seconds))

    def _attempts(self, arguments: tuple[Any, ...], job: Job) -> Generator[Step, None, RunResult]:
        for _ in range(ATTEMPTS):
            try:
                return (yield from self._once(arguments, job))
            except self._lost:  # noqa: PERF203 - a lost machine is rare and costs seconds
                yield Step(done=0, stage=Message("the machine was lost, beginning again on another one"))
        raise ClusterError(Message("The machines that should do this were lost several times; please try again later."))

    def _once(self, arguments: tuple[Any, ...], job: Job) -> Generator[Step, None, RunResult]:
        identity, ended = uuid.uuid4().hex, threading.Event()
        answers = self._engine.options(stream=True).run.remote(identity, *arguments)
        threading.Thread(target=self._pass_on, args=(identity, job, ended), daemon=True).start()
        try:
            for answer in _answers(answers):
                if isinstance(answer, PentimentoError):
                    raise answer
                if isinstance(answer, RunResult):
                    return answer
                assert isinstance(answer, Step)
                yield answer
        finally:
            ended.set()
            answers.cancel()  # type: ignore[no-untyped-call]
        raise ClusterError(Message("A replica has ended a run without a result; please try again."))

    def _pass_on(self, identity: str, job: Job, ended: threading.Event) -> None:
        """Tell the replica of a stop request."""
        while not ended.wait(LOOK_SECONDS):
            if job.stopped:
                self._desk.stop.remote(identity)
                ended.wait()
                self._desk.forget.remote(identity)
                return


def _answers(stream: Any) -> Iterator[Answer]:
    """The answers of a stream, each waited for in a thread: Ray refuses to wait where an asyncio loop runs, as it does
    in a notebook."""
    with ThreadPoolExecutor(1) as thread:
        while (answer := thread.submit(next, stream, None).result()) is not None:
            yield answer
