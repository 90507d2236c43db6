"""The video that tasks on videos take."""

from __future__ import annotations

from engine.contracts.messages import Message
from engine.contracts.task import InputSpec, Kind

VIDEO = InputSpec(
    name="video",
    label=Message("Video"),
    help=Message("MP4, MOV, WebM, MKV or AVI, up to ten minutes."),
    kind=Kind.VIDEO,
)
"""One video, of any of the kinds that the reader knows."""
