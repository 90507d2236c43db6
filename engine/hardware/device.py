"""The device that nets run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.contracts.errors import SettingError
from engine.contracts.messages import Message
from engine.contracts.settings import on_zero_gpu


@dataclass(frozen=True)
class Device:
    """Where nets run."""

    torch_device: torch.device
    """For ``tensor.to``."""
    dtype: torch.dtype
    """Number format of a perceptual network here; pictures, losses and optimiser stay float32."""
    name: Message
    """For a person: ``"NVIDIA H200"``, ``"CPU, 2 threads"``."""
    multiplies_bytes: bool = False
    """Whether it is a CPU with dot products of bytes, twice as quick as those of bfloat16."""

    @property
    def cpu_format(self) -> torch.dtype:
        """Number format of nets that are quick on a GPU anyway: a CPU's own, else float32."""
        return self.dtype if self.kind == "cpu" else torch.float32

    @property
    def uses_float32(self) -> bool:
        """Whether perceptual networks calculate in float32 here."""
        return self.dtype == torch.float32

    @property
    def kind(self) -> str:
        """``"cpu"``, ``"cuda"`` or ``"mps"``."""
        return self.torch_device.type


def choose_device(setting: str = "") -> Device:
    """The device that the setting names, else CUDA, else Apple's GPU, else the CPU.

    Raises:
        SettingError: when the setting names something that this machine does not have.
    """
    kind = setting or ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.empty(0, device=kind).device
    except (RuntimeError, AssertionError):  # AssertionError: "Torch not compiled with CUDA enabled"
        raise SettingError(
            Message(
                "{variable} is {value!r}, which this machine does not have; use cpu, cuda or mps.",
                variable="PENTIMENTO_DEVICE",
                value=kind,
            )
        ) from None
    if on_zero_gpu():  # asking CUDA is not allowed before a GPU is lent; all of them have bf16
        return Device(device, torch.bfloat16, Message("ZeroGPU"))
    if device.type == "cuda":
        half = torch.cuda.is_bf16_supported(including_emulation=False)
        name = torch.cuda.get_device_name(device)
        return Device(device, torch.bfloat16 if half else torch.float32, Message("{name}", name=name))
    if device.type == "mps":
        return Device(device, torch.float32, Message("Apple GPU"))
    flags = _cpu_flags()
    dtype = torch.bfloat16 if flags & _BFLOAT16 else torch.float32
    threads = Message("CPU, {threads} threads", threads=torch.get_num_threads())
    return Device(device, dtype, threads, multiplies_bytes=bool(flags & _BYTES))


_BFLOAT16 = {"avx512_bf16", "amx_bf16"}
"""Flags by which Linux says that a CPU multiplies bfloat16."""
_BYTES = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Flags by which Linux says that a CPU has dot products of bytes."""


def _cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What Linux says that this CPU has; nothing elsewhere.

    Asked, not measured: what else the machine does must not change a picture.
    """
    try:
        return set(cpuinfo.read_text(encoding="ascii", errors="replace").split())
    except OSError:  # no Linux
        return set()


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was given; nothing on a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def reproducible() -> Iterator[None]:
    """cuDNN kernels that give the same picture for the same seed."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
