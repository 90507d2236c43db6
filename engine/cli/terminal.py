"""A run on a terminal: a progress bar, Ctrl-C as a stop that keeps the best, and the file of the result."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from engine.contracts.errors import ParameterError, PentimentoError
from engine.contracts.job import Job, Step, Walk
from engine.contracts.task import Form
from engine.imaging.picture import Kind, Picture
from engine.runtime.runner import Result

T = TypeVar("T")


def watch(walk: Walk[T], job: Job, told: Callable[[Step], str | None] = lambda step: None) -> T:
    """Take all steps with a progress bar; ``told`` may give a line to print for a step."""
    bar_format = "{l_bar}{bar}| {elapsed}<{postfix}"
    with _interrupt_stops(job), tqdm(total=1.0, disable=None, bar_format=bar_format) as bar:
        for step in walk:
            bar.set_description_str(step.stage, refresh=False)
            if step.seconds_left is not None:
                bar.set_postfix_str(f"{step.seconds_left:.0f} s left", refresh=False)
            bar.update(step.done - bar.n)
            if line := told(step):
                bar.write(line)
    return walk.result


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


KINDS: Mapping[str, Kind] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def kind_of(out: Path) -> Kind:
    """The kind of file that a result's name asks for.

    Raises:
        PentimentoError: another ending, or a folder that does not exist.
    """
    if out.suffix.lower() not in KINDS:
        raise PentimentoError(f"The result's name has to end in .png or .jpg, not {out.suffix!r}.")
    if not out.absolute().parent.is_dir():
        raise PentimentoError(f"There is no folder {out.parent} for the result.")
    return KINDS[out.suffix.lower()]


def pictures_of(task: Form, given: Sequence[str]) -> dict[str, list[Picture]]:
    """Pictures given as ``INPUT=FILE``; a name without one belongs to the input before.

    Raises:
        ParameterError: there is no such input.
        PictureError: a file is no picture.
    """
    inputs = {each.name: each for each in task.inputs}
    pictures: dict[str, list[Picture]] = {}
    name = ""
    for each in given:
        first, equals, rest = each.partition("=")
        name, file = (first, rest) if equals and first in inputs else (name, each)
        if name not in inputs:
            raise ParameterError(f"{task.name} takes pictures for {', '.join(inputs)}; please give INPUT=FILE.")
        pictures.setdefault(name, []).append(inputs[name].open(Path(file)))
    return pictures


@contextmanager
def told_errors() -> Iterator[None]:
    """What goes wrong when a result is written, as one sentence."""
    try:
        yield
    except OSError as error:
        raise PentimentoError(f"The result cannot be written: {error.strerror}: {error.filename}") from None


def summary(out: Path, result: Result) -> str:
    """A line about a result that has been written."""
    return f"{out}: {result.image.width} x {result.image.height}, {result.facts['seconds']:.1f} s"
