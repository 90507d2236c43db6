"""Shared between a run and its watcher: steps on the way, a stop request, an output at the end."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from engine.contracts.facts import TaskFacts
from engine.contracts.messages import Message

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.imaging.raster import Raster
    from engine.video.video import Video


class Job:
    """The stop request of one run; made by the caller, asked by the algorithm between two steps.

    The run ends early with the best picture so far (or with StoppedError when it had not begun to work). Safe to call
    from any thread. A run in another process cannot see the request; closing the generator ends it there.

    Args:
        visitor: who asked for the run, where several share the device. Empty for the owner.
        address: where the visitor is; the scheduler is fair by it.
        explains: whether anybody will look at :attr:`TaskOutput.explanation`; a task may leave it out when nobody does.
    """

    def __init__(self, visitor: str = "", address: str = "", *, explains: bool = True) -> None:
        self.visitor, self.address, self.explains = visitor, address, explains
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the run to end after its current step."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the run has been asked to end."""
        return self._stop.is_set()

    def without_explanation(self) -> Job:
        """The same stop request, for a part of the run whose explanation nobody will look at."""
        part = copy(self)
        part.explains = False
        return part

    def forget(self) -> None:
        """Leave nothing behind; called when the run has ended."""


class SharedJob(Job):
    """A job that another process on this machine can be given, by pickling it: its stop request is a file."""

    def __init__(
        self, visitor: str = "", address: str = "", *, explains: bool = True, file: Path | None = None
    ) -> None:
        super().__init__(visitor, address, explains=explains)
        self._file = file or Path(tempfile.gettempdir()) / f"pentimento-stop-{uuid.uuid4().hex}"
        self._ended = False

    def stop(self) -> None:
        """Ask the run to end after its current step, in whatever process it is."""
        if not self._ended:
            self._file.touch()

    @property
    def stopped(self) -> bool:
        """Whether the run has been asked to end."""
        return self._file.exists()

    def forget(self) -> None:
        """Leave no file behind; called when the run has ended."""
        self._ended = True
        self._file.unlink(missing_ok=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(SharedJob, self.visitor, self.address, explains=self.explains, file=self._file), ()


class Phase(Enum):
    """Purpose of a step of a run; a run's time is counted from its first step that is neither of the first two."""

    WAITING = "waiting"
    """Another run has the device, or another download of the same file is under way."""
    DOWNLOADING = "downloading"
    """Weights come from the Hub."""
    WORKING = "working"
    """The device is in use."""

    @property
    def counts(self) -> bool:
        """Whether time spent in it is the run's own."""
        return self is Phase.WORKING


@dataclass(frozen=True, kw_only=True)
class Step:
    """Progress that a run yields, at most about half a second of GPU time or one optimiser step apart."""

    done: float
    """Share of the work that is done, 0 to 1; proportional to time, so that the time left can be computed from it."""
    stage: Message
    """The current activity in words for a person: ``"128 px, iteration 12 of 60"``."""
    phase: Phase = Phase.WORKING
    figures: Callable[[], Mapping[str, float]] = dict
    """Name -> value, such as the losses. A function, because reading them waits for the device."""
    preview: Callable[[], Image] | None = None
    """The picture so far, made only when called, and only before the next step is asked for."""
    seconds_left: float | None = None
    """Filled in by the runner."""

    def within(self, start: float, share: float, part: Message | None = None) -> Step:
        """This step as part of a larger run that began at ``start`` and of which it is ``share``; ``part`` names it."""
        stage = self.stage if part is None else Message("{part}: {stage}", part=part, stage=self.stage)
        return replace(self, done=start + share * self.done, stage=stage)


class Explanation(Protocol):
    """A view of how a task's result came about; a page that knows the task may look deeper into it."""

    def picture(self) -> Image:
        """All of it in one picture, RGB."""
        ...


@dataclass(frozen=True, kw_only=True)
class TaskOutput:
    """The result of a task's own ``run``, with the facts about it."""

    image: Image
    """The result, RGB; of a video, its last frame."""
    raster: Raster | None = None
    """The result with depth, transparency, colours and metadata of the visitor's file, where the task keeps them."""
    video: Video | None = None
    """The result, where it is a video."""
    facts: TaskFacts = field(default_factory=TaskFacts)
    """Facts that the task reports about its run."""
    explanation: Explanation | None = None
    """How the result came about, for a page that shows more than the result."""
    gflop: float | None = None
    """Arithmetic that was done, where it depends on more than sizes; it corrects the task's estimate."""
    weights: tuple[str, ...] | None = None
    """Catalogue entries that were used, where that depends on more than parameters."""
    recipe_extra: Mapping[str, Any] | None = None
    """JSON-ready values that belong to the recipe and that the result's file always keeps, such as a style learnt."""


TaskRun = Generator[Step, None, TaskOutput]
"""A task's run: a generator of steps that returns its output."""

T = TypeVar("T")


class StepRun(Generic[T]):
    """A run as an iterable of steps whose result is kept: ``for step in run: ...``, then ``run.result``."""

    result: T
    """Set once the last step has been taken."""

    def __init__(self, steps: Generator[Step, None, T]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[Step]:
        self.result = yield from self._steps

    def finish(self) -> T:
        """Take all steps that are left and return the result."""
        for _ in self:
            pass
        return self.result
