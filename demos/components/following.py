"""Followers: parts of the page, besides a run's own panel, that show something of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demos.components.estimates import EstimateLine
from demos.components.stored_result import StoredResult
from engine import RunResult
from engine.contracts.messages import Text
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs


@dataclass(frozen=True)
class FinishedRun:
    """A run that has given a result."""

    result: RunResult
    stored: StoredResult | None
    """The result as the page remembers it; None for one that is no picture."""
    title: Text
    """The task's."""
    inputs: Inputs
    parameters: Parameters
    offered: bool = False
    """Whether it was offered on the result before: the settings on the page are still that one's."""


class Follower:
    """Components that a run changes with its own frames, and how."""

    outputs: Sequence[Any] = ()
    """Components that change."""
    inputs: Sequence[Any] = ()
    """Components whose values :meth:`at_end` is given."""

    def at_begin(self) -> dict[Any, Any]:
        """In a handler: component -> update when a run has been asked for."""
        return {}

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """In a handler: component -> update when it has given a result."""
        return {}


class EstimateFollower(Follower):
    """Says anew how long a run takes, for the engine has learnt from this one.

    Args:
        line: says it.
    """

    def __init__(self, line: EstimateLine) -> None:
        self._line = line
        self.outputs = line.outputs

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`Follower.at_end`."""
        return {} if run.offered else self._line.after_run(run.inputs, run.parameters)
