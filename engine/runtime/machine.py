"""What this machine has: device, memory, weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status, status


@dataclass(frozen=True)
class Machine:
    """What a person wants to know of it."""

    device: str
    """``"NVIDIA H200"``, ``"CPU, 2 threads"``."""
    memory: int
    """Of the device, in bytes; 0 where nobody knows."""
    free: int
    """Of that."""
    shipped: int
    """Weights files that came with the project."""
    cached: int
    """That have been downloaded."""
    missing: int
    """That the Hub has."""
    missing_bytes: int
    """Of those, together."""


def machine() -> Machine:
    """As it is now."""
    from engine.hardware.device import best_device, memory

    device = best_device()
    found = {entry: status(entry) for entry in catalogue()}
    count = Counter(found.values())
    whole, free = memory(device.torch_device)
    return Machine(
        device.name, whole, free, count[Status.SHIPPED], count[Status.CACHED], count[Status.MISSING],
        sum(entry.bytes for entry, where in found.items() if where is Status.MISSING),
    )  # fmt: skip
