"""A video that passed the door, as :class:`engine.imaging.picture.Picture` is a picture that did."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun, TaskOutput
from engine.contracts.messages import Message
from engine.video.frames import Frame
from engine.video.reader import process, read_info

if TYPE_CHECKING:
    from engine.contracts.context import RunContext
    from engine.contracts.notes import Note

RESULT = "result.mp4"
REFITTED = Message("The size of the frames changes in this video; they were fitted into that of the first.")


class OwnFolder:
    """A new folder that is deleted, with all that is in it, when nobody holds this object any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pentimento-video-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class Video:
    """A video file that can be read. Pickled, it takes its content along, to processes on other machines."""

    path: Path
    size: tuple[int, int]
    """Width and height of its frames, upright."""
    frames: int | None = None
    """How many there are, about; None where the file does not say it."""
    seconds: float | None = None
    sound: bool = False
    folder: OwnFolder | None = field(default=None, repr=False)
    """Holds a file of our own, which goes when nobody knows the video any more; None for the visitor's file."""
    notes: tuple[Note, ...] = ()
    """What is changed or left out when the file is read."""
    recipe: str | None = None
    """Videos keep none."""
    source_type: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        facts = (self.size, self.frames, self.seconds, self.sound, self.notes)
        return _received, (self.path.read_bytes(), self.path.name, *facts)


def _received(data: bytes, name: str, *facts: Any) -> Video:
    folder = OwnFolder()
    path = folder.path / name
    path.write_bytes(data)
    size, frames, seconds, sound, notes = facts
    return Video(path, size, frames, seconds, sound, folder, notes)


def open_video(source: Path | bytes) -> Video:
    """Let a video in.

    Raises:
        VideoError: not a video that is read here, or larger or longer than it may be.
    """
    if isinstance(source, bytes):  # FFmpeg reads files, and looks into them for their kind
        folder = OwnFolder()
        path = folder.path / "source"
        path.write_bytes(source)
    else:
        folder, path = None, source
    info = read_info(path)
    return Video(path, info.size, info.frames, info.seconds, info.sound, folder, info.notes)


def processed(video: Video, paint: Callable[[Frame], Frame], context: RunContext) -> Generator[Step, None, TaskOutput]:
    """Every frame through ``paint``; the steps and the output of a task on videos.

    Raises:
        VideoError, OutputError: see :func:`engine.video.reader.process`.
    """
    from PIL import Image

    folder = OwnFolder()
    path = folder.path / RESULT
    last: list[Frame] = []

    def painted(frame: Frame) -> Frame:
        last[:] = [paint(frame)]
        return last[0]

    run, start = StepRun(process(video.path, path, painted, context.job)), time.perf_counter()
    yield from run
    pace = run.result["frames"] / (time.perf_counter() - start)
    figures = {**run.result, "frames_per_second": round(pace, 2)}
    result = Video(
        path, tuple(figures["size"]), figures["frames"], figures["seconds_of_video"], figures["sound"], folder
    )
    hints = [REFITTED] if figures["refitted_frames"] else []
    return TaskOutput(image=Image.fromarray(last[0]), video=result, facts=TaskFacts(figures=figures, hints=hints))
