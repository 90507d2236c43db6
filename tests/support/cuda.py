"""What tests on a GPU need: a runtime there, a shortage of memory, and a look at graphs that are captured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import pytest
import torch
from PIL import Image

from engine import Runtime
from engine.contracts.settings import Settings
from engine.hardware.memory import release_memory
from engine.perceptual import energy

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
needs_two_cards = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")


def runtime_on(device: str) -> Runtime:
    """An engine of its own for a device."""
    return Runtime(Settings(device=device))


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures in grey levels; AssertionError where their sizes differ."""
    assert one.size == other.size
    return float(numpy.abs(numpy.asarray(one).astype(int) - numpy.asarray(other)).mean())


@contextmanager
def scarce(extra_bytes: int) -> Iterator[None]:
    """Hardly any memory on the GPU: what is in use, and so many bytes."""
    release_memory()
    whole = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + extra_bytes) / whole)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        release_memory()


def peak_of(work: Callable[[], object]) -> int:
    """Most bytes that some work takes on the GPU beside what was in use before it."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return torch.cuda.max_memory_allocated() - before


@contextmanager
def captures() -> Iterator[list[bool]]:
    """For each energy that should be captured while the context lasts, whether it was, and not evaluated plainly."""
    outcomes: list[bool] = []
    capture = energy._captured

    def noted(*arguments: Any) -> Callable[..., Any]:
        evaluate = capture(*arguments)
        outcomes.append(evaluate.__name__ == "replay")
        return evaluate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(energy, "_captured", noted)
        yield outcomes


@contextmanager
def without_captures() -> Iterator[None]:
    """Every energy is evaluated the plain way while the context lasts."""

    def plain(terms: energy.Energy, like: torch.Tensor) -> Callable[[torch.Tensor], energy.Evaluation]:
        return lambda picture: energy._evaluate(terms, picture)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(energy, "_captured", plain)
        yield
