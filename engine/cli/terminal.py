"""A run on a terminal: a progress bar, Ctrl-C as a stop that keeps the best, and the file of the result."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from engine.contracts.errors import OutputError, problem_of
from engine.contracts.job import Job, Step, StepRun
from engine.contracts.messages import Message
from engine.contracts.task import Kind
from engine.imaging.formats import FileKind
from engine.runtime.placing import placed
from engine.runtime.runner import RunResult

T = TypeVar("T")

FILE_KINDS: Mapping[str, FileKind] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
"""Ending of a picture's name -> kind of its file."""


def watch(run: StepRun[T], job: Job, news: Callable[[Step], str | None] = lambda step: None) -> T:
    """Take all steps with a progress bar; ``news`` may give a line to print for a step."""
    bar_format = "{l_bar}{bar}| {elapsed}<{postfix}"
    with _interrupt_stops(job), tqdm(total=1.0, disable=None, bar_format=bar_format) as bar:
        for step in run:
            bar.set_description_str(str(step.stage), refresh=False)
            if step.seconds_left is not None:
                bar.set_postfix_str(f"{step.seconds_left:.0f} s left", refresh=False)
            bar.update(step.done - bar.n)
            if line := news(step):
                bar.write(line)
    return run.result


@contextmanager
def _interrupt_stops(job: Job) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop, the second one ends the program."""

    def interrupted(*_: object) -> None:
        job.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping, the best so far is kept; press Ctrl-C again to quit", file=sys.stderr)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def file_kind(out: Path, output: Kind = Kind.PICTURE) -> FileKind:
    """The kind of picture file that a result's name asks for; of a video, none that matters.

    Raises:
        OutputError: another ending, or a folder that does not exist.
    """
    known = [".mp4"] if output is Kind.VIDEO else list(FILE_KINDS)
    ending = out.suffix.lower()
    if ending not in known:
        wanted = " or ".join(known[:2])
        raise OutputError(
            Message("The result's name has to end in {wanted}, not {ending!r}.", wanted=wanted, ending=out.suffix)
        )
    if not out.absolute().parent.is_dir():
        raise OutputError(Message("There is no folder {folder} for the result.", folder=out.parent))
    return FILE_KINDS.get(ending, "png")


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """Where to write a result, which then takes its place in one step; what goes wrong becomes one sentence."""
    with writing(out), placed(out) as part:
        yield part


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """While a file is written, what goes wrong becomes one sentence."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            Message("The result cannot be written: {problem}: {file}", problem=problem_of(error), file=out)
        ) from None


def summary(out: Path, result: RunResult) -> str:
    """A line about a result that has been written."""
    facts = result.facts
    if result.video is not None:
        rate = (result.video.frames or 0) / facts.seconds
        return f"{out}: {result.video.frames} frames, {facts.seconds:.1f} s, {rate:.2f} frames/s"
    return f"{out}: {result.image.width} x {result.image.height}, {facts.seconds:.1f} s"
