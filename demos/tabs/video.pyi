"""The view of style V2 that paints videos; also its endpoint."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import is_in_or_equal

from demos.components import theme as look
from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.output_panel import HEIGHT, PUBLIC, QUEUE, begin, described, end, ended
from demos.components.run_frames import Frame, called, paced, prepared, shown_errors
from demos.components.uploads import upload
from demos.i18n.language import say
from demos.serving.telemetry import noted
from demos.serving.zero_gpu import on_gpu
from engine import Job, Walk
from engine.cluster.replica_client import replicas
from engine.contracts.errors import PictureError
from engine.contracts.parameters import Parameters
from engine.contracts.settings import settings
from engine.contracts.task import Pictures
from engine.runtime.films import run_film
from engine.tasks.style_v2_video import STYLE_V2_VIDEO
from engine.video.reader import ENDINGS, LONGEST_SECONDS, look_at

TEXT = (
    "**Every frame in one pass**, sound kept. *Steadiness* holds on to what was painted where the video stands still, "
    "and lets the networks' statistics change slowly, so strokes flicker less. A stop gives the part that is done."
)
LIMITS = f"{', '.join(ENDINGS)}, up to {settings().upload_megabytes} MB and {LONGEST_SECONDS / 60:.0f} minutes."
VideoPath = Path | PictureError | None

from gradio.events import Dependency

@upload
class VideoUpload(gr.Video):
    """A ``gr.Video`` that gives handlers the uploaded file itself, or why it cannot be used."""

    def __init__(self, **options: Any) -> None:
        super().__init__(sources=["upload", "webcam"], **options)

    def preprocess(self, payload: FileData | None) -> VideoPath:
        """The path of the uploaded video; only of one that was uploaded here."""
        if payload is None:
            return None
        if not payload.path or not is_in_or_equal(payload.path, self.GRADIO_CACHE):
            return PictureError("This file was not uploaded here.")
        return Path(payload.path)
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class FilmTab:
    """Video and settings on the left, the frame at work and the result on the right."""

    def __init__(self) -> None:
        self.controls = Controls(STYLE_V2_VIDEO)
        gr.Markdown(TEXT)
        with gr.Row():
            with gr.Column(scale=5):
                self.video = VideoUpload(label="Video", height=240, format=None)
                self._told = gr.Markdown(LIMITS, elem_classes=["quiet"])
                for field in self.controls.fields(advanced=False):
                    self.controls.control(field)
                self._place_more()
            with gr.Column(scale=6):
                self._place_outputs()
        self._job = gr.State(None, delete_callback=end)

    def _place_more(self) -> None:
        with gr.Accordion("Any painting, blend, region", open=False):
            with gr.Row():
                for each in STYLE_V2_VIDEO.inputs:
                    self.controls.upload(each.name, height=160)
            for field, count in self.controls.fields_by_name().items():
                for index in range(count):
                    self.controls.control(field, index)
            for field in self.controls.fields(advanced=True):
                self.controls.control(field)

    def _place_outputs(self) -> None:
        self.picture = gr.Image(
            label="Frame", format="jpeg", height=HEIGHT // 2, interactive=False, buttons=[],
            alt_text="the frame that was painted last", elem_classes=["filled"],
        )  # fmt: skip
        with gr.Row():
            self.run = gr.Button("Run", variant="primary", scale=2)
            self.stop = gr.Button("Stop and keep what is done", interactive=False, scale=1)
        self.status = gr.HTML(look.status(0, "Ready"))
        self.result = gr.Video(label="Result", height=HEIGHT, interactive=False)
        self.facts = gr.JSON(label="What happened", open=False)

    def connect(self) -> None:
        """Bind the events and make the endpoint."""
        inputs = [self.video, *self.controls.components]
        self.video.change(_about, [self.video], [self._told], show_progress="hidden", **PRIVATE)
        begun = self.run.click(begin, None, [self._job, self.run, self.stop, self.status], queue=False, **PRIVATE)
        ran = begun.then(
            self._work(), [self._job, *inputs], [self.picture, self.status, self.result, self.facts],
            show_progress="minimal", show_progress_on=[self.status], **PRIVATE, **QUEUE,
        )  # fmt: skip
        buttons = [self.run, self.stop]
        ran.then(ended, None, buttons, queue=False, **PRIVATE)
        failed = look.status(0, "Nothing was made; the message says why.")
        ran.failure(lambda: failed, None, [self.status], queue=False, **PRIVATE)
        self.stop.click(_stop, [self._job], [self.stop, self.status], queue=False, **PRIVATE)
        trigger = gr.Button(visible=False)
        trigger.click(
            self._endpoint(), inputs, [gr.Video(label="result", visible=False), gr.JSON(label="facts", visible=False)],
            api_name=STYLE_V2_VIDEO.endpoint, api_description=described(self.controls, {"video": LIMITS}),
            **PUBLIC, **QUEUE,
        )  # fmt: skip

    def _work(self) -> Any:
        def work(job: Job, video: VideoPath, *values: Any) -> Iterator[Any]:
            for each in painted(self.controls, video, values, job):
                if isinstance(each, Frame):
                    picture = gr.skip() if each.preview is None else each.preview
                    yield picture, look.status(each.done, each.stage, each.seconds_left), gr.skip(), gr.skip()
                elif each is not None:
                    yield gr.skip(), _finished(each.facts), each.path, each.facts
                else:
                    yield gr.skip()

        return work

    def _endpoint(self) -> Any:
        def style_v2_video(video: VideoPath, *values: Any) -> Iterator[Any]:
            with called() as job:
                for each in painted(self.controls, video, values, job):
                    if isinstance(each, Frame):
                        yield gr.skip(), each.progress
                    elif each is not None:
                        yield each.path, each.facts
                    else:
                        yield gr.skip()

        own = self.controls.signature().parameters.values()
        first = inspect.Parameter("video", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        style_v2_video.__signature__ = inspect.Signature([first, *own])  # type: ignore[attr-defined]
        style_v2_video.__doc__ = described(self.controls, {"video": LIMITS})
        return style_v2_video


@dataclass(frozen=True)
class Film:
    """A video that is done."""

    path: str
    facts: dict[str, Any]
    """What happened."""


def painted(controls: Controls, video: VideoPath, values: Sequence[Any], job: Job) -> Iterator[Frame | Film | None]:
    """Frames worth showing, None between them, and at last the file, which exists until the next is asked for."""
    with shown_errors(), noted(STYLE_V2_VIDEO.name, job) as told:
        if isinstance(video, PictureError):
            raise video
        if video is None:
            raise PictureError("Please choose a video.")
        pictures, parameters = controls.read(values)
        names = STYLE_V2_VIDEO.weights(parameters)
        with tempfile.TemporaryDirectory() as folder, prepared(names, job) as downloads:
            yield from downloads
            target = Path(folder) / "pentimento-style-v2.mp4"
            for each in _steps(video, target, pictures, parameters, job):
                if isinstance(each, Film):
                    told.facts = each.facts
                yield each


def _longest(video: Path, target: Path, pictures: Pictures, parameters: Parameters, job: Job) -> float:
    return LONGEST_SECONDS


@on_gpu(_longest)
def _steps(
    video: Path, target: Path, pictures: Pictures, parameters: Parameters, job: Job
) -> Iterator[Frame | Film | None]:
    there = replicas()
    walk = Walk((there.film if there else run_film)(STYLE_V2_VIDEO, video, target, pictures, parameters, job))
    yield from paced(walk, job)
    yield Film(str(target), dict(walk.result))


def _about(video: VideoPath) -> str:
    """What was uploaded, or why it cannot be used."""
    if video is None:
        return ""
    try:
        if isinstance(video, PictureError):
            raise video
        film = look_at(video)
    except PictureError as refusal:
        return f"**{say(str(refusal))}**"
    sound = say("with sound") if film.sound else say("without sound")
    length = say(", {}, about {} frames", look.seconds(film.seconds), film.frames) if film.seconds else ""
    return f"{film.size[0]} x {film.size[1]}{length}, {sound}."


def _finished(facts: Any) -> str:
    verb = "Stopped with {} frames in {}" if facts["stopped"] else "Done: {} frames in {}"
    told = say(verb, facts["frames"], look.seconds(facts["seconds"]))
    return look.status(1.0, told, detail=say("{} frames a second, {}", facts["frames_per_second"], facts["device"]))


def _stop(job: Job | None) -> Any:
    end(job)
    return gr.update(interactive=False), look.status(0, "Stopping, and keeping what is done")


def build() -> FilmTab:
    """Lay out the view inside the current Blocks."""
    tab = FilmTab()
    tab.connect()
    return tab