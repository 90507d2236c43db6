"""A batch on this machine: file after file, each result in place at once or not at all."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.batch.journal import Journal
from engine.batch.sources import Item, digest, items_of, results_of
from engine.contracts.errors import ParameterError, PentimentoError, StoppedError
from engine.contracts.job import Job, Step, Walk
from engine.contracts.parameters import Parameters
from engine.contracts.task import Pictures, Task
from engine.imaging.picture import ENDINGS, Kind
from engine.runtime.films import FilmTask, run_film
from engine.runtime.runner import run


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is done with every file."""

    task: Task | FilmTask
    parameters: Parameters
    pictures: Pictures
    """Of the task's other inputs, the same for every file."""
    kind: Kind = "png"
    """Of the results, where they are pictures."""

    @property
    def films(self) -> bool:
        """Whether files are videos."""
        return isinstance(self.task, FilmTask)

    @property
    def endings(self) -> tuple[str, ...]:
        """Of the files that are taken."""
        if not self.films:
            return ENDINGS
        from engine.video.reader import ENDINGS as OF_FILMS

        return OF_FILMS

    @property
    def ending(self) -> str:
        """Of the results."""
        return ".mp4" if self.films else {"png": ".png", "jpeg": ".jpg"}[self.kind]

    def key(self, data: bytes) -> str:
        """What says that a result was made from this content in this way."""
        others = {name: [digest(each.image.tobytes()) for each in given] for name, given in self.pictures.items()}
        way = [self.task.name, self.parameters.model_dump(mode="json"), others, self.kind]
        return digest(json.dumps(way, sort_keys=True).encode() + digest(data).encode())


@dataclass
class Report:
    """How a batch ended."""

    made: int = 0
    kept: int = 0
    """Results that were there already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Name -> why there is no result, one sentence."""
    seconds: float = 0.0
    left: int = 0
    """Files that a stop has left out."""


def batch(source: str, folder: Path, order: Order, job: Job | None = None) -> Generator[Step, None, Report]:
    """Run a task on every file of a source; a generator of steps that returns the report.

    Killed at any time, it goes on where it was: a result appears when it is complete, its line in the journal after it.
    A file that cannot be used is reported, and tried again the next time.

    Raises:
        ParameterError: nothing to work on, or a task that needs more than one picture a file.
    """
    job = job or Job()
    check(order)
    items = items_of(source, order.endings)
    targets = results_of(items, order.ending)
    folder.mkdir(parents=True, exist_ok=True)
    journal, report, start = Journal(folder), Report(), time.perf_counter()
    worked = 0.0
    for index, item in enumerate(items):
        if job.stopped:
            report.left = len(items) - index
            break
        name = f"{index + 1} of {len(items)}, {item.name}: "
        walk = Walk(_one(item, folder / targets[item], order, journal, job.plain()))
        begun = time.perf_counter()
        for step in walk:
            share = (index + step.done) / len(items)
            spent = worked + time.perf_counter() - begun
            done = report.made + step.done
            left = spent / done * (len(items) - index - step.done) if done > 0.02 else None
            yield replace(step.within(index / len(items), 1 / len(items), name), done=share, seconds_left=left)
        outcome = walk.result
        if outcome == "made":
            report.made += 1
            worked += time.perf_counter() - begun
        elif outcome == "kept":
            report.kept += 1
        elif outcome == "stopped":
            report.left = len(items) - index
            break
        else:
            report.failed[item.name] = outcome
    report.seconds = time.perf_counter() - start
    yield Step(done=1.0, stage="done")
    return report


def _one(item: Item, target: Path, order: Order, journal: Journal, job: Job) -> Generator[Step, None, str]:
    """One file: ``made``, ``kept``, ``stopped``, or why not."""
    begun = time.perf_counter()
    try:
        data = item.read()
        key = order.key(data)
        if journal.done(item.name, key, target):
            yield Step(done=1.0, stage="is there")
            return "kept"
        with placed(target) as part:
            yield from made(item.path if order.films and not item.inside else data, part, order, job)
            if job.stopped:
                return "stopped"
    except StoppedError:
        return "stopped"
    except (PentimentoError, OSError) as error:
        journal.note(item.name, {"error": why(error)})
        return why(error)
    journal.note(item.name, entry(target, key, time.perf_counter() - begun))
    return "made"


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """Where to write a file that takes its place in one step when the context ends, unless there is none by then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        if part.exists():
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def made(source: bytes | Path, target: Path, order: Order, job: Job) -> Generator[Step, None, None]:
    """Make one result; a generator of steps. A stop leaves no file."""
    if isinstance(order.task, FilmTask):
        yield from _film(source, target, order, order.task, job)
    else:
        first = order.task.inputs[0]
        given = {**order.pictures, first.name: [first.open(source)]}
        result = yield from run(order.task, given, order.parameters, job)
        if not job.stopped:
            result.save(target, kind=order.kind)
    if job.stopped:
        target.unlink(missing_ok=True)


def _film(source: bytes | Path, target: Path, order: Order, task: FilmTask, job: Job) -> Generator[Step, None, None]:
    if isinstance(source, Path):
        yield from run_film(task, source, target, order.pictures, order.parameters, job)
        return
    with tempfile.NamedTemporaryFile() as file:  # FFmpeg reads files, and looks into them for their kind
        file.write(source)
        file.flush()
        yield from run_film(task, Path(file.name), target, order.pictures, order.parameters, job)


def why(error: PentimentoError | OSError) -> str:
    """Why there is no result, one sentence."""
    if isinstance(error, PentimentoError):
        return str(error)
    return f"It cannot be read or written: {error.strerror or error}."


def entry(target: Path, key: str, seconds: float) -> dict[str, Any]:
    """What the journal says of a result."""
    return {"key": key, "result": target.name, "seconds": round(seconds, 3)}


def check(order: Order) -> None:
    """ParameterError for a task of which a file can be only a part."""
    if not order.films and order.task.inputs[0].least > 1:
        raise ParameterError(f"{order.task.name} needs several pictures; a batch gives it one file at a time.")


def table(failed: Mapping[str, str]) -> Sequence[str]:
    """Lines of a table of what failed."""
    wide = max((len(name) for name in failed), default=0)
    return [f"{name.ljust(wide)}  {why}" for name, why in failed.items()]
