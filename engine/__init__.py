"""Pentimento's engine: classical neural image generation without a user interface.

    from engine import TASKS, Runtime, StepRun, open_picture

    runtime, task = Runtime(), TASKS["style-v1"]
    inputs = {"content": [open_picture("photo.jpg")], "style": [open_picture("painting.jpg")]}
    result = StepRun(runtime.run(task, inputs, task.parameters(size=256))).finish()

``import engine`` is quick and does not import torch; names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.contracts.errors import PentimentoError
    from engine.contracts.job import Job, Step, StepRun
    from engine.imaging.door import open_picture
    from engine.imaging.picture import Picture, save_picture
    from engine.runtime.runner import RunResult
    from engine.runtime.runtime import Runtime
    from engine.tasks import TASKS
    from engine.video.video import Video, open_video

_HOME = {
    "Job": "contracts.job",
    "PentimentoError": "contracts.errors",
    "Picture": "imaging.picture",
    "RunResult": "runtime.runner",
    "Runtime": "runtime.runtime",
    "Step": "contracts.job",
    "StepRun": "contracts.job",
    "TASKS": "tasks",
    "Video": "video.video",
    "open_picture": "imaging.door",
    "open_video": "video.video",
    "save_picture": "imaging.picture",
}

__all__ = [
    "TASKS", "Job", "PentimentoError", "Picture", "RunResult", "Runtime", "Step", "StepRun", "Video",
    "open_picture", "open_video", "save_picture",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(f"engine.{_HOME[name]}"), name)
