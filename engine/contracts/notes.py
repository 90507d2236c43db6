"""Notes about what was changed when a file was opened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from engine.contracts.messages import Message


class NoteKind(Enum):
    """Kind of a change that was made to a picture or a video when its file was opened."""

    ROTATED = "rotated"
    """Turned as its EXIF says."""
    FRAME = "frame"
    """The first frame of an animation was taken."""
    DEPTH = "depth"
    """16 bits a sample became 8."""
    CMYK = "cmyk"
    """Printing inks became sRGB."""
    PROFILE = "profile"
    """Colours of another profile became sRGB."""
    PROFILE_IGNORED = "profile ignored"
    """The colour profile cannot be used."""
    TRANSPARENCY = "transparency"
    """Transparent parts were put on white."""
    REDUCED = "reduced"
    """It had more pixels than the task works with."""
    ADVICE = "advice"
    """Which setting suits it."""
    MASK = "mask"
    """How a mask is read that is not plain: white on black."""
    ASPECT = "aspect"
    """Pixels that are wider or higher than they should be became square."""
    DYNAMIC_RANGE = "dynamic range"
    """A high dynamic range, or a wide gamut, became that of ordinary screens."""
    TRACKS = "tracks"
    """Further sound tracks or subtitles are left out."""


@dataclass(frozen=True)
class Note:
    """One thing that was done to a file, for the visitor."""

    kind: NoteKind
    message: Message

    def __str__(self) -> str:
        return str(self.message)
