"""Pentimento's engine: classical neural image generation without a user interface.

    from engine import TASKS, open_picture, run

``import engine`` is quick and does not import torch; names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.contracts.errors import PentimentoError
    from engine.contracts.job import Job, Step, Walk
    from engine.imaging.picture import Picture, open_picture, save_picture
    from engine.runtime.runner import Result, estimate, run
    from engine.tasks import TASKS

_HOME = {
    "Job": "contracts.job",
    "PentimentoError": "contracts.errors",
    "Picture": "imaging.picture",
    "Result": "runtime.runner",
    "Step": "contracts.job",
    "TASKS": "tasks",
    "Walk": "contracts.job",
    "estimate": "runtime.runner",
    "open_picture": "imaging.picture",
    "run": "runtime.runner",
    "save_picture": "imaging.picture",
}

__all__ = [
    "TASKS", "Job", "PentimentoError", "Picture", "Result", "Step", "Walk",
    "estimate", "open_picture", "run", "save_picture",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(f"engine.{_HOME[name]}"), name)
