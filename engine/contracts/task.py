"""Tasks as records in an explicit registry. Tab, command line, API, batch, contract tests and benchmark read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.contracts.errors import MissingInputError, ParameterError, TooManyInputsError, UnknownNameError
from engine.contracts.messages import Message, Text, unknown_name
from engine.contracts.task_parts import BenchCase, Destination, Example, HowItWorks, Offer, Trial

if TYPE_CHECKING:
    from engine.contracts.context import RunContext
    from engine.contracts.job import TaskRun
    from engine.contracts.notes import Note
    from engine.contracts.parameters import Parameters
    from engine.imaging.picture import Picture
    from engine.video.video import Video

Inputs = Mapping[str, Sequence[Any]]
"""Input name -> what was given for it: each a :class:`engine.imaging.picture.Picture`, or a
:class:`engine.video.video.Video`."""


class Kind(Enum):
    """Kind of an input or a result: picture or video."""

    PICTURE = "picture"
    VIDEO = "video"


class Extent(NamedTuple):
    """Extent of an input, by which the time of a run is estimated."""

    width: int
    height: int
    frames: int = 1
    """Number of frames of a video, 1 for a picture; a guess where the video's file does not say it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


Extents = Mapping[str, Sequence[Extent]]
"""Input name -> the extents of what was given for it."""


def extent_of(media: Picture | Video) -> Extent:
    """Its size and number of frames."""
    return Extent(*media.size, getattr(media, "frames", None) or 1)


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """A picture, several of them, or a video that a task asks for."""

    name: str
    """Key in :data:`Inputs`, option on the command line, argument of the endpoint."""
    label: Message
    """For a person: ``"Photo"``."""
    help: Message
    """One sentence."""
    kind: Kind = Kind.PICTURE
    least: int = 1
    """Smallest number of pictures."""
    later: bool = False
    """Whether it came after the first version: its argument of the endpoint then follows all others."""
    most: int = 1
    """Largest number of pictures."""
    working_pixels: int | None = None
    """Larger pictures are reduced to this at the door; None for the door's own limit."""
    raster: bool = False
    """Whether the task wants the file's depth, transparency, colours and metadata, too."""
    extent: Callable[[Any], Extent] = extent_of
    """Input -> the extent by which the time of a run is estimated: its own size, or less."""
    remark: Callable[[Any], Note | None] | None = None
    """Picture -> a note about how the task will read it, for those of an unusual kind."""
    further: Message | None = None
    """Title of the places for more than one picture: ``"More paintings"``; None where a single one is taken, or where
    all of them have one place together."""
    shows_face: bool = False
    """Whether there has to be a face in it; tests and benchmarks then give one."""

    def check(self, count: int) -> None:
        """Refuse a wrong number of pictures.

        Raises:
            MissingInputError: too few.
            TooManyInputsError: too many.
        """
        if count < self.least:
            raise MissingInputError(
                Message("Please give a video for {input!r}.", input=self.label)
                if self.kind is Kind.VIDEO
                else Message("Please give a picture for {input!r}.", input=self.label)
            )
        if count > self.most:
            raise TooManyInputsError(
                Message("At most {most} pictures can be given for {input!r}.", most=self.most, input=self.label)
            )


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """One thing that the hub does with pictures or a video.

    Its functions import torch when they are called, not before: listing tasks and building the page stay quick.
    """

    name: str
    """In kebab-case: ``"style-v1"``."""
    title: Message
    """For a person."""
    summary: Message
    """One sentence: what it does."""
    paper: str
    """The published method."""
    parameters: type[Parameters]
    """Its parameters; ``parameters()`` are the defaults."""
    inputs: tuple[InputSpec, ...]
    """Inputs that the task takes; required ones come first."""
    run: Callable[[Inputs, Any, RunContext], TaskRun]
    """Inputs, parameters, context -> a generator of steps that returns the output."""
    cost: Callable[[Any, Extents], float]
    """Parameters, extents of the inputs -> estimated arithmetic in GFLOP."""
    result_size: Callable[[Any, Extents], tuple[int, int] | None] = lambda parameters, extents: None
    """Parameters, extents of the inputs -> width and height of the result; None where only the run knows."""
    choice: Callable[[Any, Extents], Text | None] = lambda parameters, extents: None
    """Parameters, extents of the inputs -> a sentence that says what is asked for, such as the style; None for tasks
    where nothing can be mistaken."""
    weights: Callable[[Any], tuple[str, ...]] = lambda parameters: ()
    """Parameters -> names of the catalogue entries that a run needs."""
    output: Kind = Kind.PICTURE
    how: HowItWorks | None = None
    """Explanation of the task's method; None where another task of the same tab gives it."""
    examples: Sequence[Example] = ()
    """The first one is what *Try* on the page's home shows."""
    send_to: Sequence[Destination] = ()
    """Where its result may be sent to."""
    offers: Sequence[Offer] = ()
    """Better runs that are offered on its result."""
    trial: Trial = field(default_factory=Trial)
    bench: Sequence[BenchCase] = (BenchCase(),)

    @property
    def endpoint(self) -> str:
        """The name as an identifier: ``"style_v1"``."""
        return self.name.replace("-", "_")

    def kind_of(self, parameters: Parameters) -> tuple[str, ...]:
        """Runs of one kind take time alike: they are of one task and use the same nets."""
        return (self.name, *self.weights(parameters))

    def input(self, name: str) -> InputSpec:
        """One of its inputs; KeyError where there is none of that name."""
        return {each.name: each for each in self.inputs}[name]

    def extents(self, inputs: Inputs) -> dict[str, list[Extent]]:
        """Input name -> what counts for :attr:`cost`."""
        return {each.name: [each.extent(media) for media in inputs.get(each.name, ())] for each in self.inputs}

    def check(self, inputs: Inputs, parameters: Parameters) -> None:
        """ParameterError for an input that is missing, unknown or given too often, or parameters of another task."""
        if not isinstance(parameters, self.parameters):
            wanted = self.parameters.__name__
            raise ParameterError(Message("{task} takes {wanted} as parameters.", task=self.name, wanted=wanted))
        for name in inputs:
            if name not in {each.name for each in self.inputs}:
                raise ParameterError(Message("{task} has no input {input!r}.", task=self.name, input=name))
        for each in self.inputs:
            each.check(len(inputs.get(each.name, ())))


class Registry:
    """Tasks by name, in the order of the tabs. Immutable: a hub with other tasks is another registry."""

    def __init__(self, *tasks: TaskSpec) -> None:
        self._tasks = {task.name: task for task in tasks}
        if len(self._tasks) != len(tasks):
            raise ValueError("two tasks have the same name")

    def __iter__(self) -> Iterator[TaskSpec]:
        return iter(self._tasks.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    def __getitem__(self, name: str) -> TaskSpec:
        """The task; UnknownNameError that names the nearest one."""
        if name in self._tasks:
            return self._tasks[name]
        raise UnknownNameError(unknown_name(Message("task"), name[:60], self._tasks))
