"""Tasks as records in an explicit registry. Tab, command line, API and batch are made from them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from engine.contracts.errors import ParameterError, UnknownNameError
from engine.contracts.job import Job, Run
from engine.contracts.parameters import Parameters
from engine.imaging.picture import WORKING_PIXELS, Picture, Source, open_picture

Pictures = Mapping[str, Sequence[Picture]]
"""Input name -> the pictures given for it."""


@dataclass(frozen=True, kw_only=True)
class PictureInput:
    """A picture, or several of them, that a task asks for."""

    name: str
    """Key in :data:`Pictures`, option on the command line, argument of the endpoint."""
    label: str
    """For a person: ``"Photo"``."""
    help: str
    """One sentence."""
    least: int = 1
    """Smallest number of pictures."""
    most: int = 1
    """Largest number of pictures."""
    working_pixels: int = WORKING_PIXELS
    """Larger pictures are reduced to this at the door."""
    raster: bool = False
    """Whether the task wants :attr:`engine.imaging.picture.Picture.raster`."""
    extent: Callable[[Picture], tuple[int, int]] = attrgetter("size")
    """Width and height of what counts for the time a run takes: the picture's own, or less."""

    def open(self, source: Source) -> Picture:
        """Let a picture in; see :func:`engine.imaging.picture.open_picture`."""
        return open_picture(source, working_pixels=self.working_pixels, raster=self.raster)

    def check(self, count: int) -> None:
        """ParameterError when ``count`` pictures are too few or too many."""
        if count < self.least:
            raise ParameterError(f"Please give a picture for {self.label!r}.")
        if count > self.most:
            raise ParameterError(f"At most {self.most} pictures can be given for {self.label!r}.")


@dataclass(frozen=True, kw_only=True)
class Form:
    """What somebody fills in to have something done: the same on the page, the command line and in the API.

    Functions of a form, and of what builds on it, import torch when they are called, not before: listing tasks and
    building the page stay quick.
    """

    name: str
    """In kebab-case: ``"style-v1"``."""
    title: str
    """For a person."""
    summary: str
    """One sentence: what it does."""
    paper: str
    """The published method."""
    parameters: type[Parameters]
    """Its parameters; ``parameters()`` are the defaults."""
    inputs: tuple[PictureInput, ...]
    """The pictures that it takes."""
    weights: Callable[[Any], tuple[str, ...]]
    """Parameters -> names of the catalogue entries that a run needs."""

    @property
    def endpoint(self) -> str:
        """The name as an identifier: ``"style_v1"``."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, kw_only=True)
class Task(Form):
    """One thing that the hub does with pictures."""

    run: Callable[[Pictures, Any, Job], Run]
    """Pictures, parameters, job -> a generator of steps that returns an outcome."""
    cost: Callable[[Any, Mapping[str, Sequence[tuple[int, int]]]], float]
    """Parameters, input name -> sizes (see :attr:`PictureInput.extent`) -> estimated arithmetic in GFLOP."""


class Registry:
    """Tasks by name, in the order of the tabs. Immutable: a hub with other tasks is another registry."""

    def __init__(self, *tasks: Task) -> None:
        self._tasks = {task.name: task for task in tasks}
        if len(self._tasks) != len(tasks):
            raise ValueError("two tasks have the same name")

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __getitem__(self, name: str) -> Task:
        """The task; UnknownNameError that names the nearest one."""
        if name in self._tasks:
            return self._tasks[name]
        raise UnknownNameError(unknown("task", name, tuple(self._tasks)))


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """One sentence about a name that does not exist, with what was probably meant."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"There is no {kind} {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
    )
