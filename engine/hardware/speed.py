"""How quick a device is: a short probe first, then what real runs teach."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

import torch
from torch.nn import functional

from engine.contracts.settings import on_zero_gpu
from engine.hardware.device import Device, synchronise


def gflops(dtype: torch.dtype, device: str | torch.device = "cpu") -> float:
    """Speed of a 3x3 convolution in GFLOP/s, from the fastest of some short ones (a tenth of a second in all)."""
    channels, side = 64, 96 if torch.device(device).type == "cpu" else 512
    picture = torch.ones(1, channels, side, side, dtype=dtype, device=device).contiguous(
        memory_format=torch.channels_last
    )
    weight = torch.ones(channels, channels, 3, 3, dtype=dtype, device=device)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(25):
            synchronise(torch.device(device))
            start = time.perf_counter()
            functional.conv2d(picture, weight, padding=1)
            synchronise(torch.device(device))
            best = min(best, time.perf_counter() - start)
    return 2 * 9 * channels**2 * side**2 / best / 1e9


class Speed:
    """Measured arithmetic per second of whole runs, for time estimates: a convolution probe first, then real runs.

    Only the pace between a run's first and last step counts: loading and targets happen once. Short and shallow runs
    are mostly overhead and teach nothing; no single run may move the estimate far from the probe.

    Runs of one kind also have a pace of their own, in which all of their time counts: nets differ in how much of the
    machine they can use.
    """

    _PROBE_SHARE = 0.6
    """Share of the probe that whole runs reach, as seen on a shared 2-core CPU (0.45 to 0.9)."""
    _ZERO_GPU = 10_000.0
    """GFLOP/s of whole runs that are expected there; careful, for the figure decides how long the GPU is asked for."""
    _LEAST_GFLOP, _LEAST_SECONDS = 100.0, 3.0
    _FURTHEST = 4.0
    _OWN_LEAST_SECONDS, _OWN_FURTHEST = 0.05, 16.0
    _MOST_KINDS = 500

    def __init__(self) -> None:
        self._probe: float | None = None
        self._gflops: float | None = None
        self._own: dict[Hashable, float] = {}
        self._known = threading.Event()

    def seconds(self, gflop: float, *, kind: Hashable = None, wait: float = 0.0) -> float | None:
        """How long ``gflop`` of a run should take here; None while nothing has been measured.

        Args:
            gflop: arithmetic of the run.
            kind: of the run; None for any.
            wait: seconds that a first measurement, which may be under way, is waited for.
        """
        if self._gflops is None and wait:
            self._known.wait(wait)
        return None if self._gflops is None else gflop / self._own.get(kind, self._gflops)

    @property
    def known(self) -> bool:
        """Whether something has been measured."""
        return self._gflops is not None

    def measure(self, device: Device) -> None:
        """Probe the device for some milliseconds; the caller holds it, so that no run disturbs the figure."""
        if on_zero_gpu():  # computing before a GPU is lent can hang the process that gets it
            self.expect(self._ZERO_GPU)
        else:
            self.expect(self._PROBE_SHARE * gflops(device.dtype, device.torch_device))

    def expect(self, gflops: float) -> None:
        """Take over what has been measured where the runs are."""
        self._probe = self._gflops = gflops
        self._known.set()

    def learn_kind(self, kind: Hashable, gflop: float, seconds: float) -> None:
        """Take a run's own pace into account for others of its kind, from its beginning to its end."""
        if self._gflops is None or self._probe is None or gflop <= 0 or seconds < self._OWN_LEAST_SECONDS:
            return
        pace = gflop / seconds
        if kind in self._own:
            pace = (self._own[kind] * pace) ** 0.5
        while len(self._own) >= self._MOST_KINDS and kind not in self._own:
            self._own.pop(next(iter(self._own)))
        self._own[kind] = min(max(pace, self._probe / self._OWN_FURTHEST), self._probe * self._OWN_FURTHEST)

    def learn(self, gflop: float, seconds: float) -> None:
        """Take the pace of a run into account."""
        if self._gflops is None or self._probe is None or gflop < self._LEAST_GFLOP or seconds < self._LEAST_SECONDS:
            return
        pace = (self._gflops * gflop / seconds) ** 0.5  # half old, half new, on a logarithmic scale
        self._gflops = min(max(pace, self._probe / self._FURTHEST), self._probe * self._FURTHEST)
