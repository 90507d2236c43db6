"""The components of a task's outputs, laid out where they are made."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import gradio as gr

from demos.components.loss_curves import Curves
from demos.components.shown_picture import ShownPair, ShownPicture
from demos.components.status import ready
from demos.i18n.language import mark, mark_html
from demos.serving.site import Site
from engine.contracts.messages import Message
from engine.contracts.task import Kind, TaskSpec

Beside = Literal["compare", "losses"]
"""Tabs beside the result's that fit some tasks only: the photo under it, and curves of a descent's losses."""
RESULT = "result"
"""Id of the tab that shows the running picture, then the result."""
HEIGHT = 430
"""Height in pixels of the canvas: the result, and what stands in its place; fixed, so that nothing moves in a run."""
FRAME_HEIGHT = 180
"""Height of a video's newest frame, above the video."""


class OutputLayout:
    """One canvas with the result and what explains it, buttons, status, download and destinations.

    Args:
        site: whose tasks a result can be sent to.
        task: whose outputs they are.
        beside: see :data:`Beside`.
        goes_on: whether there is a row under the status for what can be done with a result, beside what is offered.
    """

    def __init__(self, site: Site, task: TaskSpec, beside: Collection[Beside], *, goes_on: bool = False) -> None:
        video = task.output is Kind.VIDEO
        self.curves: gr.HTML | None = None
        self.compare: ShownPair | None = None
        self.video: gr.Video | None = None
        self._place_canvas(task, beside)
        with gr.Row(elem_classes=["run-bar"]):
            self.run = gr.Button(mark(Message("Run")), variant="primary", scale=2, min_width=120, elem_classes=["run"])
            keep = Message("Stop and keep what is done") if video else Message("Stop and keep the best")
            self.stop = gr.Button(mark(keep), interactive=False, scale=1, min_width=120)
        self.status = gr.HTML(ready())
        self.next = gr.Row() if goes_on or task.offers else None
        self.kind: gr.Radio | None = None
        self.keep_recipe: gr.Checkbox | None = None
        self.download: gr.DownloadButton | None = None
        if not video:
            self._place_download()
        destinations = [each for each in task.send_to if each.task in site.tasks]
        self.senders: dict[Any, gr.Button] = {}
        if destinations:
            with gr.Row():
                for each in destinations:
                    self.senders[each] = _sender(site.tasks[each.task], own=each.task == task.name)
        with gr.Row(elem_classes=["recipes"]):
            self.link = gr.Button(mark(Message("Copy a link to these settings")), size="sm", min_width=110)
            self.save = gr.DownloadButton(mark(Message("Recipe as JSON")), size="sm", interactive=False, min_width=110)
        self.address = gr.Textbox(
            label=mark(Message("Link")), visible=False, interactive=False, buttons=["copy"], max_lines=1
        )

    def _place_canvas(self, task: TaskSpec, beside: Collection[Beside]) -> None:
        with gr.Tabs(selected=RESULT, overflow_behavior="wrap") as self.tabs:
            with gr.Tab(mark(Message("Result")), id=RESULT):
                self._place_result(video=task.output is Kind.VIDEO)
            if "compare" in beside and task.output is Kind.PICTURE:
                with gr.Tab(mark(Message("Before and after")), id="compare"):
                    self.compare = ShownPair(
                        label=mark(Message("Before and after")), height=HEIGHT, max_height=HEIGHT - 2,
                        show_label=False, buttons=["fullscreen"],
                    )  # fmt: skip
            if "losses" in beside:
                with gr.Tab(mark(Message("Losses")), id="losses"):
                    self.curves = gr.HTML(mark_html(Curves().svg), elem_classes=["chart"])
            with gr.Tab(mark(Message("How it works")), id="how", visible=task.how is not None):
                gr.Markdown(mark(task.how.text) if task.how else None)
                self.inside = ShownPicture(
                    label=mark(Message("Inside your run")), show_label=False,
                    buttons=["download", "fullscreen"], alt_text=mark(task.how.inside) if task.how else None,
                    visible=False,
                )  # fmt: skip
            with gr.Tab(mark(Message("What happened")), id="facts"):
                self.facts = gr.JSON(show_label=False, open=False, height=HEIGHT)

    def _place_result(self, *, video: bool) -> None:
        self.picture = ShownPicture(
            label=mark(Message("Frame") if video else Message("Result")), show_label=video,
            height=FRAME_HEIGHT if video else HEIGHT, buttons=["fullscreen"],
            alt_text=mark(Message("the picture so far, then the result")), elem_classes=["filled", "canvas"],
        )  # fmt: skip
        if video:
            label = mark(Message("Result"))
            self.video = gr.Video(label=label, height=HEIGHT - FRAME_HEIGHT, interactive=False)

    def _place_download(self) -> None:
        with gr.Row(equal_height=True):
            self.kind = gr.Radio(
                [("PNG", "png"), ("JPEG", "jpeg")], value="png", label=mark(Message("Format")), scale=1
            )
            self.keep_recipe = gr.Checkbox(
                False, label=mark(Message("Keep the recipe in the file")),
                info=mark(Message("Parameters, seed and weights; no names.")), scale=2,
            )  # fmt: skip
            self.download = gr.DownloadButton(mark(Message("Download")), interactive=False, scale=1)

    @property
    def outputs(self) -> list[Any]:
        """All that a run changes."""
        placed = [
            self.picture, self.status, self.curves, self.compare, self.facts, self.run, self.stop, self.video,
            self.download, self.save, self.inside, *self.senders.values(),
        ]  # fmt: skip
        return [each for each in placed if each is not None]


def _sender(task: TaskSpec, *, own: bool) -> gr.Button:
    label = Message("Go on with this result") if own else Message("Send to {task}", task=task.title)
    return gr.Button(mark(label), size="sm", interactive=False, min_width=110)
