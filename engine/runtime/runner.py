"""The one way to run a task: check, fetch weights, take the device, run, and say what happened."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, TypeVar

from PIL import Image

from engine.contracts.errors import ParameterError, StoppedError
from engine.contracts.job import Explanation, Job, Step, Walk
from engine.contracts.parameters import Parameters
from engine.contracts.task import Pictures, Task
from engine.imaging.picture import RECIPE_KEY, RECIPE_LIMIT, Kind, save_picture
from engine.imaging.raster import Raster
from engine.model_store import download as weights
from engine.model_store.catalogue import catalogue
from engine.recipes import KEY_MADE_FROM, made_from
from engine.runtime.scheduler import TURNS

T = TypeVar("T")

_NOTHING = "Stopped before it began, so nothing was made."


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run ends in."""

    image: Image.Image
    """RGB."""
    facts: Mapping[str, Any]
    """What happened, JSON-ready: seconds, size, device, peak memory, losses, weights with sha256, and so on."""
    recipe: Mapping[str, Any]
    """What reproduces it, JSON-ready: task, parameters, weights. No file names."""
    explanation: Explanation | None = None
    """How it came about, where the task has something to show."""
    raster: Raster | None = None
    """The image with what belongs to the visitor's file, where the task keeps that."""
    source_type: str | None = None
    """IPTC's digital source type: a network made this, or a picture that it was made of; its files state it."""
    keeps: bool = False
    """Whether the recipe is a part of the result, and so always in its file."""

    def save(self, target: Path | IO[bytes], *, kind: Kind = "png", keep_recipe: bool = False) -> None:
        """Write the result with all that the format can keep; the recipe only when wanted."""
        recipe = json.dumps(self.recipe) if keep_recipe or self.keeps else None
        if self.raster is None:
            save_picture(self.image, target, kind=kind, recipe=recipe, source_type=self.source_type)
        else:
            replace(self.raster, source_type=self.source_type).save(
                target, kind=kind, text={RECIPE_KEY: recipe} if recipe else {}
            )


def run(
    task: Task, pictures: Pictures, parameters: Parameters, job: Job | None = None
) -> Generator[Step, None, Result]:
    """Run a task; a generator of steps that returns the result.

    Weights are downloaded first when they are not here. The run then waits for the device, which serves one run at a
    time. Closing the generator ends everything within one step; ``job.stop()`` ends it with the best result so far.

    Raises:
        PentimentoError: any of its subclasses, with one sentence for the visitor.
    """
    job = job or Job()
    check(task, pictures, parameters)
    if job.stopped:
        raise StoppedError(_NOTHING)
    seconds = estimate(task, parameters, extents(task, pictures)) if job.visitor else None
    steps = _timed(task, pictures, parameters, job)
    return (yield from with_device(task.weights(parameters), steps, job, seconds))


def with_device(
    names: Sequence[str], steps: Generator[Step, None, T], job: Job, seconds: float | None = None
) -> Generator[Step, None, T]:
    """Steps that need weights and the device: they begin when both are there, and give the device back at the end.

    Args:
        names: catalogue entries.
        steps: what to do.
        job: of the run.
        seconds: how long it should take, which those behind it are told.
    """
    with TURNS.ticket(job, seconds) as ticket:
        yield from fetched(names, job)
        yield from _until_stopped(TURNS.wait(ticket), job)
        try:
            with closing(steps):
                walk = Walk(steps)
                for step in walk:
                    TURNS.note(ticket, step.seconds_left)
                    yield step
            return walk.result
        finally:
            TURNS.leave(ticket)


def fetched(names: Sequence[str], job: Job) -> Iterator[Step]:
    """Steps until all weights are on this machine; StoppedError after a stop."""
    for name in names:
        yield from _until_stopped(weights.fetch(catalogue()[name]), job)


def _until_stopped(steps: Iterator[Step], job: Job) -> Iterator[Step]:
    """Steps before the work; a stop ends them with StoppedError, for there is nothing to keep."""
    for step in steps:
        if job.stopped:
            raise StoppedError(_NOTHING)
        yield replace(step, done=0.0)


def check(task: Task, pictures: Pictures, parameters: Parameters) -> None:
    """ParameterError for an input that is missing, unknown or given too often, or parameters of another task."""
    if not isinstance(parameters, task.parameters):
        raise ParameterError(f"{task.name} takes {task.parameters.__name__} as parameters.")
    for name in pictures:
        if name not in {each.name for each in task.inputs}:
            raise ParameterError(f"{task.name} has no input {name!r}.")
    for each in task.inputs:
        each.check(len(pictures.get(each.name, ())))


def extents(task: Task, pictures: Pictures) -> dict[str, list[tuple[int, int]]]:
    """Input name -> sizes, for :attr:`engine.contracts.task.Task.cost` and :func:`estimate`."""
    return {each.name: [each.extent(picture) for picture in pictures.get(each.name, ())] for each in task.inputs}


def estimate(task: Task, parameters: Parameters, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float | None:
    """Seconds that a run should take on this device; the first call measures the device for some milliseconds.

    None while another run keeps the device from being measured.
    """
    from engine.hardware.device import speed

    return speed.seconds(task.cost(parameters, sizes))


def _timed(task: Task, pictures: Pictures, parameters: Parameters, job: Job) -> Generator[Step, None, Result]:
    """The run itself, with the device held: time left on every step, memory, and the facts at the end."""
    from engine.hardware.device import PeakMemory, best_device, memory_errors, reproducible, speed

    device = best_device()
    memory = PeakMemory(device.torch_device)
    start = time.perf_counter()
    steps, pace = 0, Pace()
    with memory_errors(), reproducible():
        yield Step(done=0, stage="preparing the network")
        walk = Walk(task.run(pictures, parameters, job))
        for step in walk:
            steps += 1
            memory.sample()
            pace.note(step.done)
            yield replace(step, seconds_left=pace.left(step.done))
    seconds = time.perf_counter() - start
    done = walk.result.gflop
    if done is None:
        done = task.cost(parameters, extents(task, pictures)) * pace.share
    speed.learn(done, pace.seconds)
    names = walk.result.weights or task.weights(parameters)
    used = [{"name": name, "sha256": catalogue()[name].sha256} for name in names]
    recipe = {
        "task": task.name,
        "parameters": parameters.model_dump(mode="json"),
        "weights": used,
        **_origins(pictures),
    }
    facts = {
        **recipe,
        "seconds": round(seconds, 3),
        "steps": steps,
        "stopped": job.stopped,
        "size": list(walk.result.image.size),
        "device": device.name,
        "dtype": str(device.dtype).removeprefix("torch."),
        "peak_memory_bytes": memory.sample(),
        "torch": version("torch"),
        "notes": {name: [list(picture.notes) for picture in given] for name, given in pictures.items()},
        **walk.result.facts,
    }
    found = walk.result
    given = [picture.source_type for group in pictures.values() for picture in group if picture.source_type]
    stated = found.raster.source_type if found.raster else None
    return Result(
        image=found.image, facts=facts, recipe={**recipe, **(found.kept or {})},
        explanation=found.explanation, raster=found.raster, keeps=found.kept is not None,
        source_type=stated or next(iter(given), None),
    )  # fmt: skip


def _origins(pictures: Pictures) -> dict[str, Any]:
    """The recipes of pictures that were made here; nothing where none was."""
    found = {name: [made_from(picture.recipe) for picture in given] for name, given in pictures.items()}
    if not any(each for recipes in found.values() for each in recipes):
        return {}
    if len(json.dumps(found)) > RECIPE_LIMIT // 2:
        return {KEY_MADE_FROM: "too long to be kept"}
    return {KEY_MADE_FROM: {name: recipes for name, recipes in found.items() if any(recipes)}}


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
