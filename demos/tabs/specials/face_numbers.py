"""Face swap: the faces of the photo with their numbers, consent, and what the owner of the machine allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import PRIVATE, QUEUE, QUIET
from demos.components.shown_picture import ShownPicture
from demos.components.uploads import Upload
from demos.i18n.language import mark, say, say_plainly
from demos.serving.site import new_job
from demos.tabs.specials.special import Special
from demos.tabs.task_view import TaskView
from engine import PentimentoError, Picture, RunResult
from engine.contracts.messages import Message
from engine.faces.identities import folder_of, names

PROMISE = Message(
    "Pictures are used for this swap only, never logged or shown to others. Your uploads are deleted when you close "
    "this page, what was made of them within about an hour. Results carry a label, and their file says that a machine "
    "has made them (IPTC digital source type)."
)
NO_FACES = Message("The faces of your photo appear here with their numbers.")
Box = list[int]
"""Left, top, right and lower edge of a face in pixels."""


class FaceNumbers(Special):
    """Numbers the faces of every photo; a click on one chooses it. Other pictures ask for consent anew."""

    def __init__(self, view: TaskView) -> None:
        super().__init__(view)
        self._faces = Controls(view.site.tasks["find-faces"], view.site)
        self.endpoints = [self._faces]
        self.proposals = {"trained": names(folder_of(view.site.runtime.settings))}

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._boxes = gr.State([])
        self._line = gr.Markdown(mark(NO_FACES), elem_classes=["quiet", "notes"])
        with gr.Column(visible=False) as self._shown:
            self._numbers = ShownPicture(
                label=mark(Message("Faces")), show_label=False, height=260,
                buttons=[], alt_text=mark(Message("your photo with a numbered box around every face")),
                elem_classes=["filled"],
            )  # fmt: skip
            self._faces.control("landmarks")
        self._faces.share(self.controls)
        self.controls.control("consent")
        gr.Markdown(mark(PROMISE), elem_classes=["quiet", "notes"])

    def place_advanced(self) -> None:
        """Who may not leave out the label is not offered that."""
        if not self.site.runtime.settings.unlabelled:
            corner: Any = self.controls.control("label_corner")
            corner.choices = [choice for choice in corner.choices if choice[1] != "none"]

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        photo, identity, landmarks = self.controls["image"], self.controls["identity"], self._faces["landmarks"]
        gr.on(
            [photo.change, landmarks.input], self._numbered, [photo, *self._faces.components],
            [self._shown, self._numbers, self._boxes, self._line], show_progress="hidden", trigger_mode="always_last",
            **PRIVATE, **QUEUE,
        )  # fmt: skip
        face, consent = self.controls["face"], self.controls["consent"]
        photo.change(lambda: (0, False), None, [face, consent], queue=False, **PRIVATE)  # others may be seen now
        identity.change(lambda: False, None, [consent], queue=False, **PRIVATE)
        face.change(_sentence, [self._boxes, face], [self._line], **QUIET)
        self._numbers.select(_chosen, [self._boxes], [face], queue=False, **PRIVATE)

    def _numbered(self, photo: Upload, *values: Any) -> Iterator[Any]:
        """The photo with numbers, where its faces are, and what is said of them."""
        if not isinstance(photo, Picture):
            yield gr.update(visible=False), None, [], say(NO_FACES)
            return
        try:
            inputs, parameters = self._faces.read(values)
            for each in self.site.runs.frames(self._faces.task, inputs, parameters, new_job()):
                if isinstance(each, RunResult):
                    boxes = [face["box"] for face in each.facts.task.figures["faces"]]
                    yield gr.update(visible=True), each.image, boxes, _sentence(boxes, 0)
        except PentimentoError as refusal:
            yield gr.update(visible=False), None, [], f"**{say_plainly(refusal.message)}**"


def _sentence(boxes: list[Box], number: int) -> Any:
    """Which face will be replaced."""
    if not boxes:
        return gr.skip()
    if len(boxes) == 1:
        return say(Message("One face was found."))
    which = Message("Face {number}", number=number) if number else Message("The largest one")
    sentence = Message(
        "{count} faces were found; click the one to replace. {which} will be replaced.", count=len(boxes), which=which
    )
    return say(sentence)


def _chosen(boxes: list[Box], event: gr.SelectData) -> Any:
    """The number of the face that was clicked on."""
    across, down = event.index
    inside = [number for number, box in enumerate(boxes, 1) if box[0] <= across <= box[2] and box[1] <= down <= box[3]]
    return inside[0] if inside else gr.skip()
