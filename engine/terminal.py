"""A run watched on a terminal: a progress bar, and Ctrl-C as a stop that keeps the best."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

from engine.job import Job, Step, Walk

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
