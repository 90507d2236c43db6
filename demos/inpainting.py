"""The tab of inpainting: a mask is painted once, then filled by one method, or by several of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image

from demos import told
from demos.comparison import ComparisonView
from demos.controls import Controls
from demos.examples import FOLDER
from demos.painter import UNCHANGED, MaskPainter, Painted, as_mask, canvas_of, marked_in, painting
from demos.panel import PRIVATE, QUEUE, Before, Panel, publish
from demos.runs import frames
from demos.uploads import Upload
from engine import Job, Picture, Result
from engine.errors import PictureError
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
SEND_TO = ("Super-resolution", "Style V1", "Style V3")
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}


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
        self._mask, self._canvas = gr.State(None), gr.State(None)
        self.controls.stand_in("mask", self._mask)
        self._notes = gr.Markdown(elem_classes=["quiet", "notes"])

    def _place_tools(self) -> None:
        with gr.Row():
            self._propose = gr.Button("Mark the main subject", size="sm")
            self._invert = gr.Button("Invert", size="sm")
            self._clear = gr.Button("Clear the mask", size="sm")
        with gr.Accordion("Mask from a file, a box, how the subject is marked", open=False):
            with gr.Row():
                self.controls.upload("mask", height=160)
                with gr.Column():
                    self._box = [
                        gr.Slider(0, 100, value, step=1, label=f"Box: {edge}, %")
                        for edge, value in (("left", 40), ("top", 40), ("right", 60), ("bottom", 60))
                    ]
                    self._add_box = gr.Button("Add the box", size="sm")
            with gr.Row():
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
        """Every tool puts something into the painted layer, where brush and eraser correct it."""
        picture, given, shown = self.picture, self.controls["mask"], [self.painter, self._mask]
        picture.change(_begun, [picture], [self._canvas, *shown], **told.DOORS, show_progress="hidden", **PRIVATE)
        self.painter.change(_painted, [self.painter, self._mask], [self._mask], **QUIET)
        # A click may follow a stroke sooner than its event: each tool reads the painter itself.
        tool = [self.painter, self._mask, self._canvas]
        self._clear.click(_cleared, [self._canvas], shown, **QUIET)
        self._invert.click(_inverted, tool, shown, **QUIET)
        self._add_box.click(_boxed, [*tool, *self._box], shown, **QUIET)
        given.change(_united, [*tool, given], shown, **told.DOORS, show_progress="hidden", **PRIVATE)  # type: ignore[attr-defined]
        self._propose.click(
            _proposer(self._subject), [*tool, *self._subject.components], shown,
            show_progress_on=[self.painter], **PRIVATE, **QUEUE,
        )  # fmt: skip
        publish(self._subject)

    def _connect_runs(self) -> None:
        latest = Before(fn=_painted, inputs=[self.painter, self._mask], outputs=[self._mask])
        runs = self.panel.connect(self.controls, first=latest)
        self._stages.connect(self.panel.result, runs)
        told.connect(self.controls, self._notes, self._expected, runs)
        compared = self._compared.connect(self.side_by_side, first=latest)
        self._view.connect(self._compared.result, compared)
        told.connect(self.side_by_side, gr.Markdown(visible=False), self._compared_expected, compared)


def build() -> InpaintingTab:
    """Lay out the tab inside the current Blocks."""
    return InpaintingTab()


def _begun(picture: Upload) -> tuple[Any, ...]:
    canvas = canvas_of(picture)
    return canvas, painting(canvas, None), None


def _painted(painted: Painted, before: Painted) -> Painted:
    return before if painted == UNCHANGED else painted


def _now(painted: Painted, before: Painted) -> Picture | None:
    """The mask as it is; a refused one counts as none, and the run says why."""
    found = _painted(painted, before)
    return found if isinstance(found, Picture) else None


def _shown(canvas: Image.Image | None, mask: Picture | None) -> tuple[Any, Any]:
    if canvas is None:
        return gr.skip(), gr.skip()
    return painting(canvas, mask), mask


def _cleared(canvas: Image.Image | None) -> tuple[Any, Any]:
    return _shown(canvas, None)


def _inverted(painted: Painted, before: Painted, canvas: Image.Image | None) -> tuple[Any, Any]:
    if canvas is None:
        return gr.skip(), gr.skip()
    return _shown(canvas, as_mask(~marked_in(_now(painted, before), canvas.size)))


def _boxed(
    painted: Painted, before: Painted, canvas: Image.Image | None, left: float, top: float, right: float, bottom: float
) -> tuple[Any, Any]:
    if canvas is None:
        return gr.skip(), gr.skip()
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    edges = [round(share * side / 100) for share, side in zip((left, top, right, bottom), canvas.size * 2, strict=True)]
    marked = Image.new("RGB", canvas.size)
    marked.paste("white", (edges[0], edges[1], edges[2], edges[3]))
    return _united(painted, before, canvas, Picture(marked))


def _united(painted: Painted, before: Painted, canvas: Image.Image | None, more: Upload) -> tuple[Any, Any]:
    """What is painted, and a mask besides."""
    if canvas is None or more is None:
        return gr.skip(), gr.skip()
    if isinstance(more, PictureError):
        raise gr.Error(str(more), print_exception=False)
    opaque = more.raster.alpha if more.raster else None
    given = more if opaque is None else as_mask(opaque > opaque.max() // 2)
    marked = marked_in(_now(painted, before), canvas.size) | marked_in(given, canvas.size)
    return _shown(canvas, as_mask(marked))


def _proposer(controls: Controls) -> Any:
    """The main subject, added to what is painted."""

    def propose(painted: Painted, before: Painted, canvas: Image.Image | None, *values: Any) -> Iterator[Any]:
        if canvas is None:
            raise gr.Error("Please choose a picture first.", print_exception=False)
        for frame in frames(controls, values, Job()):
            if isinstance(frame, Result):
                yield _united(painted, before, canvas, Picture(frame.image))
            else:
                yield gr.skip(), gr.skip()

    return propose
