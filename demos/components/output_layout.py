"""The components of a task's outputs, laid out where they are made."""

from __future__ import annotations

from typing import Literal

import gradio as gr

from demos.components.loss_curves import Curves
from demos.components.recipe_upload import RecipeUpload
from demos.components.status import ready
from demos.i18n.language import mark, mark_html
from demos.serving.site import Site
from engine.contracts.messages import Message
from engine.contracts.task import Kind, TaskSpec

FirstTab = Literal["losses", "compare", "facts"]
"""The tab below the picture that is open at first; those before it do not fit the task."""
HEIGHT = 420
"""Height of the picture in pixels; fixed, so that nothing moves while it runs."""
CHART_HEIGHT = 380
"""Height of curves, comparison and facts, one of which is shown."""


class OutputLayout:
    """Picture, buttons, status, download, recipe, destinations and the tabs below.

    Args:
        site: whose tasks a result can be sent to.
        task: whose outputs they are.
        first: see :data:`FirstTab`.
        goes_on: whether there is a row under the status for what can be done with a result.
    """

    def __init__(self, site: Site, task: TaskSpec, first: FirstTab, *, goes_on: bool = False) -> None:
        video = task.output is Kind.VIDEO
        self.picture = gr.Image(
            label=mark(Message("Frame") if video else Message("Result")), format="jpeg",
            height=HEIGHT // 2 if video else HEIGHT, interactive=False, buttons=["fullscreen"],
            alt_text=mark(Message("the picture so far, then the result")), elem_classes=["filled"],
        )  # fmt: skip
        with gr.Row():
            self.run = gr.Button(mark(Message("Run")), variant="primary", scale=2, elem_classes=["run"])
            keep = Message("Stop and keep what is done") if video else Message("Stop and keep the best")
            self.stop = gr.Button(mark(keep), interactive=False, scale=1)
        self.status = gr.HTML(ready())
        self.next = gr.Row() if goes_on else None
        self.video = gr.Video(label=mark(Message("Result")), height=HEIGHT, interactive=False, visible=video)
        with gr.Row(equal_height=True, visible=not video):
            self.kind = gr.Radio(
                [("PNG", "png"), ("JPEG", "jpeg")], value="png", label=mark(Message("Format")), scale=1
            )
            self.keep_recipe = gr.Checkbox(
                False, label=mark(Message("Keep the recipe in the file")),
                info=mark(Message("Parameters, seed and weights; no names.")), scale=2,
            )  # fmt: skip
            self.download = gr.DownloadButton(mark(Message("Download")), interactive=False, scale=1)
        with gr.Row(elem_classes=["recipes"]):
            self.link = gr.Button(mark(Message("Copy a link to these settings")), size="sm")
            self.save = gr.DownloadButton(mark(Message("Recipe as JSON")), size="sm", interactive=False)
            self.load = RecipeUpload(site.tasks, size="sm")
        self.address = gr.Textbox(
            label=mark(Message("Link")), visible=False, interactive=False, buttons=["copy"], max_lines=1
        )
        destinations = [each for each in task.send_to if each.task in site.tasks]
        with gr.Row(visible=bool(destinations)):
            self.senders = {each: _sender(site.tasks[each.task], own=each.task == task.name) for each in destinations}
        self._place_tabs(task, first)

    def _place_tabs(self, task: TaskSpec, first: FirstTab) -> None:
        picture = task.output is Kind.PICTURE
        with gr.Tabs(selected=first) as self.tabs:
            with gr.Tab(mark(Message("Losses")), id="losses", visible=first == "losses"):
                self.curves = gr.HTML(mark_html(Curves().svg), elem_classes=["chart"])
            with gr.Tab(mark(Message("Before and after")), id="compare", visible=picture and first != "facts"):
                self.compare = gr.ImageSlider(
                    label=mark(Message("Before and after")), format="jpeg", height=CHART_HEIGHT,
                    max_height=CHART_HEIGHT - 2, interactive=False, show_label=False, buttons=["fullscreen"],
                )  # fmt: skip
            with gr.Tab(mark(Message("How it works")), id="how", visible=task.how is not None):
                gr.Markdown(mark(task.how.text) if task.how else None)
                self.inside = gr.Image(
                    label=mark(Message("Inside your run")), show_label=False, format="jpeg", interactive=False,
                    buttons=["download", "fullscreen"], alt_text=mark(task.how.inside) if task.how else None,
                    visible=False,
                )  # fmt: skip
            with gr.Tab(mark(Message("What happened")), id="facts"):
                self.facts = gr.JSON(show_label=False, open=False, height=CHART_HEIGHT)

    @property
    def outputs(self) -> list[gr.components.Component | gr.Tabs]:
        """All that a run changes."""
        return [
            self.picture, self.status, self.curves, self.compare, self.tabs, self.facts, self.run, self.stop,
            self.video, self.download, self.save, self.inside, *self.senders.values(),
        ]  # fmt: skip


def _sender(task: TaskSpec, *, own: bool) -> gr.Button:
    label = Message("Go on with this result") if own else Message("Send to {task}", task=task.title)
    return gr.Button(mark(label), size="sm", interactive=False, min_width=110)
