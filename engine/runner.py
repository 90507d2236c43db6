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
from engine.job import Job, Step, Walk
from engine.parameters import Parameters
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
        yield replace(step, done=0.0)


def _timed(task: Task, pictures: Pictures, parameters: Parameters, job: Job) -> Generator[Step, None, Result]:
    """The run itself, with the device held: time left on every step, memory, and the facts at the end."""
    from engine.device import PeakMemory, best_device, memory_errors, reproducible, speed

    device = best_device()
    memory = PeakMemory(device.torch_device)
    start = time.perf_counter()
    steps, pace = 0, _Pace()
    with memory_errors(), reproducible():
        walk = Walk(task.run(pictures, parameters, job))
        for step in walk:
            steps += 1
            memory.sample()
            yield replace(step, seconds_left=pace.left(step.done))
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
        "size": list(walk.result.image.size),
        "device": device.name,
        "dtype": str(device.dtype).removeprefix("torch."),
        "peak_memory_bytes": memory.sample(),
        "torch": version("torch"),
        "notes": {name: [list(picture.notes) for picture in given] for name, given in pictures.items()},
        **walk.result.facts,
    }
    return Result(image=walk.result.image, facts=facts, recipe=recipe)


class _Pace:
    """Time left, from the pace since the first step; what came before it (loading, targets) happens once."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def left(self, done: float) -> float | None:
        """Seconds left; None while there is no pace yet."""
        now = time.perf_counter()
        if self._first is None:
            self._first = (now, done)
        begun, share = self._first
        return (now - begun) * (1 - done) / (done - share) if done > share else None
