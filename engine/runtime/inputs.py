"""Inputs of any kind, let in as a task asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Listing, Message
from engine.contracts.task import InputSpec, Kind, TaskSpec
from engine.imaging.door import open_input
from engine.imaging.formats import ENDINGS, begins_as_picture


def open_media(spec: InputSpec, source: Path | bytes) -> Any:
    """A picture or a video.

    Raises:
        PictureError: the file cannot be used as one.
    """
    if spec.kind is Kind.PICTURE:
        return open_input(spec, source)
    from engine.video.video import open_video

    return open_video(source)


def open_all(task: TaskSpec, files: Mapping[str, Sequence[Path]]) -> dict[str, list[Any]]:
    """Input name -> what its files are; inputs without files are empty."""
    return {spec.name: [open_media(spec, path) for path in files.get(spec.name) or ()] for spec in task.inputs}


def open_named(task: TaskSpec, texts: Sequence[str]) -> dict[str, list[Any]]:
    """Files given as ``INPUT=FILE``; a name without one belongs to the input before.

    Raises:
        ParameterError: there is no such input.
        PictureError: a file cannot be used.
    """
    specs = {spec.name: spec for spec in task.inputs}
    inputs: dict[str, list[Any]] = {}
    name = ""
    for text in texts:
        first, equals, rest = text.partition("=")
        name, file = (first, rest) if equals and first in specs else (name, text)
        if name not in specs:
            known = Listing([*specs])
            raise ParameterError(
                Message("{task} takes pictures for {inputs}; please give INPUT=FILE.", task=task.name, inputs=known)
            )
        inputs.setdefault(name, []).append(open_media(specs[name], Path(file)))
    return inputs


def endings(spec: InputSpec) -> tuple[str, ...]:
    """Endings of the files that are taken for an input."""
    if spec.kind is Kind.PICTURE:
        return ENDINGS
    from engine.video.reader import ENDINGS as VIDEO_ENDINGS

    return VIDEO_ENDINGS


def fits(spec: InputSpec, start: bytes) -> bool:
    """Whether a file that begins with these bytes is of an input's kind, whatever its name is."""
    if spec.kind is Kind.PICTURE:
        return begins_as_picture(start)
    from engine.video.reader import reader_for

    return reader_for(start) is not None and not begins_as_picture(start)
