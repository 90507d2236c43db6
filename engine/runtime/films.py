"""Tasks on videos: a record like :class:`engine.contracts.task.Task`, and the one way to run it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contracts.errors import StoppedError
from engine.contracts.job import Job, Step, Walk
from engine.contracts.parameters import Parameters
from engine.contracts.task import Form, Pictures
from engine.runtime.runner import Pace, with_device

if TYPE_CHECKING:
    from engine.video.reader import Frame


@dataclass(frozen=True, kw_only=True)
class FilmTask(Form):
    """One thing that the hub does with every frame of a video; its pictures are those besides the video."""

    painter: Callable[[Pictures, Any], Callable[[Frame], Frame]]
    """Pictures, parameters -> what is done with the frames, in their order; it holds the state of one run."""


def run_film(
    task: FilmTask, source: Path, target: Path, pictures: Pictures, parameters: Parameters, job: Job | None = None
) -> Generator[Step, None, Mapping[str, Any]]:
    """Run a task on a video; a generator of steps that writes ``target`` and returns what happened, JSON-ready.

    Raises:
        PentimentoError: any of its subclasses, with one sentence for the visitor.
    """
    from engine.video.reader import look_at

    job = job or Job()
    look_at(source)  # refuse what cannot be read before anything is fetched
    for each in task.inputs:
        each.check(len(pictures.get(each.name, ())))
    if job.stopped:
        raise StoppedError("Stopped before it began, so nothing was made.")
    steps = _painted(task, source, target, pictures, parameters, job)
    return (yield from with_device(task.weights(parameters), steps, job))


def _painted(
    task: FilmTask, source: Path, target: Path, pictures: Pictures, parameters: Parameters, job: Job
) -> Generator[Step, None, Mapping[str, Any]]:
    from engine.hardware.device import PeakMemory, best_device, memory_errors
    from engine.video.reader import process

    device = best_device()
    memory, start, pace = PeakMemory(device.torch_device), time.perf_counter(), Pace()
    with memory_errors():
        yield Step(done=0, stage="preparing the network")
        walk = Walk(process(source, target, task.painter(pictures, parameters), job))
        for step in walk:
            memory.sample()
            pace.note(step.done)
            yield replace(step, seconds_left=pace.left(step.done))
    seconds = time.perf_counter() - start
    return {
        "task": task.name, "parameters": parameters.model_dump(mode="json"), **walk.result,
        "seconds": round(seconds, 3), "frames_per_second": round(walk.result["frames"] / seconds, 2),
        "stopped": job.stopped, "device": device.name, "peak_memory_bytes": memory.sample(),
    }  # fmt: skip
