"""A task's run as the events of a page or of the API see it: few frames, each ready to be shown."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from demos.components.controls import Controls
from demos.components.loss_curves import Curves
from demos.i18n.language import say_plainly
from demos.serving import sessions as visits
from demos.serving.telemetry import noted
from demos.serving.zero_gpu import on_gpu
from engine import TASKS, Job, PentimentoError, Result, Step, Walk, estimate, run
from engine.cluster.replica_client import replicas
from engine.contracts.job import SharedJob
from engine.contracts.parameters import Parameters
from engine.contracts.settings import on_zero_gpu, settings
from engine.contracts.task import Pictures
from engine.imaging.picture import Kind
from engine.runtime.runner import check, extents, fetched
from engine.runtime.scheduler import TURNS

PREVIEW_SECONDS = 0.5
"""Least time between two previews; the steps between them only give Gradio a chance to end the run."""

MCP_MINUTES = 5.0
"""A run for an MCP client may not take longer: nobody ends it when the client goes away."""
BEFORE = ("waiting", "downloading")
"""How stages begin whose time is not the run's."""


@dataclass(frozen=True)
class Frame:
    """What is worth showing now."""

    done: float
    """See :attr:`engine.Step.done`."""
    stage: str
    """See :attr:`engine.Step.stage`."""
    seconds_left: float | None = None
    """See :attr:`engine.Step.seconds_left`."""
    figures: dict[str, float] = field(default_factory=dict)
    """Losses and the like."""
    preview: Image.Image | None = None
    """The picture so far."""
    curves: Curves | None = None
    """Of the figures so far, where there are any."""

    @property
    def progress(self) -> dict[str, Any]:
        """What programs are told of it."""
        return {"done": self.done, "stage": self.stage, "seconds_left": self.seconds_left}


def new_job(*, explains: bool = True) -> Job:
    """In a handler: the job of a run that the visitor asks for."""
    kind = SharedJob if on_zero_gpu() else Job
    return kind(visits.current(), visits.address(), explains=explains)


@contextmanager
def called() -> Iterator[Job]:
    """In an endpoint: the job of a program's call. Gradio's two megabytes for its session go when the context ends."""
    try:
        yield new_job(explains=False)
    finally:
        visits.forget_states(visits.current())


def frames(controls: Controls, values: Sequence[Any], job: Job) -> Iterator[Frame | Result | None]:
    """Run the task on the components' values: frames, None for steps that are not worth one, and at last the result.

    Raises:
        gr.Error: with one sentence, for everything that is the visitor's to mend.
    """
    task = controls.task
    with shown_errors(), noted(task.name, job) as told:
        pictures, parameters = controls.read(values)
        check(task, pictures, parameters)  # before a GPU is asked for
        with prepared(task.weights(parameters), job) as downloads:
            yield from downloads
            for each in _steps(task.name, pictures, parameters, job):
                if isinstance(each, Result):
                    told.facts = each.facts
                yield each


@contextmanager
def shown_errors() -> Iterator[None]:
    """What a visitor can mend is shown as one sentence."""
    try:
        yield
    except PentimentoError as error:
        raise gr.Error(say_plainly(str(error)), print_exception=False) from None


@contextmanager
def prepared(names: Sequence[str], job: Job) -> Iterator[Iterator[Frame]]:
    """What this process does for a run in one that is lent a GPU: it stands in line, and downloads; else nothing."""
    if not on_zero_gpu():
        yield iter(())
        return
    with TURNS.ticket(job):
        yield (Frame(step.done, step.stage) for step in fetched(names, job))


def _seconds(name: str, pictures: Pictures, parameters: Parameters, job: Job) -> float:
    return estimate(TASKS[name], parameters, extents(TASKS[name], pictures)) or 0


@on_gpu(_seconds)
def _steps(name: str, pictures: Pictures, parameters: Parameters, job: Job) -> Iterator[Frame | Result | None]:
    there = replicas()
    walk = Walk((there.run if there else run)(TASKS[name], pictures, parameters, job))
    yield from paced(walk, job)
    yield walk.result


def paced(walk: Iterable[Step], job: Job) -> Iterator[Frame | None]:
    """Few of the steps as frames, None for the others; a run that takes too long is stopped."""
    shown, count, curves = 0.0, 0, Curves()
    began: float | None = None
    minutes = settings().run_minutes
    limit = 60 * (min(MCP_MINUTES, minutes) if job.address == visits.MCP else minutes)
    for step in walk:
        if began is None and not step.stage.startswith(BEFORE):
            began = time.monotonic()
        if began is not None and time.monotonic() - began > limit:
            job.stop()
        count += step.preview is not None
        if time.monotonic() - shown < PREVIEW_SECONDS:
            yield None
            continue
        shown = time.monotonic()
        figures = dict(step.figures())
        if figures:
            curves.add(count, figures)
        preview = step.preview() if step.preview else None
        yield Frame(step.done, step.stage, step.seconds_left, figures, preview, curves if figures else None)


@contextmanager
def file_of(data: bytes, kind: Kind, task: str) -> Iterator[str]:
    """A file named after its task that exists as long as the context; Gradio copies what it is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pentimento-{task}.{'png' if kind == 'png' else 'jpg'}"
        path.write_bytes(data)
        yield str(path)


def png_of(result: Result) -> bytes:
    """The result as a PNG, without its recipe."""
    stream = io.BytesIO()
    result.save(stream)
    return stream.getvalue()
