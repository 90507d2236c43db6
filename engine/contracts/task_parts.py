"""Parts of a task's record for who shows, tests and measures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.contracts.messages import Message


@dataclass(frozen=True, kw_only=True)
class HowItWorks:
    """Explanation of a task's method for a person."""

    text: Message
    """In plain words, with links to the papers; Markdown."""
    inside: Message
    """Description of the picture that explains a run, for people who cannot see it."""


class Destination(NamedTuple):
    """Where a result may be sent to."""

    task: str
    """Name of a task."""
    input: str = ""
    """Name of its input that takes the result; empty for the first one."""


@dataclass(frozen=True)
class Example:
    """Pictures that are shipped with the page and show what a task does."""

    pictures: Mapping[str, str | Sequence[str]]
    """Input -> file names."""
    caption: Message | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How tests run a task: quickly, and with known amounts of work."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    """That make a run short."""
    fourfold: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    """Two sets of parameters, the second of which makes four times the work; None for a task whose work is always the
    same."""
    explained: bool = True
    """Whether a run has an explanation; False for a task whose result says it all."""
    optional_inputs: tuple[str, ...] = ()
    """Inputs that may be left out and that the run is given all the same."""
    tolerance: float = 2.0
    """Grey levels, on the average of a result's pixels, by which two kinds of device may differ."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A slower run that makes a finished result better, with the same pictures."""

    label: Message
    """What it does, for a person: ``"Refine the texture"``."""
    values: Mapping[str, Any]
    """Parameters that differ from the run's."""
    improves: Callable[[Any, tuple[int, int]], bool]
    """Parameters of the run that was made, width and height of its result -> whether this one is better."""
    begin: str = ""
    """Name of the input that takes the result; empty where the run begins anew."""


@dataclass(frozen=True, kw_only=True)
class BenchCase:
    """One run that is measured."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Parameters; the others have their defaults."""
    side: int = 512
    """Side in pixels of the square pictures that the case is measured on."""
    inputs: Sequence[str] = ()
    """Inputs that may be left out and are given all the same."""
    devices: Sequence[str] = ("cpu", "cuda")
    """Types of device that it is for; Apple's GPU has the cases of a CPU."""


def destinations(*tasks: str) -> tuple[Destination, ...]:
    """Tasks whose first input takes a result."""
    return tuple(Destination(task) for task in tasks)
