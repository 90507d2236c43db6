"""Memory of a device: how much there is, the most that a run has used, and what to do when it runs out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import torch

from engine.contracts.errors import DeviceMemoryError
from engine.contracts.messages import Message
from engine.contracts.settings import on_zero_gpu
from engine.hardware.allocator import give_back_freed_memory


def total_and_free(device: torch.device) -> tuple[int, int]:
    """Memory of a device in bytes: all, and what is free; 0 where nobody knows, or may not ask yet."""
    if device.type == "cuda" and not on_zero_gpu():
        free, whole = torch.cuda.mem_get_info(device)
        return whole, free
    if device.type != "cpu":
        return 0, 0
    machine = psutil.virtual_memory()
    return machine.total, machine.available


class PeakMemory:
    """Most memory used while a run lasts, in bytes: allocated on a GPU, resident in the process on a CPU."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._peak = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        elif device.type == "cpu" and _CLEAR.exists():
            with suppress(OSError):  # a container may forbid it; the peak is then the process's
                _CLEAR.write_text("5")  # Linux: begin the count of the peak anew

    def sample(self) -> int:
        """Look now; returns the peak so far, 0 where it cannot be had."""
        if self._device.type == "cuda":
            self._peak = torch.cuda.max_memory_allocated(self._device)
        elif self._device.type == "mps":
            self._peak = max(self._peak, torch.mps.driver_allocated_memory())
        else:
            self._peak = max(self._peak, _peak_resident_bytes())
        return self._peak


_CLEAR = Path("/proc/self/clear_refs")


def _peak_resident_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return int(psutil.Process().memory_info().rss)  # no peak elsewhere: samples during the run make one


def release_memory() -> None:
    """Give memory of nets that are forgotten back to the machine."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
    give_back_freed_memory()


_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory; a CPU and Apple's GPU have no error type of their own for that."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn torch's out-of-memory error into one that a visitor understands."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        raise DeviceMemoryError(Message("The device ran out of memory; please choose a smaller size.")) from None
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceMemoryError(Message("The machine ran out of memory; please choose a smaller size.")) from None
