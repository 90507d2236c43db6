"""The context of a run: all that a task gets besides its inputs and parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.contracts.job import Job
    from engine.contracts.settings import Settings
    from engine.hardware.device import Device
    from engine.model_store.loaded_nets import LoadedNets


@dataclass(frozen=True)
class RunContext:
    """The job, the nets on the device, and what the owner of the installation has decided."""

    job: Job
    nets: LoadedNets
    settings: Settings

    @property
    def device(self) -> Device:
        """Where the nets are."""
        return self.nets.device

    @property
    def stopped(self) -> bool:
        """Whether the run has been asked to end."""
        return self.job.stopped

    @property
    def explains(self) -> bool:
        """Whether anybody will look at how the result came about."""
        return self.job.explains

    def without_explanation(self) -> RunContext:
        """The same for a part of the run whose explanation nobody will look at."""
        return replace(self, job=self.job.without_explanation())
