"""The result's side of :mod:`engine.video.reader`: pictures in H.264 at the times of the source's, and its sound."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

QUALITY = "18"
"""Constant rate factor of H.264; strokes suffer above 20."""
COPIED = ("aac", "mp3", "ac3", "opus")
"""Sound that goes into the result as it is; any other becomes AAC."""
HIGHEST_RATE = 48_000
"""Samples a second of sound that is encoded anew."""
_ITU709, _TELEVISION = 1, 1
"""FFmpeg's numbers: of a matrix, of primaries and of a transfer curve; of a range."""


class Writer:
    """The result's pictures.

    Args:
        out: the result.
        source: the stream whose times they have.
        size: width and height.
    """

    def __init__(self, out: OutputContainer, source: VideoStream, size: tuple[int, int]) -> None:
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        stream = out.add_stream("libx264", rate=rate, options={"crf": QUALITY, "preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        self._base = source.time_base or Fraction(1, 1000)
        context: Any = stream.codec_context
        context.time_base = self._base
        context.colorspace = context.color_primaries = context.color_trc = _ITU709
        context.color_range = _TELEVISION
        self._stream, self._out = stream, out
        self._step = Fraction(1) / rate
        self._last = -1
        self.count = 0
        self.seconds = 0.0

    def write(self, values: Any, time: int | None) -> None:
        """One more picture ``(H, W, 3)``; ``time`` in the source's units, which may be missing or repeat itself."""
        frame = VideoFrame.from_ndarray(values, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
        least = self._last + 1
        self._last = max(least, time if time is not None else least)
        frame.pts, frame.time_base = self._last, self._base
        self._out.mux(self._stream.encode(frame))
        self.count += 1
        self.seconds = float(self._last * self._base + self._step)

    def finish(self) -> None:
        """Write the frames that the encoder still holds."""
        self._out.mux(self._stream.encode(None))


class Sound:
    """The first audio stream: its packets as they are, or encoded anew where MP4 has no place for them."""

    def __init__(self, container: InputContainer, out: OutputContainer) -> None:
        self.source = self.source_of(container)
        self.kept = self.source is not None
        self._out = out
        self._copy: Any = None
        self._encoder: Any = None
        self._waiting: list[Any] | None = []
        """Packets before the first picture: nothing may be written while a stream is missing."""
        if self.source is None:
            return
        if self.source.codec_context.codec.canonical_name in COPIED:
            self._copy = out.add_stream_from_template(self.source)
        else:
            self._encoder = out.add_stream("aac", rate=min(self.source.rate or HIGHEST_RATE, HIGHEST_RATE))

    @staticmethod
    def source_of(container: InputContainer) -> AudioStream | None:
        """The stream that is kept; None where there is none that can be read."""
        return next((each for each in container.streams.audio if each.codec_context is not None), None)

    def begin(self) -> None:
        """The pictures' stream is there."""
        waiting, self._waiting = self._waiting or [], None
        for packet in waiting:
            self.take(packet)

    def take(self, packet: Any) -> None:
        """A packet of the source; empty ones end the stream."""
        if self._waiting is not None:
            self._waiting.append(packet)
        elif self._copy is not None:
            if packet.dts is not None:
                packet.stream = self._copy
                self._out.mux(packet)
        else:
            for frame in packet.decode():
                self._out.mux(self._encoder.encode(frame))

    def finish(self) -> None:
        """Write the sound that the encoder still holds."""
        if self._encoder is not None:
            self._out.mux(self._encoder.encode(None))
