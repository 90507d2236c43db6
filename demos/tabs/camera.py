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
from demos.components.output_panel import HEIGHT
from demos.components.uploads import CameraFrames, Upload
from demos.i18n.language import say
from engine import PentimentoError, Picture
from engine.contracts.task import PictureInput
from engine.tasks.style_v2_video import STYLE_V2_VIDEO

TEXT = (
    "**Allow the camera, then press its record button**: every frame is painted on this server and forgotten. "
    "Others share the device: while a run of theirs has it, frames are left out."
)
EVERY_SECONDS = 0.1
LONGEST_SECONDS = 120.0
"""Of one recording; press the button again to go on."""
FRAME = PictureInput(name="frame", label="Camera", help="What the camera sees.")
FIELDS = ("style_name", "size", "strength", "colours", "steadiness")


@dataclass
class Seen:
    """What belongs to one visitor's recording."""

    settings: tuple[Any, ...]
    paint: Callable[[Any], Any]


def build() -> None:
    """Lay out the view inside the current Blocks."""
    controls = Controls(STYLE_V2_VIDEO)
    gr.Markdown(TEXT)
    with gr.Row():
        with gr.Column(scale=5):
            camera = CameraFrames(FRAME, label="Camera", height=HEIGHT)
            settings = [controls.control(field) for field in FIELDS]
        with gr.Column(scale=6):
            painted = gr.Image(
                label="Painted", format="jpeg", height=HEIGHT, interactive=False, streaming=True, buttons=[],
                alt_text="the camera's last frame, painted", elem_classes=["filled"],
            )  # fmt: skip
            pace = gr.Markdown(elem_classes=["quiet", "notes"])
    seen = gr.State(None, time_to_live=600)
    camera.stream(
        _painted, [camera, seen, *settings], [painted, seen, pace], stream_every=EVERY_SECONDS,
        time_limit=LONGEST_SECONDS, concurrency_id="camera", concurrency_limit=8, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip


def _painted(frame: Upload, seen: Seen | None, *chosen: Any) -> tuple[Any, Any, Any]:
    """One frame; the painter and its memory of frames live as long as the settings stay."""
    from engine.contracts.parameters import parse
    from engine.hardware.device import memory_errors
    from engine.runtime.scheduler import LOCK

    if not isinstance(frame, Picture):
        return gr.skip(), seen, gr.skip() if frame is None else f"**{say(str(frame))}**"
    if not LOCK.acquire(blocking=False):
        return gr.skip(), seen, say("Somebody else's run has the device.")
    try:
        start = time.perf_counter()
        with memory_errors():
            if seen is None or seen.settings != chosen:
                parameters = parse(STYLE_V2_VIDEO.parameters, dict(zip(FIELDS, chosen, strict=True)))
                _here(STYLE_V2_VIDEO.weights(parameters))
                seen = Seen(chosen, STYLE_V2_VIDEO.painter({}, parameters))
            made = seen.paint(numpy.asarray(frame.image))
        milliseconds = 1000 * (time.perf_counter() - start)
        told = say("{} ms a frame, {} x {}", round(milliseconds), made.shape[1], made.shape[0])
        return Image.fromarray(made), seen, told
    except PentimentoError as error:
        return gr.skip(), None, f"**{say(str(error))}**"  # an exception would end the recording
    finally:
        LOCK.release()


def _here(names: tuple[str, ...]) -> None:
    """Nothing is downloaded while a camera runs."""
    from engine.contracts.errors import ParameterError
    from engine.model_store.catalogue import catalogue
    from engine.model_store.download import Status, status

    for name in names:
        if status(catalogue()[name]) is Status.MISSING:
            raise ParameterError(f"{catalogue()[name].title} is not here yet; please paint a photo with it first.")
