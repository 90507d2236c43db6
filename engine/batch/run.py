"""A batch on this machine: file after file, each result in place at once or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any

from engine.batch.journal import Journal
from engine.batch.protection import check_apart, check_free
from engine.batch.sources import Item, Sources, digest, results_of, sources_of
from engine.contracts.errors import OutputError, ParameterError, PentimentoError, StoppedError, problem_of
from engine.contracts.job import Job, Step, StepRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, InputSpec, Kind, TaskSpec
from engine.imaging.formats import SNIFFED_BYTES, FileKind
from engine.runtime.inputs import endings, fits, open_media
from engine.runtime.outputs import check_output
from engine.runtime.placing import placed
from engine.runtime.runtime import Runtime
from engine.runtime.unforeseen import noted


@dataclass(frozen=True, kw_only=True)
class Order:
    """The task, parameters and further inputs with which a batch processes every file."""

    task: TaskSpec
    parameters: Parameters
    inputs: Inputs
    """The task's inputs but the first, the same for every file."""
    kind: FileKind = "png"
    """Kind of the results' files, where they are pictures."""
    overwrite: bool = False
    """Whether results may replace files that are not from this batch."""

    @property
    def first(self) -> InputSpec:
        """The input that the files are for."""
        return self.task.inputs[0]

    def fits(self, item: Item) -> bool:
        """Whether a file is one to work on, by its name or by its first bytes."""
        if item.name.lower().endswith(endings(self.first)):
            return True
        with suppress(OSError):
            return fits(self.first, item.read(SNIFFED_BYTES))
        return False

    @property
    def ending(self) -> str:
        """Ending of the results."""
        return ".mp4" if self.task.output is Kind.VIDEO else {"png": ".png", "jpeg": ".jpg"}[self.kind]

    def key(self, data: bytes) -> str:
        """Identify a result: SHA-256, in hex, of the file's content, the task, its parameters and its other inputs."""
        others = {
            name: [digest(media.image.tobytes()) for media in media_list] for name, media_list in self.inputs.items()
        }
        way = [self.task.name, self.parameters.told(), others, self.kind]
        return digest(json.dumps(way, sort_keys=True).encode() + digest(data).encode())


@dataclass
class Report:
    """How a batch ended."""

    written: int = 0
    """Results that this run has written."""
    kept: int = 0
    """Results that were there already."""
    failed: dict[str, Message] = field(default_factory=dict)
    """Name -> why there is no result."""
    seconds: float = 0.0
    left: int = 0
    """Files that a stop has left out."""
    skipped: list[str] = field(default_factory=list)
    """Names of files that are none for the task."""


class Outcome(Enum):
    """How the work on one file ended."""

    MADE = "made"
    KEPT = "kept"
    """Its result was there."""
    STOPPED = "stopped"


def batch(
    runtime: Runtime, source: str, folder: Path, order: Order, job: Job | None = None
) -> Generator[Step, None, Report]:
    """Run a task on every file of a source; a generator of steps that returns the report.

    Killed at any time, it goes on where it was: a result appears when it is complete, its line in the journal after it.
    A file that cannot be used is reported, and tried again the next time.

    Args:
        runtime: that runs the task.
        source: see :func:`engine.batch.sources.sources_of`.
        folder: of the results, made when it is not there.
        order: what is done.
        job: a stop request ends it after the current step.

    Raises:
        ParameterError: nothing to work on, or a task that needs more than one picture a file.
        OutputError: a result would replace a file of the source.
    """
    job = job or Job()
    (items, skipped), targets, journal = prepared(source, folder, order)
    report, start = Report(skipped=skipped), time.perf_counter()
    worked = 0.0
    for index, item in enumerate(items):
        if job.stopped:
            report.left = len(items) - index
            break
        part = Message("{number} of {count}, {file}", number=index + 1, count=len(items), file=item.name)
        run = StepRun(_one(runtime, item, folder / targets[item], order, journal, job.without_explanation()))
        begun = time.perf_counter()
        for step in run:
            done, spent = report.written + step.done, worked + time.perf_counter() - begun
            left = spent / done * (len(items) - index - step.done) if done > 0.02 else None
            yield replace(step.within(index / len(items), 1 / len(items), part), seconds_left=left)
        if run.result is Outcome.STOPPED:
            report.left = len(items) - index
            break
        if run.result is Outcome.MADE:
            report.written += 1
            worked += time.perf_counter() - begun
        elif run.result is Outcome.KEPT:
            report.kept += 1
        else:
            report.failed[item.name] = run.result
    report.seconds = time.perf_counter() - start
    yield Step(done=1.0, stage=Message("done"))
    return report


def prepared(source: str, folder: Path, order: Order) -> tuple[Sources, Mapping[Item, PurePosixPath], Journal]:
    """The files of a batch, where in ``folder`` their results go, and the journal; the folder is there then.

    Raises:
        ParameterError, OutputError: see :func:`batch`.
    """
    check(order)
    sources = sources_of(source, order.fits, without=folder)
    targets = results_of(sources.items, order.ending)
    check_apart(sources.items, targets, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            Message("The folder {folder} cannot be made: {problem}.", folder=folder, problem=problem_of(error))
        ) from None
    return sources, targets, Journal(folder)


def _one(
    runtime: Runtime, item: Item, target: Path, order: Order, journal: Journal, job: Job
) -> Generator[Step, None, Outcome | Message]:
    """One file: what became of it, or why it has no result."""
    begun = time.perf_counter()
    try:
        data = item.read()
        key = order.key(data)
        if journal.done(item.name, key, target):
            yield Step(done=1.0, stage=Message("is there"))
            return Outcome.KEPT
        check_free(item, target, journal, overwrite=order.overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with placed(target) as part:
            yield from make(runtime, item.path if not item.inside else data, part, order, job)
            if job.stopped:
                return Outcome.STOPPED
            journal.begin(item.name, target)
    except StoppedError:
        return Outcome.STOPPED
    except (PentimentoError, OSError) as error:
        journal.note(item.name, {"error": str(reason(error))})
        return reason(error)
    except Exception as error:  # noqa: BLE001 - one file must not end a batch of thousands
        sentence = noted(error)
        journal.note(item.name, {"error": str(sentence)})
        return sentence
    journal.note(item.name, entry(target, key, time.perf_counter() - begun))
    return Outcome.MADE


def make(runtime: Runtime, source: bytes | Path, target: Path, order: Order, job: Job) -> Generator[Step, None, None]:
    """Make one result; a generator of steps. A stop leaves no file."""
    inputs = {**order.inputs, order.first.name: [open_media(order.first, source)]}
    if order.task.output is Kind.PICTURE:
        check_output(order.task, inputs, order.parameters, order.kind, target)
    result = yield from runtime.run(order.task, inputs, order.parameters, job)
    if not job.stopped:
        result.save(target, kind=order.kind)


def reason(error: PentimentoError | OSError) -> Message:
    """Why there is no result, one sentence."""
    if isinstance(error, PentimentoError):
        return error.message
    return Message("It cannot be read or written: {problem}.", problem=problem_of(error))


def entry(target: Path, key: str, seconds: float) -> dict[str, Any]:
    """The journal's entry for a result: its key, its file's name, and the seconds that it took."""
    return {"key": key, "result": target.name, "seconds": round(seconds, 3)}


def check(order: Order) -> None:
    """ParameterError for a task of which a file can be only a part."""
    if order.first.least > 1:
        raise ParameterError(
            Message("{task} needs several pictures; a batch gives it one file at a time.", task=order.task.name)
        )


def table(failed: Mapping[str, Message]) -> Sequence[str]:
    """Lines of a table of what failed."""
    width = max((len(name) for name in failed), default=0)
    return [f"{name.ljust(width)}  {why}" for name, why in failed.items()]
