"""ZeroGPU Spaces: work that needs the GPU is sent to a process that has one for a limited time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from engine import Runtime
from engine.contracts.settings import on_zero_gpu
from engine.model_store.catalogue import catalogue

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST_SECONDS, LONGEST_SECONDS = 15, 120
"""Least and most time that a GPU is asked for: anonymous visitors have two minutes a day."""


def on_gpu(seconds: Callable[P, float], work: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """A generator that needs the GPU, such that it has one; elsewhere the generator itself.

    Arguments and what is yielded have to be such that they can be pickled; files that the generator makes have to
    outlast it, for it does not wait until what it has yielded is looked at.

    Args:
        seconds: the generator's arguments -> how long it should take.
        work: the generator.
    """
    if not on_zero_gpu():
        return work
    import spaces

    def duration(*args: P.args, **kwargs: P.kwargs) -> int:
        return round(min(max(2 * seconds(*args, **kwargs), SHORTEST_SECONDS), LONGEST_SECONDS))

    decorated: Any = spaces.GPU(duration=duration)(work)
    return decorated  # type: ignore[no-any-return]


def place_nets(runtime: Runtime) -> None:
    """Put the shipped nets on the GPU before one is lent: the lent process then begins with them."""
    for entry in catalogue():
        if entry.shipped:
            runtime.nets.get(entry.name)
