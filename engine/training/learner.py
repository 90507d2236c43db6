"""What trainings of networks for super-resolution share: steps, a moving average, and going on after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.perceptual.optimisers import Adam
from engine.training import checkpoint
from engine.training.averaging import moving_average

AVERAGE = 0.999
"""Share of the old weights in the running average, each iteration."""
WARM_UP = 200
"""Iterations in which the learning rate rises."""


class Settings(Protocol):
    """Settings of a training, a frozen dataclass, that a learner knows."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def iterations(self) -> int:
        """Steps of the optimiser; not a part of what a checkpoint has to agree in."""
        ...

    @property
    def rate(self) -> float:
        """Learning rate after warming up; falls to nothing along half a cosine."""
        ...


class Learner:
    """A network while it is learnt, its average, and where the training stands.

    Args:
        net: on its device.
        settings: of the training.
        generator: of the training's random numbers.
    """

    def __init__(self, net: nn.Module, settings: Settings, generator: torch.Generator) -> None:
        self._net, self._rate, self._iterations = net, settings.rate, settings.iterations
        self.generator = generator
        self.average = moving_average(net, AVERAGE)
        """The weights that are shipped."""
        self._optimiser = Adam(net.parameters(), lr=settings.rate)
        self._decided = {name: value for name, value in asdict(settings).items() if name != "iterations"}

    def step(self, loss: Tensor, iteration: int, *, longest: float = math.inf) -> None:
        """One step of the optimiser, with gradients that are shortened to a norm of at most ``longest``."""
        warm = min(1.0, (iteration + 1) / WARM_UP)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * warm * 0.5 * (1 + math.cos(math.pi * iteration / self._iterations))
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if longest < math.inf:
            torch.nn.utils.clip_grad_norm_(self._net.parameters(), longest)
        self._optimiser.step()
        self.average.update_parameters(self._net)

    def run(
        self,
        learn: Callable[[int], Tensor],
        measure: Callable[[], Mapping[str, float]],
        *,
        every: int,
        path: Path,
        job: Job,
    ) -> Generator[Step, None, Mapping[str, float]]:
        """Learn from where the training stands to its end or a stop; returns the last measurement, empty for none.

        Args:
            learn: iteration -> its loss, after a :meth:`step`.
            measure: called every so many iterations and at the end.
            every: iterations between two measurements, each with a checkpoint.
            path: of the checkpoint.
            job: asked after every iteration.
        """
        measured: Mapping[str, float] = {}
        for iteration in range(self._resume(path), self._iterations):
            loss, done = learn(iteration), iteration + 1
            if done % every == 0 or done == self._iterations:
                measured = measure()
                self._keep(path, done)
            figures = {"loss": loss, **measured}
            yield Step(
                done=done / self._iterations,
                stage=Message("iteration {done} of {iterations}", done=done, iterations=self._iterations),
                figures=lambda figures=figures: {name: float(value) for name, value in figures.items()},  # type: ignore[misc]
            )
            if job.stopped:
                self._keep(path, done)
                break
        return measured

    def _keep(self, path: Path, iteration: int) -> None:
        """Write where the training stands."""
        states = {"net": self._net.state_dict(), "average": self.average.module.state_dict()}
        states["optimiser"] = self._optimiser.state_dict()
        rest = {"generator": self.generator.get_state(), "iteration": iteration, "settings": self._decided}
        checkpoint.save({**states, **rest}, path)

    def _resume(self, path: Path) -> int:
        """Go on from there; returns the number of iterations that are done."""
        state = checkpoint.load(path, self._decided)
        if state is None:
            return 0
        self._net.load_state_dict(state["net"])
        self.average.module.load_state_dict(state["average"])
        self.average.n_averaged.fill_(state["iteration"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        return int(state["iteration"])
