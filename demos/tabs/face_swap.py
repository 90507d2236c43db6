"""The tab of the face swap: a photo, pictures of the identity, consent; one method, or several side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.output_panel import QUEUE, publish
from demos.components.run_frames import frames, new_job
from demos.components.single_or_compare import TwoWays
from demos.components.uploads import Upload
from demos.examples import FOLDER
from demos.i18n.language import say
from engine import Result
from engine.faces.provenance import label_is_optional
from engine.tasks.face_swap import FACE_SWAP, trained_names
from engine.tasks.face_swap_comparison import FACE_SWAP_COMPARISON
from engine.tasks.find_faces import FIND_FACES

EXAMPLES = (("astronaut.jpg", "moltedo.jpg"), ("moltedo.jpg", "young_woman.jpg"), ("astronaut.jpg", "young_woman.jpg"))
TEXT = (
    "**Another identity in your photo's pose, expression and light.** Faces are found and measured (468 points, 68 of "
    "them the classical landmarks), aligned and taken apart. The identity's pictures are ranked by pose, expression "
    "and light, warped onto your face and lit like it. Then V3's descent makes the face anew from their patches, an "
    "eye only from eyes. It cannot invent an expression: give several pictures, one of which looks as your photo does. "
    "<span class='quiet'>Korshunova et al. 2017; Li & Wand 2016.</span>"
)
PROMISE = (
    "Pictures are used for this swap only, never logged or shown to others. Your uploads are deleted when you close "
    "this page, what was made of them within about an hour. Results carry a label, and their file says that a machine "
    "has made them (IPTC digital source type)."
)
SEND_TO = ("Super-resolution", "Style V1", "Style V2", "Style V3")
NO_FACES = "The faces of your photo appear here with their numbers."


class FaceSwapTab(TwoWays):
    """Pictures, consent and shared settings on the left, the two ways to use them on the right."""

    def __init__(self) -> None:
        hint = "Choose a photo and a picture of the identity."
        proposals = {"trained": trained_names()}
        super().__init__(FACE_SWAP, FACE_SWAP_COMPARISON, hint=hint, send_to=SEND_TO, proposals=proposals)
        self._faces = Controls(FIND_FACES)
        gr.Markdown(TEXT)
        with gr.Row():
            with gr.Column(scale=5):
                self._place_pictures()
                self.place_settings()
                self._faces.share(self.controls)
            with gr.Column(scale=6):
                self.place_ways("Swap")
        self._connect_faces()
        self.connect_runs(self._notes)

    def _place_pictures(self) -> None:
        with gr.Row():
            self.photo = self.controls.upload("image", height=240)
            self.identity = self.controls.upload("identity", height=240)
        self._notes = gr.Markdown(elem_classes=["quiet", "notes"])
        self._boxes = gr.State([])
        self._chosen = gr.Markdown(NO_FACES, elem_classes=["quiet", "notes"])
        with gr.Column(visible=False) as self._found:
            self._numbers = gr.Image(
                label="Faces", show_label=False, format="jpeg", height=260, interactive=False, buttons=[],
                alt_text="your photo with a numbered box around every face", elem_classes=["filled"],
            )  # fmt: skip
            self._landmarks = self._faces.control("landmarks")
        self.controls.control("consent")
        gr.Markdown(PROMISE, elem_classes=["quiet", "notes"])
        examples = [[str(FOLDER / photo), [str(FOLDER / identity)]] for photo, identity in EXAMPLES]
        gr.Examples(examples, [self.photo, self.identity], label="Examples (public domain)", cache_examples=False)

    def place_settings(self) -> None:
        """As everywhere; who may not leave out the label is not offered that."""
        super().place_settings()
        if not label_is_optional():
            corner: Any = self.controls["label_corner"]
            corner.choices = [choice for choice in corner.choices if choice[1] != "none"]

    def _connect_faces(self) -> None:
        """Number the faces of every photo; a click on one chooses it."""
        gr.on(
            [self.photo.change, self._landmarks.input],  # type: ignore[attr-defined]
            _numbering(self._faces), [self.photo, *self._faces.components],
            [self._found, self._numbers, self._boxes, self._chosen],
            show_progress="hidden", trigger_mode="always_last", **PRIVATE, **QUEUE,
        )  # fmt: skip
        face: Any = self.controls["face"]
        consent: Any = self.controls["consent"]
        self.photo.change(lambda: (0, False), None, [face, consent], queue=False, **PRIVATE)  # others may be seen now
        self.identity.change(lambda: False, None, [consent], queue=False, **PRIVATE)
        face.change(_told, [self._boxes, face], [self._chosen], queue=False, show_progress="hidden", **PRIVATE)
        self._numbers.select(_chosen, [self._boxes], [self.controls["face"]], queue=False, **PRIVATE)
        publish(self._faces)


def build() -> FaceSwapTab:
    """Lay out the tab inside the current Blocks."""
    return FaceSwapTab()


def _numbering(controls: Controls) -> Any:
    """The photo with numbers, where its faces are, and what is said of them."""

    def numbered(photo: Upload, *values: Any) -> Iterator[Any]:
        if photo is None or isinstance(photo, Exception):
            yield gr.update(visible=False), None, [], say(NO_FACES)
            return
        try:
            for frame in frames(controls, values, new_job()):
                if isinstance(frame, Result):
                    boxes = [each["box"] for each in frame.facts["faces"]]
                    yield gr.update(visible=True), frame.image, boxes, _told(boxes, 0)
        except gr.Error as refusal:
            yield gr.update(visible=False), None, [], f"**{refusal.message}**"

    return numbered


def _told(boxes: list[list[int]], number: int) -> Any:
    """Which face will be replaced."""
    if not boxes:
        return gr.skip()
    if len(boxes) == 1:
        return say("One face was found.")
    which = say("Face {}", number) if number else say("The largest one")
    return say("{} faces were found; click the one to replace. {} will be replaced.", len(boxes), which)


def _chosen(boxes: list[list[int]], event: gr.SelectData) -> Any:
    """The number of the face that was clicked on."""
    across, down = event.index
    inside = [number for number, box in enumerate(boxes, 1) if box[0] <= across <= box[2] and box[1] <= down <= box[3]]
    return inside[0] if inside else gr.skip()
