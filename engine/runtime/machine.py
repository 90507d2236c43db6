"""Description of this machine: device, memory, weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.contracts.messages import Message
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status

if TYPE_CHECKING:
    from engine.runtime.runtime import Runtime


@dataclass(frozen=True)
class Machine:
    """Device, memory and weights of a machine, for a person."""

    device: Message
    """``"NVIDIA H200"``, ``"CPU, 2 threads"``."""
    memory: int
    """Memory of the device in bytes; 0 where nobody knows."""
    free: int
    """Bytes of it that are free."""
    shipped: int
    """Weights files that came with the project."""
    cached: int
    """Weights files that have been downloaded."""
    missing: int
    """Weights files that only the Hub has."""
    missing_bytes: int
    """Bytes of those together."""


def describe_machine(runtime: Runtime) -> Machine:
    """The machine as it is now."""
    from engine.hardware.memory import total_and_free

    status = {entry: runtime.store.status(entry) for entry in catalogue()}
    count = Counter(status.values())
    memory, free = total_and_free(runtime.device.torch_device)
    return Machine(
        device=runtime.device.name,
        memory=memory,
        free=free,
        shipped=count[Status.SHIPPED],
        cached=count[Status.CACHED],
        missing=count[Status.MISSING],
        missing_bytes=sum(entry.bytes for entry, where in status.items() if where is Status.MISSING),
    )
