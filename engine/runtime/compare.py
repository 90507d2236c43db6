"""Several ways to the same end, one after the other, each with its time and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.contracts.context import RunContext
from engine.contracts.job import Step, StepRun
from engine.contracts.messages import Message

T = TypeVar("T")


@dataclass(frozen=True)
class Variant(Generic[T]):
    """One of the ways."""

    title: Message
    work: float
    """How much it should take, relative to the others."""
    steps: Callable[[], Generator[Step, None, T]]
    """Begins it."""
    adapt: Callable[[Step], Step] = lambda step: step
    """Step -> the step that is yielded instead, such as one whose preview shows the other variants beside it."""


@dataclass(frozen=True)
class Measured(Generic[T]):
    """The result of one variant, and the time and memory that it took."""

    result: T
    seconds: float
    memory_bytes: int
    """Most memory in use meanwhile, beyond what was in use before."""


def compared(
    variants: Sequence[Variant[T]],
    context: RunContext,
    done: Callable[[int, Measured[T]], None],
    *,
    start: float = 0.0,
    named: bool = True,
) -> Generator[Step, None, Sequence[Message]]:
    """Try all variants in turn; a generator of steps that returns the titles of those that a stop left out.

    The first one is always tried: a stop then ends it with its best so far.

    Args:
        variants: in their order.
        context: of the run.
        done: called with the number, from 0, and the result of each variant that was tried.
        start: share of the whole run that was done before.
        named: whether the steps say which variant is at work.
    """
    whole = sum(variant.work for variant in variants) or 1.0
    before = 0.0
    for index, variant in enumerate(variants):
        if context.stopped and index:
            return [each.title for each in variants[index:]]
        run = StepRun(measured(variant.steps(), context))
        share = (1 - start) / whole
        for step in run:
            part = variant.title if named else None
            yield variant.adapt(step.within(start + share * before, share * variant.work, part))
        done(index, run.result)
        before += variant.work
    return []


def measured(steps: Generator[Step, None, T], context: RunContext) -> Generator[Step, None, Measured[T]]:
    """The same steps, with time and memory of all of them together."""
    from engine.hardware.memory import PeakMemory

    memory, start = PeakMemory(context.device.torch_device), time.perf_counter()
    resident = memory.sample()
    run = StepRun(steps)
    for step in run:
        memory.sample()
        yield step
    return Measured(run.result, time.perf_counter() - start, memory.sample() - resident)
