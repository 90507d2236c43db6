"""The tab of inpainting: a mask is painted once, then filled by one method, or by several of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components import estimates as told
from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.mask_editor import MaskPainter, picture_shown, united
from demos.components.output_panel import QUEUE, publish
from demos.components.run_frames import frames, new_job
from demos.components.single_or_compare import TwoWays
from demos.components.uploads import Upload
from demos.examples import FOLDER
from demos.i18n.language import say
from engine import Picture, Result
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


class InpaintingTab(TwoWays):
    """Picture, mask and shared settings on the left, the two ways to use them on the right."""

    def __init__(self) -> None:
        hint = "Choose a picture, or one of the examples."
        super().__init__(INPAINTING, INPAINTING_COMPARISON, hint=hint, send_to=SEND_TO)
        self._subject = Controls(MAIN_SUBJECT)
        gr.Markdown(TEXT)
        with gr.Row():
            with gr.Column(scale=5):
                self._place_picture()
                self._place_tools()
                self.place_settings()
                self._subject.share(self.controls)
            with gr.Column(scale=6):
                self.place_ways("Fill")
        self._connect_mask()
        self.connect_runs(self._notes)

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


def build() -> InpaintingTab:
    """Lay out the tab inside the current Blocks."""
    return InpaintingTab()


def _proposer(controls: Controls) -> Any:
    """The main subject, added to what is painted."""

    def propose(painted: Upload, size: tuple[int, int] | None, *values: Any) -> Iterator[Any]:
        if size is None:
            raise gr.Error(say("Please choose a picture first."), print_exception=False)
        for frame in frames(controls, values, new_job()):
            yield united(painted, size, Picture(frame.image))[0] if isinstance(frame, Result) else gr.skip()

    return propose
