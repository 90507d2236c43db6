"""Where a training stands: written at once or not at all, so that a killed training goes on from the last one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message


def save(state: dict[str, Any], path: Path) -> None:
    """Write tensors, numbers and texts; a process that is killed meanwhile leaves the file before it."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def load(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Load the state that :func:`save` wrote; None when there is no file yet. Nothing in the file is executed.

    Raises:
        ParameterError: the file belongs to a training with other ``settings``.
    """
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state["settings"] != settings:
        raise ParameterError(
            Message(
                "{file} belongs to a training with other settings, {settings}; delete it to begin anew.",
                file=path.name,
                settings=state["settings"],
            )
        )
    return state
