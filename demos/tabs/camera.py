"""The view of style V2 that paints what a camera sees, frame after frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy
from PIL import Image

from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.output_layout import HEIGHT
from demos.components.uploads import CameraFrames, Upload
from demos.i18n.language import mark, say, say_plainly
from demos.serving.site import Site
from engine import PentimentoError, Picture
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.contracts.task import InputSpec
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status
from engine.tasks.style_v2_video import STYLE_V2_VIDEO, StyleV2Video, frame_painter

TEXT = Message(
    "**Allow the camera, then press its record button**: every frame is painted on this server and forgotten. "
    "Others share the device: while a run of theirs has it, frames are left out."
)
EVERY_SECONDS = 0.1
LONGEST_SECONDS = 120.0
"""Time of one recording; press the button again to go on."""
FRAME = InputSpec(name="frame", label=Message("Camera"), help=Message("What the camera sees."))
FIELDS = ("style_name", "size", "strength", "colours", "steadiness")
"""Parameters that have a control here."""


@dataclass
class Recording:
    """State of one visitor's recording."""

    settings: tuple[Any, ...]
    paint: Callable[[Any], Any]
    """Paints a frame, and remembers what it needs of those before."""


class CameraView:
    """Laid out where it is made.

    Args:
        site: whose device paints.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        controls = Controls(STYLE_V2_VIDEO, site)
        gr.Markdown(mark(TEXT))
        with gr.Row():
            with gr.Column(scale=5):
                camera = CameraFrames(FRAME, label=mark(FRAME.label), height=HEIGHT)
                settings = [controls.control(field) for field in FIELDS]
            with gr.Column(scale=6):
                painted = gr.Image(
                    label=mark(Message("Painted")), format="jpeg", height=HEIGHT, interactive=False, streaming=True,
                    buttons=[], alt_text=mark(Message("the camera's last frame, painted")), elem_classes=["filled"],
                )  # fmt: skip
                pace = gr.Markdown(elem_classes=["quiet", "notes"])
        recording = gr.State(None, time_to_live=600)
        camera.stream(
            self._painted, [camera, recording, *settings], [painted, recording, pace], stream_every=EVERY_SECONDS,
            time_limit=LONGEST_SECONDS, concurrency_id="camera", concurrency_limit=8, show_progress="hidden", **PRIVATE,
        )  # fmt: skip

    def _painted(self, frame: Upload, recording: Recording | None, *settings: Any) -> tuple[Any, Any, Any]:
        """One frame; the painter and its memory of frames live as long as the settings stay."""
        if isinstance(frame, PentimentoError):
            return gr.skip(), recording, f"**{say_plainly(frame.message)}**"
        if not isinstance(frame, Picture):
            return gr.skip(), recording, gr.skip()
        with self._site.runtime.scheduler.device_if_free() as free:
            if not free:
                return gr.skip(), recording, say(Message("Somebody else's run has the device."))
            try:
                return self._paint(frame, recording, settings)
            except PentimentoError as error:  # raised, it would end the recording
                return gr.skip(), None, f"**{say_plainly(error.message)}**"

    def _paint(self, frame: Picture, recording: Recording | None, settings: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        from engine.hardware.memory import memory_errors

        start = time.perf_counter()
        with memory_errors():
            if recording is None or recording.settings != settings:
                recording = self._begun(settings)
            painted = recording.paint(numpy.asarray(frame.image))
        milliseconds = round(1000 * (time.perf_counter() - start))
        height, width = painted.shape[:2]
        pace = Message(
            "{milliseconds} ms a frame, {width} x {height}", milliseconds=milliseconds, width=width, height=height
        )
        return Image.fromarray(painted), recording, say(pace)

    def _begun(self, settings: tuple[Any, ...]) -> Recording:
        parameters = parse(StyleV2Video, dict(zip(FIELDS, settings, strict=True)))
        runtime = self._site.runtime
        for name in STYLE_V2_VIDEO.weights(parameters):
            if runtime.store.status(catalogue()[name]) is Status.MISSING:  # nothing is downloaded while a camera runs
                raise ParameterError(
                    Message("{net} is not here yet; please paint a photo with it first.", net=catalogue()[name].title)
                )
        return Recording(settings, frame_painter({}, parameters, runtime.nets))


def place_camera(site: Site) -> None:
    """Lay out the view inside the current Blocks."""
    CameraView(site)
