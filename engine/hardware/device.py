"""The device that runs work on, its speed and its memory."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch.nn import functional

from engine.contracts.errors import DeviceMemoryError, ParameterError
from engine.contracts.job import Step, Walk
from engine.contracts.settings import on_zero_gpu, settings
from engine.runtime.scheduler import LOCK

T = TypeVar("T")


@dataclass(frozen=True)
class Device:
    """Where nets run."""

    torch_device: torch.device
    """For ``tensor.to``."""
    dtype: torch.dtype
    """Number format of a perceptual network here; pictures, losses and optimiser stay float32."""
    name: str
    """For a person: ``"NVIDIA H200"``, ``"CPU, 2 threads"``."""


@cache
def best_device() -> Device:
    """The device that the settings name, else CUDA, else Apple's GPU, else the CPU; chosen once.

    Raises:
        ParameterError: when the setting names something that this machine does not have.
    """
    wanted = settings().device
    kind = wanted or ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.empty(0, device=kind).device
    except (RuntimeError, AssertionError):  # AssertionError: "Torch not compiled with CUDA enabled"
        raise ParameterError(
            f"PENTIMENTO_DEVICE is {kind!r}, which this machine does not have; use cpu, cuda or mps."
        ) from None
    if on_zero_gpu():  # asking CUDA is not allowed before a GPU is lent; all of them have bf16
        return Device(device, torch.bfloat16, "ZeroGPU")
    if device.type == "cuda":
        half = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(device, torch.bfloat16 if half else torch.float32, torch.cuda.get_device_name(device))
    if device.type == "mps":
        return Device(device, torch.float32, "Apple GPU")
    dtype = torch.bfloat16 if _has_bfloat16() else torch.float32
    return Device(device, dtype, f"CPU, {torch.get_num_threads()} threads")


def _has_bfloat16(told: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU multiplies bfloat16 itself, which is about twice as quick.

    Asked, not measured: what else the machine does must not change a picture.
    """
    try:
        return bool(_BFLOAT16 & set(told.read_text(encoding="ascii", errors="replace").split()))
    except OSError:  # no Linux
        return False


def gflops(dtype: torch.dtype, device: str | torch.device = "cpu") -> float:
    """Speed of a 3x3 convolution in GFLOP/s, from the fastest of a few short ones (some milliseconds in all)."""
    channels, side = 64, 96 if torch.device(device).type == "cpu" else 512
    picture = torch.ones(1, channels, side, side, dtype=dtype, device=device).contiguous(
        memory_format=torch.channels_last
    )
    weight = torch.ones(channels, channels, 3, 3, dtype=dtype, device=device)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(10):
            synchronise(torch.device(device))
            start = time.perf_counter()
            functional.conv2d(picture, weight, padding=1)
            synchronise(torch.device(device))
            best = min(best, time.perf_counter() - start)
    return 2 * 9 * channels**2 * side**2 / best / 1e9


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was given; nothing on a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


class Speed:
    """Measured arithmetic per second of whole runs, for time estimates: a convolution probe first, then real runs.

    Only the pace between a run's first and last step counts: loading and targets happen once. Short and shallow runs
    are mostly overhead and teach nothing; no single run may move the estimate far from the probe.
    """

    _PROBE_SHARE = 0.6
    """What whole runs reach of the probe, as seen on a shared 2-core CPU (0.45 to 0.9)."""
    _ZERO_GPU = 10_000.0
    """GFLOP/s of whole runs that are expected there; careful, for the figure decides how long the GPU is asked for."""
    _LEAST_GFLOP, _LEAST_SECONDS = 100.0, 3.0
    _FURTHEST = 4.0

    def __init__(self) -> None:
        self._probe: float | None = None
        self._gflops: float | None = None

    def seconds(self, gflop: float) -> float | None:
        """How long ``gflop`` of a run should take here; None while another run keeps the first look from being fair."""
        if self._gflops is None and on_zero_gpu():  # computing before a GPU is lent can hang the process that gets it
            self._probe = self._gflops = self._ZERO_GPU
        if self._gflops is None:
            if not LOCK.acquire(blocking=False):
                return None
            try:
                device = best_device()
                self._probe = self._PROBE_SHARE * gflops(device.dtype, device.torch_device)
                self._gflops = self._probe
            finally:
                LOCK.release()
        return gflop / self._gflops

    def expect(self, gflops: float) -> None:
        """What somebody has measured where the runs are."""
        self._probe = self._gflops = gflops

    def learn(self, gflop: float, seconds: float) -> None:
        """Take the pace of a run into account."""
        if self._gflops is None or self._probe is None or gflop < self._LEAST_GFLOP or seconds < self._LEAST_SECONDS:
            return
        pace = (self._gflops * gflop / seconds) ** 0.5  # half old, half new, on a logarithmic scale
        self._gflops = min(max(pace, self._probe / self._FURTHEST), self._probe * self._FURTHEST)


speed = Speed()
"""Of this process's device."""


def memory(device: torch.device) -> tuple[int, int]:
    """Memory of a device in bytes: all, and what is free; 0 where nobody knows, or may not ask yet."""
    if device.type == "cuda" and not on_zero_gpu():
        free, whole = torch.cuda.mem_get_info(device)
        return whole, free
    told = Path("/proc/meminfo")
    if device.type != "cpu" or not told.exists():
        return 0, 0
    lines = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
    whole, free = (1024 * int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return whole, free


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


@dataclass(frozen=True)
class Measured(Generic[T]):
    """What a piece of work gave and took."""

    result: T
    seconds: float
    memory: int
    """Most memory in use meanwhile, beyond what was in use before; in bytes."""


def measured(steps: Generator[Step, None, T]) -> Generator[Step, None, Measured[T]]:
    """The same steps, with time and memory of all of them together."""
    memory, start = PeakMemory(best_device().torch_device), time.perf_counter()
    resident = memory.sample()
    walk = Walk(steps)
    for step in walk:
        memory.sample()
        yield step
    return Measured(walk.result, time.perf_counter() - start, memory.sample() - resident)


_CLEAR = Path("/proc/self/clear_refs")
_BFLOAT16 = {"avx512_bf16", "amx_bf16"}
"""Flags of CPUs, as Linux tells them."""


def _peak_resident_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def release_memory() -> None:
    """Give memory of nets that are forgotten back to the machine."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
    with suppress(OSError, AttributeError):  # glibc keeps what was freed; other C libraries have no such function
        ctypes.CDLL(None).malloc_trim(0)


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
        raise DeviceMemoryError("The device ran out of memory; please choose a smaller size.") from None
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceMemoryError("The machine ran out of memory; please choose a smaller size.") from None


@contextmanager
def reproducible() -> Iterator[None]:
    """cuDNN kernels that give the same picture for the same seed."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
