"""What can be said of a result before it is made: whether its kind of file, and the disk, can hold it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.contracts.errors import OutputError
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, TaskSpec
from engine.imaging.formats import FileKind, check_format

LEAST_BYTES: Mapping[FileKind, float] = {"png": 0.5, "jpeg": 0.1}
"""Bytes of a file for each of its pixels; hardly a photo has fewer."""


def check_output(task: TaskSpec, inputs: Inputs, parameters: Parameters, kind: FileKind, target: Path) -> None:
    """Refuse a result that could not be written, before the work.

    Args:
        task: that makes it.
        inputs: of the run.
        parameters: of the run.
        kind: of the result's file.
        target: the file, or a folder.

    Raises:
        OutputError: it is too large for its kind of file, or for the disk.
    """
    task.check(inputs, parameters)
    size = task.result_size(parameters, task.extents(inputs))
    if size is None:
        return
    check_format(size, kind)
    folder = target if target.is_dir() else target.absolute().parent
    if target.exists() and not (target.is_file() or target.is_dir()):  # such as /dev/stdout
        return
    needed, free = size[0] * size[1] * LEAST_BYTES[kind], shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            Message(
                "The result needs about {needed:.0f} MB, and there are {free:.0f} MB left on the disk.",
                needed=needed / 1e6,
                free=free / 1e6,
            )
        )
