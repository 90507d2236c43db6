"""The tab of inpainting: a mask is painted once, then filled by one method, or by several of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos import told
from demos.comparison import ComparisonView
from demos.controls import Controls
from demos.examples import FOLDER
from demos.painter import MaskPainter, picture_shown, united
from demos.panel import PRIVATE, QUEUE, Panel, publish
from demos.runs import frames
from demos.uploads import Upload
from engine import Job, Picture, Result
from engine.tasks.inpainting import INPAINTING
from engine.tasks.inpainting_comparison import INPAINTING_COMPARISON
from engine.tasks.main_subject import MAIN_SUBJECT

PICTURES = ("temple.jpg", "astronaut.jpg", "coffee.jpg", "cat.jpg")
TEXT = (
    "**Paint over what should go.** A content network fills the holes from what it has learned of the world. Where a "
    "hole is larger than the network's 512 pixels, its filling is too coarse for the picture: then the texture is "
    "refined, scale by scale, by pulling patches inside the hole to their nearest patches of your picture. "
    "<span class='quiet'>Yang et al. 2017; Sargsyan et al. 2023.</span>"
)
SEND_TO = ("Super-resolution", "Style V1", "Style V2", "Style V3")


class InpaintingTab:
    """Picture, mask and shared settings on the left, the two ways to use them on the right."""

    def __init__(self) -> None:
        self.controls, self.side_by_side = Controls(INPAINTING), Controls(INPAINTING_COMPARISON)
        self._subject = Controls(MAIN_SUBJECT)
        gr.Markdown(TEXT)
        with gr.Row():
            with gr.Column(scale=5):
                self._place_picture()
                self._place_tools()
                self._place_settings()
            with gr.Column(scale=6), gr.Tabs():
                with gr.Tab("Fill", id="fill"):
                    self.panel, self._expected = self._place_run(self.controls, send=True)
                    self._stages = ComparisonView()
                with gr.Tab("Side by side", id="inpainting-comparison"):
                    self._compared, self._compared_expected = self._place_run(self.side_by_side, send=False)
                    self._view = ComparisonView()
        self._connect_mask()
        self._connect_runs()

    def _place_picture(self) -> None:
        self.picture = self.controls.upload("image", height=200)
        gr.Examples([[str(FOLDER / name)] for name in PICTURES], [self.picture], label="Examples", cache_examples=False)
        self.painter = MaskPainter()
        self._size = gr.State(None)
        self.controls.stand_in("mask", self.painter)
        self._notes = gr.Markdown(elem_classes=["quiet", "notes"])

    def _place_tools(self) -> None:
        self._propose = gr.Button("Mark the main subject", size="sm")
        with gr.Accordion("Mask from a file, how the subject is marked", open=False), gr.Row():
            self.controls.upload("mask", height=160)
            with gr.Column():
                for field in self._subject.fields(advanced=False):
                    self._subject.control(field)

    def _place_settings(self) -> None:
        """What both ways share: one component serves both tasks."""
        common = set(self.side_by_side.fields(advanced=False)) & set(self.controls.fields(advanced=False))
        for field in self.controls.fields(advanced=False):
            if field in common:
                self.controls.control(field)
        with gr.Accordion("Advanced", open=False):
            for field in self.controls.fields(advanced=True):
                self.controls.control(field)
        self.side_by_side.share(self.controls)
        self._subject.share(self.controls)

    def _place_run(self, controls: Controls, *, send: bool) -> tuple[Panel, gr.Markdown]:
        for field in controls.missing(advanced=False):
            controls.control(field)
        expected = gr.Markdown("Choose a picture, or one of the examples.", elem_classes=["quiet", "notes"])
        return Panel(controls.task, first="compare" if send else "facts", send_to=SEND_TO if send else ()), expected

    def _connect_mask(self) -> None:
        """Whatever marks something paints it, so that brush and eraser correct it."""
        given, painted = self.controls["mask"], [self.painter, self._size]
        opened: dict[str, Any] = {"show_progress": "hidden", **told.DOORS, **PRIVATE}
        self.picture.change(picture_shown, [self.picture], painted, **opened)
        given.change(united, [*painted, given], [self.painter, given], **opened)  # type: ignore[attr-defined]
        self._propose.click(
            _proposer(self._subject), [*painted, *self._subject.components], [self.painter],
            show_progress_on=[self._propose], **PRIVATE, **QUEUE,
        )  # fmt: skip
        publish(self._subject)

    def _connect_runs(self) -> None:
        runs = self.panel.connect(self.controls)
        self._stages.connect(self.panel.result, runs)
        sizes = told.connect_notes(self.controls, self._notes)
        told.connect_time(self.controls, sizes, self._expected, runs)
        compared = self._compared.connect(self.side_by_side)
        self._view.connect(self._compared.result, compared)
        told.connect_time(self.side_by_side, sizes, self._compared_expected, compared)


def build() -> InpaintingTab:
    """Lay out the tab inside the current Blocks."""
    return InpaintingTab()


def _proposer(controls: Controls) -> Any:
    """The main subject, added to what is painted."""

    def propose(painted: Upload, size: tuple[int, int] | None, *values: Any) -> Iterator[Any]:
        if size is None:
            raise gr.Error("Please choose a picture first.", print_exception=False)
        for frame in frames(controls, values, Job()):
            yield united(painted, size, Picture(frame.image))[0] if isinstance(frame, Result) else gr.skip()

    return propose
