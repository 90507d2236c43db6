"""A task's run as the events of a page or of the API see it: few frames, each ready to be shown."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image

from demos.serving.request import MCP
from demos.serving.zero_gpu import on_gpu
from engine import Job, RunResult, Step
from engine.contracts.job import StepRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.settings import on_zero_gpu
from engine.contracts.task import Inputs, TaskSpec
from engine.runtime.runner import fetched

if TYPE_CHECKING:
    from demos.serving.site import Site

PREVIEW_SECONDS = 0.5
"""Least time between two frames; each costs a browser up to 0.1 s, whatever it brings (measured with 6.31)."""
MCP_MINUTES = 5.0
"""A run for an MCP client may not take longer: nobody ends it when the client goes away."""
STOPPING = Message("Stopping, and keeping the best result so far")


@dataclass(frozen=True)
class Frame:
    """One state of a run that is worth showing."""

    done: float
    """See :attr:`engine.contracts.job.Step.done`."""
    stage: Message
    """See :attr:`engine.contracts.job.Step.stage`."""
    seconds_left: float | None = None
    """See :attr:`engine.contracts.job.Step.seconds_left`."""
    figures: dict[str, float] = field(default_factory=dict)
    """Losses and the like."""
    preview: Image.Image | None = None
    """The picture so far."""
    number: int = 0
    """How many steps with a preview there were: the place of the figures on a curve."""

    @property
    def progress(self) -> dict[str, Any]:
        """The state for programs, JSON-ready: share done, stage, seconds left, figures."""
        return {"done": self.done, "stage": str(self.stage), "seconds_left": self.seconds_left, **self.figures}


class Runs:
    """Runs of one site.

    Args:
        site: whose runtime, replicas and telemetry they use.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._on_device = on_gpu(self._seconds, self._steps)

    def frames(self, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job) -> Iterator[Frame | RunResult]:
        """Run a task: frames, and at last the result.

        Raises:
            PentimentoError: with one sentence, for everything that is the visitor's to mend.
        """
        with self._site.telemetry.run(task.name, job) as record:
            task.check(inputs, parameters)  # before a GPU is asked for
            with self._prepared(task.weights(parameters), job) as downloads:
                yield from downloads
                for each in self._on_device(task.name, inputs, parameters, job):
                    if isinstance(each, RunResult):
                        record.facts = each.facts
                    yield each

    @contextmanager
    def _prepared(self, names: Sequence[str], job: Job) -> Iterator[Iterator[Frame]]:
        """Prepare a run whose own process is lent a GPU: wait in the queue, and download, in this one. Else nothing."""
        if not on_zero_gpu():
            yield iter(())
            return
        runtime = self._site.runtime
        with runtime.scheduler.ticket(job):
            yield (Frame(step.done, step.stage) for step in fetched(runtime, names, job))

    def _seconds(self, name: str, inputs: Inputs, parameters: Parameters, job: Job) -> float:
        task = self._site.tasks[name]
        return self._site.runtime.estimate(task, parameters, task.extents(inputs)) or 0

    def _steps(self, name: str, inputs: Inputs, parameters: Parameters, job: Job) -> Iterator[Frame | RunResult]:
        run = StepRun(self._site.run(self._site.tasks[name], inputs, parameters, job))
        yield from paced(run, job, 60 * self._site.runtime.settings.run_minutes)
        yield run.result


def paced(steps: Iterable[Step], job: Job, longest: float) -> Iterator[Frame]:
    """Few of the steps as frames; a run that works for longer than so many seconds is stopped."""
    shown, number = 0.0, 0
    began: float | None = None
    limit = min(60 * MCP_MINUTES, longest) if job.address == MCP else longest
    for step in steps:
        if began is None and step.phase.counts:
            began = time.monotonic()
        if began is not None and time.monotonic() - began > limit:
            job.stop()
        number += step.preview is not None
        if time.monotonic() - shown < PREVIEW_SECONDS:
            continue
        shown = time.monotonic()
        preview = step.preview() if step.preview else None
        stage = STOPPING if job.stopped else step.stage
        yield Frame(step.done, stage, step.seconds_left, dict(step.figures()), preview, number)
