"""The one way to run a task: check, fetch weights, take the device, run, and say what happened."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.errors import StoppedError
from engine.contracts.facts import RunFacts
from engine.contracts.job import Explanation, Job, Step, StepRun, TaskOutput
from engine.contracts.lineage import origins
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, TaskSpec
from engine.hardware.allocator import give_back_freed_memory
from engine.imaging.formats import FileKind
from engine.imaging.picture import RECIPE_KEY, save_picture
from engine.imaging.raster import Raster
from engine.model_store.catalogue import catalogue

if TYPE_CHECKING:
    from engine.runtime.runtime import Runtime
    from engine.video.video import Video

T = TypeVar("T")

LONG = 1.0
"""Seconds of a run from which on the memory that it leaves is worth giving back."""
NOTHING_MADE = Message("Stopped before it began, so nothing was made.")


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The end of a run: the result, the facts about it, and the recipe that makes it again."""

    image: Image.Image
    """RGB; of a video, its last frame."""
    facts: RunFacts
    """Facts about the run, such as its time and device."""
    recipe: Mapping[str, Any]
    """Recipe that reproduces the result, JSON-ready: task, parameters, weights. No file names."""
    explanation: Explanation | None = None
    """How it came about, where the task has something to show."""
    raster: Raster | None = None
    """The image with what belongs to the visitor's file, where the task keeps that."""
    video: Video | None = None
    """The result, where it is a video."""
    source_type: str | None = None
    """IPTC's digital source type: a network made this, or a picture that it was made of; its files state it."""
    recipe_belongs: bool = False
    """Whether the recipe is a part of the result, and so always in its file."""

    def save(self, target: Path | IO[bytes], *, kind: FileKind = "png", keep_recipe: bool = False) -> None:
        """Write the result with all that the format can keep; the recipe only when wanted. A video is copied."""
        if self.video is not None:
            with self.video.path.open("rb") as source:
                if isinstance(target, Path):
                    with target.open("wb") as stream:
                        shutil.copyfileobj(source, stream)
                else:
                    shutil.copyfileobj(source, target)
            return
        recipe = json.dumps(self.recipe) if keep_recipe or self.recipe_belongs else None
        if self.raster is None:
            save_picture(self.image, target, kind=kind, recipe=recipe, source_type=self.source_type)
        else:
            text = {RECIPE_KEY: recipe} if recipe else {}
            replace(self.raster, source_type=self.source_type).save(target, kind=kind, text=text)


def run_task(
    runtime: Runtime, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job
) -> Generator[Step, None, RunResult]:
    """See :meth:`engine.runtime.runtime.Runtime.run`."""
    task.check(inputs, parameters)
    if job.stopped:
        raise StoppedError(NOTHING_MADE)
    seconds = runtime.estimate(task, parameters, task.extents(inputs)) if job.visitor else None
    steps = _timed(runtime, task, inputs, parameters, job)
    return (yield from with_device(runtime, task.weights(parameters), steps, job, seconds))


def with_device(
    runtime: Runtime, names: Sequence[str], steps: Generator[Step, None, T], job: Job, seconds: float | None = None
) -> Generator[Step, None, T]:
    """Steps that need weights and the device: they begin when both are there, and give the device back at the end.

    Args:
        runtime: whose device.
        names: catalogue entries.
        steps: what to do.
        job: of the run.
        seconds: how long it should take, which those behind it are told.
    """
    scheduler = runtime.scheduler
    with scheduler.ticket(job, seconds) as ticket:
        yield from fetched(runtime, names, job)
        yield from _until_stopped(scheduler.wait(ticket), job)
        try:
            with closing(steps):
                run = StepRun(steps)
                for step in run:
                    scheduler.note(ticket, step.seconds_left)
                    yield step
            return run.result
        finally:
            scheduler.leave(ticket)


def fetched(runtime: Runtime, names: Sequence[str], job: Job) -> Iterator[Step]:
    """Steps until all weights are on this machine; StoppedError after a stop."""
    for name in names:
        yield from _until_stopped(runtime.store.fetch(catalogue()[name]), job)


def _until_stopped(steps: Iterator[Step], job: Job) -> Iterator[Step]:
    """Steps before the work; a stop ends them with StoppedError, for there is nothing to keep."""
    for step in steps:
        if job.stopped:
            raise StoppedError(NOTHING_MADE)
        yield replace(step, done=0.0)


def _timed(
    runtime: Runtime, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job
) -> Generator[Step, None, RunResult]:
    """The run itself, with the device held: time left on every step, memory, and the facts at the end."""
    from engine.hardware.device import reproducible
    from engine.hardware.memory import PeakMemory, memory_errors

    context = RunContext(job, runtime.nets, runtime.settings)
    memory = PeakMemory(context.device.torch_device)
    start = time.perf_counter()
    steps, pace = 0, Pace()
    try:
        with memory_errors(), reproducible():
            yield Step(done=0, stage=Message("preparing the network"))
            run = StepRun(task.run(inputs, parameters, context))
            for step in run:
                steps += 1
                memory.sample()
                pace.note(step.done)
                yield replace(step, seconds_left=pace.left(step.done))
    finally:
        if time.perf_counter() - start > LONG:
            give_back_freed_memory()
    seconds = time.perf_counter() - start
    output = run.result
    done = output.gflop
    if done is None:
        done = task.cost(parameters, task.extents(inputs)) * pace.share
    runtime.speed.learn(done, pace.seconds)
    if not job.stopped:  # else what comes before the first step would count as if it were most of a run
        runtime.speed.learn_kind(task.kind_of(parameters), done, seconds)
    recipe = _recipe(task, inputs, parameters, output)
    facts = RunFacts(
        recipe=recipe,
        seconds=seconds,
        steps=steps,
        stopped=job.stopped,
        size=output.image.size,
        device=context.device.name,
        dtype=str(context.device.dtype).removeprefix("torch."),
        peak_memory_bytes=memory.sample(),
        torch=version("torch"),
        notes={
            name: [[str(note) for note in media.notes] for media in media_list] for name, media_list in inputs.items()
        },
        task=output.facts,
    )
    return _result(output, facts, recipe, inputs)


def _recipe(task: TaskSpec, inputs: Inputs, parameters: Parameters, output: TaskOutput) -> dict[str, Any]:
    names = output.weights or task.weights(parameters)
    return {
        "task": task.name,
        "parameters": parameters.model_dump(mode="json"),
        "weights": [{"name": name, "sha256": catalogue()[name].sha256} for name in names],
        **origins(inputs),
    }


def _result(output: TaskOutput, facts: RunFacts, recipe: Mapping[str, Any], inputs: Inputs) -> RunResult:
    inherited = [media.source_type for media_list in inputs.values() for media in media_list if media.source_type]
    stated = output.raster.source_type if output.raster else None
    return RunResult(
        image=output.image,
        facts=facts,
        recipe={**recipe, **(output.recipe_extra or {})},
        explanation=output.explanation,
        raster=output.raster,
        video=output.video,
        source_type=stated or next(iter(inherited), None),
        recipe_belongs=output.recipe_extra is not None,
    )


class Pace:
    """Time and share of the work since the first step; what came before it (loading, targets) happens once."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self.seconds = 0.0
        self.share = 0.0

    def note(self, done: float) -> None:
        """A step has been taken."""
        now = time.perf_counter()
        self._first = self._first or (now, done)
        self.seconds, self.share = now - self._first[0], done - self._first[1]

    def left(self, done: float) -> float | None:
        """Seconds left; None while there is no pace yet."""
        return self.seconds * (1 - done) / self.share if self.share > 0 else None
