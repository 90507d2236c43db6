"""Video files in and out: every frame through a function, sound kept, and a stop that keeps what is done.

PyAV brings FFmpeg as a library. FFmpeg reads play lists that name other files and addresses, too: a file is looked at
first, and only the three containers below are opened, each by its own reader.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from engine.job import Job, Step

Frame = NDArray[numpy.uint8]
"""``(H, W, 3)``, RGB."""

ENDINGS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
LONGEST_SECONDS = 600.0
MOST_PIXELS = 4096 * 2304
"""Of a frame."""
QUALITY = "18"
"""Constant rate factor of H.264; strokes suffer above 20."""
COPIED = ("aac", "mp3", "ac3", "opus")
"""Sound that goes into the result as it is; any other becomes AAC."""


@dataclass(frozen=True)
class Film:
    """What is known of a video before it is read."""

    size: tuple[int, int]
    """Width and height of its frames, upright."""
    frames: int
    """How many there are, about."""
    seconds: float
    sound: bool


def look_at(source: Path) -> Film:
    """Size, length and sound of a video.

    Raises:
        PictureError: not a video that is read here, or larger or longer than it may be.
    """
    with _opened(source) as container:
        return _film(container)


def process(
    source: Path, target: Path, paint: Callable[[Frame], Frame], job: Job
) -> Generator[Step, None, Mapping[str, Any]]:
    """Every frame of ``source`` through ``paint`` into ``target``, an MP4; a generator of steps.

    The result appears when all is done, or, after a stop, with the part that is done.

    Args:
        source: a video file.
        target: where to; its folder exists.
        paint: frame -> frame; all results have one size, with even sides.
        job: its stop request.

    Returns:
        ``frames``, ``seconds_of_video``, ``size``, ``sound``.

    Raises:
        PictureError: as :func:`look_at`, or damaged so that not one frame can be read.
    """
    made = target.with_name(target.name + ".part")
    try:
        with _opened(source) as container, av.open(str(made), "w", format="mp4") as out:
            facts = yield from _processed(container, out, paint, job)
        made.replace(target)
    except av.FFmpegError:
        raise PictureError("This video is damaged and cannot be read.") from None
    finally:
        made.unlink(missing_ok=True)
    return facts


def _processed(
    container: InputContainer, out: OutputContainer, paint: Callable[[Frame], Frame], job: Job
) -> Generator[Step, None, Mapping[str, Any]]:
    film = _film(container)
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    sound = _Sound(container, out)
    writer: _Writer | None = None
    last: Frame | None = None
    for packet in container.demux([video, *sound.sources]):
        if packet.stream.type == "audio":
            sound.take(packet)
            continue
        for frame in packet.decode():
            assert isinstance(frame, VideoFrame)
            last = paint(upright(frame))
            if writer is None:
                writer = _Writer(out, video, last)
                sound.begin()
            writer.write(last, frame.pts)
            yield Step(
                done=min(1.0, writer.count / max(film.frames, 1)),
                stage=f"frame {writer.count} of about {film.frames}",
                preview=lambda last=last: Image.fromarray(last),  # type: ignore[misc]
            )
            if job.stopped:
                break
        if job.stopped and writer:
            break
    if writer is None or last is None:
        raise PictureError("There is no frame in this video that can be read.")
    sound.finish()
    writer.finish()
    return {
        "frames": writer.count, "seconds_of_video": round(writer.seconds, 3),
        "size": [last.shape[1], last.shape[0]], "sound": sound.kept,
    }  # fmt: skip


class _Writer:
    """The result's pictures, at the times of the source's."""

    def __init__(self, out: OutputContainer, source: VideoStream, first: Frame) -> None:
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        stream = out.add_stream("libx264", rate=rate, options={"crf": QUALITY, "preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        self._base = source.time_base or Fraction(1, 1000)
        stream.codec_context.time_base = self._base
        self._stream, self._out = stream, out
        self._step = Fraction(1) / rate
        self._last = -1
        self.count = 0
        self.seconds = 0.0

    def write(self, values: Frame, time: int | None) -> None:
        """One more picture; ``time`` in the source's units, which may be missing or repeat itself."""
        frame = VideoFrame.from_ndarray(values, format="rgb24")
        least = self._last + 1
        self._last = max(least, time if time is not None else least)
        frame.pts, frame.time_base = self._last, self._base
        self._out.mux(self._stream.encode(frame))
        self.count += 1
        self.seconds = float(self._last * self._base + self._step)

    def finish(self) -> None:
        """What the encoder still holds."""
        self._out.mux(self._stream.encode(None))


class _Sound:
    """The first audio stream: its packets as they are, or encoded anew where MP4 has no place for them."""

    def __init__(self, container: InputContainer, out: OutputContainer) -> None:
        self.sources: list[AudioStream] = list(container.streams.audio[:1])
        self._out = out
        self._copy: Any = None
        self._encoder: AudioStream | None = None
        self.kept = bool(self.sources)
        self._waiting: list[Any] | None = []
        """Packets before the first picture: nothing may be written while a stream is missing."""
        for source in self.sources:
            if source.codec_context.name in COPIED:
                self._copy = out.add_stream_from_template(source)
            else:
                self._encoder = out.add_stream("aac", rate=source.rate or 44_100)

    def begin(self) -> None:
        """The pictures' stream is there."""
        waiting, self._waiting = self._waiting or [], None
        for packet in waiting:
            self.take(packet)

    def take(self, packet: Any) -> None:
        """A packet of the source; empty ones end the stream."""
        if self._waiting is not None:
            self._waiting.append(packet)
            return
        if self._copy is not None:
            if packet.dts is not None:
                packet.stream = self._copy
                self._out.mux(packet)
            return
        assert self._encoder is not None
        for frame in packet.decode():
            frame.pts = None
            self._out.mux(self._encoder.encode(frame))

    def finish(self) -> None:
        """What the encoder still holds."""
        if self._encoder is not None:
            self._out.mux(self._encoder.encode(None))


def upright(frame: VideoFrame) -> Frame:
    """The frame as an array, turned as the file says."""
    values = frame.to_ndarray(format="rgb24")
    return numpy.ascontiguousarray(numpy.rot90(values, round(frame.rotation / 90) % 4))


def _opened(source: Path) -> InputContainer:
    """The container of a video file, by the reader that its first bytes ask for."""
    try:
        with source.open("rb") as stream:
            start = stream.read(16)
    except OSError:
        raise PictureError(f"There is no readable file {source.name!r}.") from None
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        reader = "mov"
    elif start[:4] == b"\x1a\x45\xdf\xa3":
        reader = "matroska"
    elif start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        reader = "avi"
    else:
        raise PictureError("This is not a video that can be read here; please use MP4, MOV, WebM, MKV or AVI.")
    try:
        return av.open(str(source), format=reader, options={"protocol_whitelist": "file"})
    except av.FFmpegError:
        raise PictureError("This video is damaged and cannot be read.") from None


def _film(container: InputContainer) -> Film:
    if not container.streams.video:
        raise PictureError("There is no picture in this file, only sound.")
    stream = container.streams.video[0]
    seconds = (container.duration or 0) / av.time_base
    if seconds > LONGEST_SECONDS:
        raise PictureError(f"This video lasts {seconds / 60:.0f} minutes; please cut it to {LONGEST_SECONDS / 60:.0f}.")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS or min(width, height) < 16:
        raise PictureError(f"This video has {width} x {height} pixels; please use one of 16 to 4096 pixels a side.")
    frames = stream.frames or round(seconds * float(stream.average_rate or 25))
    return Film((width, height), max(frames, 1), seconds, bool(container.streams.audio))
