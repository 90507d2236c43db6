"""The one way to run a task: check, fetch weights, take the device, run, and say what happened."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from PIL import Image

from engine.catalogue import catalogue
from engine.errors import ParameterError
from engine.job import Job, Outcome, Step
from engine.parameters import Parameters
from engine.picture import Picture
from engine.registry import Pictures, Task

POLL_SECONDS = 0.25
"""Time between two steps of a run that waits for the device."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run ends in."""

    image: Image.Image
    """RGB."""
    facts: Mapping[str, Any]
    """What happened, JSON-ready: seconds, size, device, peak memory, losses, weights with sha256, and so on."""
    recipe: Mapping[str, Any]
    """What reproduces it, JSON-ready: task, parameters, weights. No file names."""


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
    for name in task.weights(parameters):
        yield from _fetch(name)
    from engine.device import LOCK

    while not LOCK.acquire(timeout=POLL_SECONDS):
        yield Step(done=0, stage="waiting for the device")
    try:
        return (yield from _timed(task, pictures, parameters, job))
    finally:
        LOCK.release()


def check(task: Task, pictures: Pictures, parameters: Parameters) -> None:
    """ParameterError for an input that is missing, unknown or given too often, or parameters of another task."""
    if not isinstance(parameters, task.parameters):
        raise ParameterError(f"{task.name} takes {task.parameters.__name__} as parameters.")
    for name in pictures:
        if name not in {each.name for each in task.inputs}:
            raise ParameterError(f"{task.name} has no input {name!r}.")
    for each in task.inputs:
        each.check(len(pictures.get(each.name, ())))


def estimate(task: Task, parameters: Parameters, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """Seconds that a run should take on this device; the first call measures the device for some milliseconds."""
    from engine.device import speed

    return speed.seconds(task.cost(parameters, sizes))


def _fetch(name: str) -> Iterator[Step]:
    from engine import weights

    for step in weights.fetch(catalogue()[name]):
        yield replace(step, done=0.0, stage=step.stage)


def _timed(task: Task, pictures: Pictures, parameters: Parameters, job: Job) -> Generator[Step, None, Result]:
    """The run itself, with the device held: time left on every step, memory, and the facts at the end."""
    from engine.device import PeakMemory, best_device, memory_errors, reproducible, speed

    device = best_device()
    memory = PeakMemory(device.torch)
    start = time.perf_counter()
    steps = 0
    with memory_errors(), reproducible():
        walk = task.run(pictures, parameters, job)
        try:
            while True:
                step = next(walk)
                steps += 1
                memory.sample()
                yield replace(step, seconds_left=_left(start, step.done))
        except StopIteration as end:
            outcome: Outcome = end.value
        finally:
            walk.close()
    seconds = time.perf_counter() - start
    sizes = {name: [picture.size for picture in given] for name, given in pictures.items()}
    if not job.stopped:
        speed.learn(task.cost(parameters, sizes), seconds)
    used = [{"name": name, "sha256": catalogue()[name].sha256} for name in task.weights(parameters)]
    recipe = {"task": task.name, "parameters": parameters.model_dump(mode="json"), "weights": used}
    facts = {
        **recipe,
        "seconds": round(seconds, 3),
        "steps": steps,
        "stopped": job.stopped,
        "size": list(outcome.image.size),
        "device": device.name,
        "dtype": str(device.dtype).removeprefix("torch."),
        "peak_memory_bytes": memory.sample(),
        "torch": version("torch"),
        "notes": {name: [list(picture.notes) for picture in given] for name, given in pictures.items()},
        **outcome.facts,
    }
    return Result(image=outcome.image, facts=facts, recipe=recipe)


def _left(start: float, done: float) -> float | None:
    """Seconds left, from the time so far; None while that says nothing yet."""
    return (time.perf_counter() - start) * (1 - done) / done if done > 0.01 else None


def finished(walk: Generator[Step, None, Result]) -> Result:
    """Run to the end and return the result, for callers that do not watch."""
    while True:
        try:
            next(walk)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


__all__ = ["Picture", "Result", "check", "estimate", "finished", "run"]
