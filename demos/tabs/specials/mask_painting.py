"""A mask that is painted on the picture, from a file, or proposed by a network; each adds to what is painted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import DOORS, PRIVATE, QUEUE, shown_errors
from demos.components.mask_editor import MaskEditor, marked_in, mask_shown, picture_shown, united
from demos.components.uploads import Upload
from demos.i18n.language import mark
from demos.serving.site import new_job
from demos.tabs.specials.special import Special
from demos.tabs.task_view import TaskView
from engine import Picture, RunResult
from engine.contracts.errors import MaskError, MissingInputError
from engine.contracts.messages import Message

FILE_HEIGHT = 160
"""Height of the upload for a mask's file in pixels."""
PLACE = ("across", "down")
"""Parameters of the subject's task for the place of it."""


class MaskPainting(Special):
    """The editor, which stands in for the mask's upload; whatever marks something paints it there."""

    claims = ("mask",)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        picture = self.controls[self.controls.task.inputs[0].name]
        file, painted = self.controls["mask"], [self._editor, self._size]
        opened: dict[str, Any] = {"show_progress": "hidden", **DOORS, **PRIVATE}
        picture.change(opened_with_mask, [picture, file], [*painted, file], **opened)
        file.change(united, [*painted, file], [self._editor, file], **opened)

    def _place_editor(self, editor: MaskEditor) -> None:
        self._editor, self._size = editor, gr.State(None)
        self.controls.stand_in("mask", editor)


def opened_with_mask(picture: Upload, file: Upload) -> tuple[Any, Any, Any]:
    """Picture and size of the editor, and what is left of a mask's file, which may have come before its picture."""
    shown, size = picture_shown(picture)
    if size is None or not isinstance(file, Picture):
        return shown, size, gr.skip()
    try:
        return {**shown, **mask_shown(marked_in(file, size))}, size, None
    except MaskError:  # it belongs to another picture, which was told when it came
        return shown, size, gr.skip()


class RegionPainting(MaskPainting):
    """Style V2: where the style goes."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        prompt = Message("Choose a photo, then paint over what the style is for; without, it is for all.")
        with gr.Accordion(mark(Message("Where the style goes")), open=False):
            self._place_editor(MaskEditor(prompt))
            self.controls.upload("mask", height=FILE_HEIGHT)


class HolePainting(MaskPainting):
    """Inpainting: what should go; the main subject is marked by a network."""

    def __init__(self, view: TaskView) -> None:
        super().__init__(view)
        self._subject = Controls(view.site.tasks["main-subject"], view.site)
        self.endpoints = [self._subject]

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._place_editor(MaskEditor(picks=True))
        self._propose = gr.Button(mark(Message("Mark the main subject")), size="sm")
        title = mark(Message("Mask from a file, how the subject is marked"))
        with gr.Accordion(title, open=False), gr.Row():
            self.controls.upload("mask", height=FILE_HEIGHT)
            with gr.Column():
                for field in self._subject.fields(advanced=False):
                    self._subject.control(field)
            with gr.Column(visible=False):  # the place is clicked on; programs have the arguments
                for field in PLACE:
                    self._subject.control(field)
        self._subject.share(self.controls)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        super().connect()
        self._propose.click(
            self._proposal, [self._editor, self._size, *self._subject.components], [self._editor],
            show_progress_on=[self._propose], **PRIVATE, **QUEUE,
        )  # fmt: skip
        self._editor.click(
            self._picked, [self._editor, self._size, *self._subject.components], [self._editor],
            show_progress_on=[self._propose], **PRIVATE, **QUEUE,
        )  # fmt: skip

    def _picked(
        self, painted: Upload, size: tuple[int, int] | None, event: gr.EventData, *values: Any
    ) -> Iterator[Any]:
        """What is at the place that was clicked on, added to what is painted."""
        named = dict(zip(self._subject.names, values, strict=True))
        place = {field: getattr(event, field, -1) for field in PLACE}
        yield from self._proposal(painted, size, *{**named, **place}.values())

    def _proposal(self, painted: Upload, size: tuple[int, int] | None, *values: Any) -> Iterator[Any]:
        """The main subject, added to what is painted."""
        with shown_errors():
            if size is None:
                raise MissingInputError(Message("Please choose a picture first."))
            inputs, parameters = self._subject.read(values)
            for each in self.site.runs.frames(self._subject.task, inputs, parameters, new_job()):
                yield united(painted, size, Picture(each.image))[0] if isinstance(each, RunResult) else gr.skip()
