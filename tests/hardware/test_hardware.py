"""The device: its number format, its speed, and what is said when it runs out of memory."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.contracts.errors import DeviceMemoryError
from engine.contracts.messages import Message
from engine.hardware import device
from engine.hardware.device import Device, _cpu_flags, choose_device
from engine.hardware.memory import memory_errors
from engine.hardware.speed import Speed


def test_out_of_memory_becomes_a_sentence() -> None:
    with pytest.raises(DeviceMemoryError), memory_errors():
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(DeviceMemoryError), memory_errors():
        torch.empty(2**50)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library than glibc")
def test_memory_that_was_freed_is_used_again() -> None:
    work = (
        "import resource, torch; from engine.hardware.allocator import *\n"
        "if {kept}: keep_freed_memory()\n"
        "picture = torch.ones(9_000_000)\n"
        "for _ in range(20): picture = (picture + 1).relu() * 0.5\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)\n"
        "give_back_freed_memory()"
    )
    fresh, kept = (
        int(subprocess.run([sys.executable, "-c", work.format(kept=each)], capture_output=True, check=True).stdout)
        for each in (False, True)
    )
    assert kept < fresh / 2, "pages that were asked for anew"


def test_other_errors_stay_what_they_are() -> None:
    error = RuntimeError("something else")
    with pytest.raises(RuntimeError) as raised, memory_errors():
        raise error
    assert raised.value is error


def test_nobody_knows_a_speed_that_was_not_measured() -> None:
    speed = Speed()
    assert not speed.known
    assert speed.seconds(1.0) is None
    assert speed.seconds(1.0, wait=0.01) is None
    speed.measure(Device(torch.device("cpu"), torch.float32, Message("CPU")))
    assert speed.known
    seconds = speed.seconds(1.0)
    assert seconds is not None
    assert seconds > 0


def test_estimates_survive_small_and_free_runs() -> None:
    speed = Speed()
    speed.expect(100.0)
    first = speed.seconds(1000.0)
    assert first == pytest.approx(10)
    for work, seconds in ((1e-6, 5.0), (5.0, 20.0), (500.0, 0.1)):
        speed.learn(work, seconds)
    assert speed.seconds(1000.0) == first, "runs that say nothing teach nothing"
    speed.learn(1000.0, 100 * first)
    slower = speed.seconds(1000.0)
    assert slower is not None
    assert first < slower <= 4 * first * 1.001
    for _ in range(20):
        speed.learn(1000.0, 2 * first)
    assert speed.seconds(1000.0) == pytest.approx(2 * first, rel=0.02)


def test_a_run_teaches_nothing_where_nothing_is_expected() -> None:
    speed = Speed()
    speed.learn(1000.0, 10.0)
    assert not speed.known


def test_the_number_format_of_a_cpu_does_not_depend_on_what_else_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo = tmp_path / "cpuinfo"

    def formats(text: str) -> tuple[torch.dtype, bool]:
        cpuinfo.write_text(text)
        monkeypatch.setattr(device, "_cpu_flags", lambda: _cpu_flags(cpuinfo))
        chosen = choose_device("cpu")
        return chosen.dtype, chosen.multiplies_bytes

    assert formats("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 avx512_vnni avx2\n") == (torch.bfloat16, True)
    assert formats("flags : fpu avx2 avx_vnni\n") == (torch.float32, True)
    assert formats("flags\t\t: fpu avx512f avx2\nbugs : avx512_bf16_not_really\n") == (torch.float32, False)
    assert _cpu_flags(tmp_path / "nowhere") == set()


def test_runs_of_a_kind_have_a_pace_of_their_own() -> None:
    speed = Speed()
    speed.learn_kind("slow", 10.0, 1.0)
    assert not speed.known, "nothing is expected yet"
    speed.expect(100.0)
    speed.learn_kind("slow", 10.0, 1.0)
    assert speed.seconds(10.0, kind="slow") == pytest.approx(1.0)
    assert speed.seconds(10.0, kind="other") == speed.seconds(10.0) == pytest.approx(0.1)
    for _ in range(12):
        speed.learn_kind("slow", 10.0, 1.5)
    assert speed.seconds(10.0, kind="slow") == pytest.approx(1.5, rel=0.02)
    speed.learn_kind("odd", 1e-9, 100.0)
    odd = speed.seconds(1.0, kind="odd")
    assert odd is not None
    assert odd <= 0.17, "no run moves it far from the probe"
