"""Decoded frames as they are meant to be seen: square pixels, ordinary colours, upright."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.contracts.errors import VideoError
from engine.contracts.messages import Message
from engine.contracts.notes import Note, NoteKind
from engine.video.dynamic_range import HLG, PQ, ScreenColours, is_wide

Frame = NDArray[numpy.uint8]
"""``(H, W, 3)``, RGB."""

MOST_PIXELS = 4096 * 2304
"""Most pixels of a frame."""
HD_LINES = 720
"""From so many lines on, a video that does not say its colours has those of HD."""
_LONGEST_PIXEL = 8
"""A pixel that is said to be longer than so many times its width is taken for a mistake."""


class FrameReader:
    """Makes arrays of a stream's frames.

    Args:
        stream: of a container that is open.
    """

    def __init__(self, stream: VideoStream) -> None:
        aspect = stream.sample_aspect_ratio or Fraction(1)
        sane = Fraction(1, _LONGEST_PIXEL) <= aspect <= _LONGEST_PIXEL
        self._aspect = aspect if sane else Fraction(1)
        context: Any = stream.codec_context
        self._kinds = int(context.color_trc or 2), int(context.color_primaries or 2)
        self._colours = ScreenColours(*self._kinds) if is_wide(*self._kinds) else None
        self._coded = context.width, context.height

    def notes(self) -> list[Note]:
        """What will be changed."""
        notes = []
        if self._aspect != 1:
            (width, height), shown = self._coded, self.square(*self._coded)
            stretched = Message(
                "pixels made square, {width} x {height} to {shown_width} x {shown_height}",
                width=width, height=height, shown_width=shown[0], shown_height=shown[1],
            )  # fmt: skip
            notes.append(Note(NoteKind.ASPECT, stretched))
        if self._colours is not None:
            name = {PQ: "HDR (PQ)", HLG: "HDR (HLG)"}.get(self._kinds[0], "BT.2020")
            notes.append(Note(NoteKind.DYNAMIC_RANGE, Message("{colours} to sRGB", colours=name)))
        return notes

    def square(self, width: int, height: int) -> tuple[int, int]:
        """The size with square pixels; one side stays."""
        if self._aspect >= 1:
            return round(width * self._aspect), height
        return width, round(height / self._aspect)

    def __call__(self, frame: VideoFrame, threads: int | None = None) -> Frame:
        """The frame as an array, turned and mirrored as the file says.

        Args:
            frame: as it was decoded.
            threads: that convert its colours; FFmpeg's choice for None.

        Raises:
            VideoError: it is larger than the file's header has promised.
        """
        width, height = self.square(frame.width, frame.height)
        check_size(width, height)
        sides: Any = frame.side_data
        matrix = next((each for each in sides if each.type == Type.DISPLAYMATRIX), None)
        if self._colours is not None:
            frame = self._colours(frame)
        stated = {1: "ITU709", 5: "ITU601", 6: "ITU601"}.get(int(frame.colorspace or 2))
        colours = stated or ("ITU709" if frame.height >= HD_LINES else "ITU601")
        converted = frame.reformat(
            width, height, format="rgb24", src_colorspace=colours if self._colours is None else None, threads=threads
        )
        values: Any = converted.to_ndarray()
        seen: Frame = values if matrix is None else oriented(values, numpy.frombuffer(bytes(matrix), numpy.int32))
        return seen


def oriented(values: Frame, matrix: NDArray[Any]) -> Frame:
    """A frame as FFmpeg's display matrix says: (x, y) is shown at (a x + c y, b x + d y), up to an offset.

    Args:
        values: ``(H, W, 3)``.
        matrix: a, b, u, c, d, v, x, y, w.
    """
    a, b, _, c, d = (int(each) for each in matrix[:5])
    if abs(a) >= abs(b):
        values = values[:: 1 if d >= 0 else -1, :: 1 if a >= 0 else -1]
    else:
        values = values.swapaxes(0, 1)[:: 1 if b >= 0 else -1, :: 1 if c >= 0 else -1]
    return numpy.ascontiguousarray(values)


def fitted(values: Frame, width: int, height: int) -> Frame:
    """A frame as large as it fits into another size, in the middle of black."""
    factor = min(width / values.shape[1], height / values.shape[0])
    inner = max(1, round(values.shape[1] * factor)), max(1, round(values.shape[0] * factor))
    whole = numpy.zeros((height, width, 3), numpy.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    whole[top : top + inner[1], left : left + inner[0]] = cv2.resize(values, inner, interpolation=cv2.INTER_AREA)
    return whole


def check_size(width: int, height: int) -> None:
    """Refuse frames that are too large or too small.

    Raises:
        VideoError: they are.
    """
    if width * height > MOST_PIXELS or min(width, height) < 16:
        raise VideoError(
            Message(
                "This video has {width} x {height} pixels; please use one of 16 to 4096 pixels a side.",
                width=width,
                height=height,
            )
        )
