"""Video files in and out: every frame through a function, sound kept, and a stop that keeps what is done.

PyAV brings FFmpeg as a library. FFmpeg reads play lists that name other files and addresses, too: a file is looked at
first, and only the three containers below are opened, each by its own reader.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from PIL import Image

from engine.contracts.errors import OutputError, StoppedError, VideoError, problem_of
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.contracts.notes import Note, NoteKind
from engine.video.frames import Frame, FrameReader, check_size, fitted
from engine.video.writer import Sound, Writer

ENDINGS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
LONGEST_SECONDS = 600.0
PACKETS = 200
"""Packets of sound between two steps of a part that has no pictures; some seconds of sound."""
DAMAGED = Message("This video is damaged and cannot be read.")
NOTHING_YET = Message("Stopped before there was a picture, so nothing was made.")
NO_FRAME = Message("There is no frame in this video that can be read.")


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video that are known before all of it is read."""

    size: tuple[int, int]
    """Width and height of its frames, upright."""
    frames: int | None
    """How many there are, about; None where the file does not say it, as those of browsers."""
    seconds: float | None
    sound: bool
    notes: tuple[Note, ...] = ()
    """What will be changed or left out."""


def read_info(source: Path) -> VideoInfo:
    """Size, length and sound of a video.

    Raises:
        VideoError: not a video that is read here, or larger or longer than it may be.
    """
    try:
        with _opened(source) as container:
            frames, seconds = _length(container)
            first, reader = next(_frames(container), None), FrameReader(container.streams.video[0])
            if first is None:
                raise VideoError(NO_FRAME)
            height, width = reader(first, threads=1).shape[:2]  # a process forked later could not end others
            notes = (*reader.notes(), *_left_out(container))
            return VideoInfo((width, height), frames, seconds, Sound.source_of(container) is not None, notes)
    except av.FFmpegError:
        raise VideoError(DAMAGED) from None


def process(
    source: Path, target: Path, paint: Callable[[Frame], Frame], job: Job
) -> Generator[Step, None, Mapping[str, Any]]:
    """Every frame of ``source`` through ``paint`` into ``target``, an MP4; a generator of steps.

    The result appears when all is done, or, after a stop or at a place that is damaged, with the part that is done.

    Args:
        source: a video file.
        target: where to; its folder exists.
        paint: frame -> frame; all results have one size, with even sides.
        job: its stop request.

    Returns:
        JSON-ready: ``frames``, ``seconds_of_video``, ``size``, ``sound``, ``refitted_frames``: those of another size
        than the first, which stand in black.

    Raises:
        VideoError: as :func:`read_info`, or not one frame can be read.
        OutputError: the result cannot be written.
    """
    part = target.with_name(target.name + ".part")
    try:
        with _opened(source) as container, av.open(_file(part), "w", format="mp4") as out:
            facts = yield from _processed(container, out, paint, job)
        part.replace(target)
    except (av.FFmpegError, OSError) as error:
        raise OutputError(Message("The video cannot be written: {problem}.", problem=problem_of(error))) from None
    finally:
        part.unlink(missing_ok=True)
    return facts


def _processed(
    container: InputContainer, out: OutputContainer, paint: Callable[[Frame], Frame], job: Job
) -> Generator[Step, None, Mapping[str, Any]]:
    frames, _ = _length(container)
    sound, writer = Sound(container, out), None
    heard = 0
    read, size, source_size, refitted = FrameReader(container.streams.video[0]), (0, 0), (0, 0), 0
    for item, position in _contents(container, sound):
        if not isinstance(item, VideoFrame):
            sound.take(item)
            heard += 1
            if heard % PACKETS == 0:  # where there is only sound for long: time and stops count
                count = writer.count if writer else 0
                yield Step(done=min(1.0, count / frames) if frames else 0.0, stage=_stage(count, frames))
                if job.stopped:
                    break
            continue
        values = read(item)
        source_size = source_size if writer else (values.shape[1], values.shape[0])
        if (values.shape[1], values.shape[0]) != source_size:  # a film in which the frame's size changes
            values, refitted = fitted(values, *source_size), refitted + 1
        last = paint(values)
        size = (last.shape[1], last.shape[0])
        if writer is None:
            writer = Writer(out, container.streams.video[0], size)
            sound.begin()
        writer.write(last, item.pts)
        share = writer.count / frames if frames else position / max(container.size, 1)
        yield Step(
            done=min(1.0, share),
            stage=_stage(writer.count, frames),
            preview=lambda last=last: Image.fromarray(last),  # type: ignore[misc]
        )
        if job.stopped or writer.seconds > LONGEST_SECONDS:
            break
    if writer is None:
        raise StoppedError(NOTHING_YET) if job.stopped else VideoError(NO_FRAME)
    sound.finish()
    writer.finish()
    return {
        "frames": writer.count, "seconds_of_video": round(writer.seconds, 3), "size": list(size), "sound": sound.kept,
        "refitted_frames": refitted,
    }  # fmt: skip


def _left_out(container: InputContainer) -> list[Note]:
    """Notes about sound tracks and subtitles that the result will not have."""
    sounds, texts = len(container.streams.audio), len(container.streams.subtitles)
    notes = []
    if sounds > 1:
        kept = Message("the first of {count} sound tracks is kept", count=sounds)
        notes.append(Note(NoteKind.TRACKS, kept))
    if texts:
        notes.append(Note(NoteKind.TRACKS, Message("subtitles are left out")))
    return notes


def _stage(frame: int, frames: int | None) -> Message:
    if frames is None:
        return Message("frame {frame}", frame=frame)
    return Message("frame {frame} of about {frames}", frame=frame, frames=frames)


def _frames(container: InputContainer) -> Iterator[VideoFrame]:
    for packet in container.demux(container.streams.video[0]):
        yield from _decoded(packet)


def _contents(container: InputContainer, sound: Sound) -> Iterator[tuple[VideoFrame | Any, int]]:
    """Pictures, and packets of sound, in their order, each with its place in the file in bytes.

    A file that is cut off ends where it is; sound without pictures ends where a video has to.
    """
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    for packet in _packets(container, [video] if sound.source is None else [video, sound.source]):
        position = packet.pos or 0
        if packet.stream.type == "audio":
            yield packet, position
            if float((packet.dts or 0) * packet.time_base) > LONGEST_SECONDS:
                break
        else:
            for frame in _decoded(packet):
                yield frame, position
    for frame in _held_back(video):
        yield frame, container.size


def _packets(container: InputContainer, streams: Sequence[Any]) -> Iterator[Any]:
    packets = container.demux(streams)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        yield packet


def _held_back(video: Any) -> list[VideoFrame]:
    """The pictures that a decoder has not given yet: it waits for what follows them. None after a whole file."""
    try:
        return list(video.codec_context.decode(None))
    except av.FFmpegError:
        return []


def _decoded(packet: Any) -> list[VideoFrame]:
    """The pictures of a packet; none of one that is damaged."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


def _opened(source: Path) -> InputContainer:
    """The container of a video file, by the reader that its first bytes ask for."""
    try:
        with source.open("rb") as stream:
            start = stream.read(16)
    except OSError:
        raise VideoError(Message("There is no readable file {file!r}.", file=source.name)) from None
    reader = reader_for(start)
    if reader is None:
        raise VideoError(Message("This is not a video that can be read here; please use MP4, MOV, WebM, MKV or AVI."))
    try:
        return av.open(_file(source), format=reader, options={"protocol_whitelist": "file"})
    except av.FFmpegError:
        raise VideoError(DAMAGED) from None


def reader_for(start: bytes) -> str | None:
    """FFmpeg's name of the reader for a file with these first bytes; None for one that is not read here."""
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if start[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    return "avi" if start[:4] == b"RIFF" and start[8:12] == b"AVI " else None


def _file(path: Path) -> str:
    """A path as FFmpeg takes it: in ``12:30.mp4``, it would read ``12:`` as a protocol."""
    return str(path.absolute())


def _length(container: InputContainer) -> tuple[int | None, float | None]:
    """Frames and seconds, as far as the file says them.

    Raises:
        VideoError: no picture in it, or more than is allowed.
    """
    if not container.streams.video:
        raise VideoError(Message("There is no picture in this file, only sound."))
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise VideoError(Message("This video's way of compression is not known here; please save it as H.264."))
    check_size(stream.codec_context.width, stream.codec_context.height)
    seconds = container.duration / av.time_base if container.duration else None
    if seconds and seconds > LONGEST_SECONDS:
        raise VideoError(
            Message(
                "This video lasts {minutes:.0f} minutes; please cut it to {limit:.0f}.",
                minutes=seconds / 60,
                limit=LONGEST_SECONDS / 60,
            )
        )
    guessed = round(seconds * float(stream.average_rate or 25)) if seconds else None
    return stream.frames or guessed, seconds
