"""The runtime of one installation: settings, the queue for the device, weights, loaded nets, and the measured speed."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

from engine.contracts.context import RunContext
from engine.contracts.job import Job, Step
from engine.contracts.parameters import Parameters
from engine.contracts.settings import Settings, read_settings
from engine.contracts.task import Extents, Inputs, TaskSpec
from engine.hardware.allocator import keep_freed_memory
from engine.model_store.download import WeightStore
from engine.runtime.runner import RunResult, run_task
from engine.runtime.scheduler import Limits, Scheduler

if TYPE_CHECKING:
    from engine.hardware.device import Device
    from engine.hardware.speed import Speed
    from engine.model_store.loaded_nets import LoadedNets


class Runtime:
    """Made once, where a program starts, and handed on; two of them share nothing.

    Nothing is loaded, and torch is not imported, before something is run.

    Args:
        settings: what the owner decides; None for what the environment says.

    Raises:
        SettingError: a variable of the environment is not understood.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or read_settings()
        keep_freed_memory()
        self.scheduler = Scheduler(
            Limits(
                queue=self.settings.queue,
                line_minutes=self.settings.line_minutes,
                runs_per_visitor=self.settings.runs_per_visitor,
                runs_per_address=self.settings.runs_per_address,
            )
        )
        self.store = WeightStore(self.settings.weights)
        self._lock = threading.RLock()
        self._device: Device | None = None
        self._nets: LoadedNets | None = None
        self._speed: Speed | None = None

    @property
    def device(self) -> Device:
        """Where nets run; chosen once.

        Raises:
            SettingError: the settings name a device that this machine does not have.
        """
        from engine.hardware.device import choose_device

        with self._lock:
            if self._device is None:
                self._device = choose_device(self.settings.device)
            return self._device

    @property
    def nets(self) -> LoadedNets:
        """Those that are loaded on the device."""
        from engine.model_store.loaded_nets import LoadedNets

        with self._lock:
            if self._nets is None:
                self._nets = LoadedNets(self.store, self.device)
            return self._nets

    @property
    def speed(self) -> Speed:
        """How quick runs are here; see :meth:`measure_speed`."""
        from engine.hardware.speed import Speed

        with self._lock:
            if self._speed is None:
                self._speed = Speed()
            return self._speed

    @property
    def has_loaded_nets(self) -> bool:
        """Whether there are any; asks for no device."""
        return self._nets is not None and len(self._nets) > 0

    def context(self, job: Job | None = None) -> RunContext:
        """The context of a run, for a caller who runs a task's code directly, without waiting in the queue."""
        return RunContext(job or Job(), self.nets, self.settings)

    def run(
        self, task: TaskSpec, inputs: Inputs, parameters: Parameters, job: Job | None = None
    ) -> Generator[Step, None, RunResult]:
        """Run a task; a generator of steps that returns the result.

        Weights are downloaded first when they are not here. The run then waits for the device, which serves one run at
        a time. Closing the generator ends everything within one step; ``job.stop()`` ends it with the best result so
        far.

        Raises:
            PentimentoError: any of its subclasses, with one sentence for the visitor.
        """
        return run_task(self, task, inputs, parameters, job or Job())

    def estimate(self, task: TaskSpec, parameters: Parameters, extents: Extents, *, wait: float = 0.0) -> float | None:
        """Seconds that a run should take here; None while nothing has been measured. It measures nothing itself.

        Args:
            task: of the run.
            parameters: of the run.
            extents: of its inputs, see :meth:`engine.contracts.task.TaskSpec.extents`.
            wait: seconds that a first measurement, which may be under way, is waited for.
        """
        return self.speed.seconds(task.cost(parameters, extents), kind=task.kind_of(parameters), wait=wait)

    def measure_speed(self) -> None:
        """Probe the device once, when no run has it; some milliseconds."""
        while not self.speed.known:
            with self.scheduler.device_if_free() as free:
                if free:
                    self.speed.measure(self.device)
                    return
            if self.scheduler.running:  # whose run will teach more than a probe beside it
                return

    def unload_idle(self, seconds: float) -> bool:
        """Forget all nets where none has been used for so long and nothing has the device; whether it did."""
        if not self.has_loaded_nets or min(self.nets.idle_seconds, self.scheduler.idle_seconds) < seconds:
            return False
        from engine.hardware.memory import release_memory

        with self.scheduler.device_if_free() as free:
            if not free:
                return False
            self.nets.clear()
        release_memory()
        return True
