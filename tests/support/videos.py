"""Videos made here, of any size, odd ones too."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy

from tests.support import pictures

FRAMES = 10
"""Of :func:`moving_sun`."""


@cache  # x264 does not make the same file twice
def moving_scene(width: int = 96, height: int = 72, frames: int = 3) -> bytes:
    """A Matroska file without sound: the scene moves to the right."""
    scene = numpy.asarray(pictures.scene(width, height))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.mkv"
        with av.open(str(path), "w") as out:
            stream: Any = out.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
            for index in range(frames):
                values = numpy.ascontiguousarray(numpy.roll(scene, 2 * index, axis=1))
                out.mux(stream.encode(av.VideoFrame.from_ndarray(values, format="rgb24")))
            out.mux(stream.encode(None))
        return path.read_bytes()


def moving_sun(
    path: Path, *, sound: bool = True, codec: str = "libx264", audio: str = "aac", still: bool = False
) -> Path:
    """A file of :data:`FRAMES` pictures, ten a second: a sun that moves, or stands still, and a tone."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=10)
        stream.width, stream.height = 96, 72
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        tone: Any = out.add_stream(audio, rate=48_000) if sound else None
        scene = numpy.asarray(pictures.scene())
        for index in range(FRAMES):
            values = scene if still else numpy.roll(scene, 2 * index, axis=1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.ascontiguousarray(values), format="rgb24")))
            if tone:
                wave = numpy.sin(numpy.arange(4800) * 0.05).astype(numpy.float32)[None].repeat(2, 0)
                frame = av.AudioFrame.from_ndarray(0.3 * wave, format="fltp", layout="stereo")
                frame.rate, frame.pts = 48_000, 4800 * index
                out.mux(tone.encode(frame))
        out.mux(stream.encode(None))
        if tone:
            out.mux(tone.encode(None))
    return path


def frames_and_sound(path: Path) -> tuple[list[numpy.ndarray], float]:
    """A file's frames, ``(H, W, 3)`` each, and the seconds of its sound."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return frames, 0.0
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return frames, samples / (container.streams.audio[0].rate or 1)
