"""The shipped paintings, to choose from instead of an upload."""

from __future__ import annotations

import gradio as gr

from demos.components.events import QUIET
from demos.components.gallery_mark import GalleryMark
from demos.examples.paintings import PAINTINGS
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine.contracts.messages import Message

CREDITS = Message(
    "Paintings: public domain; pictures by The Metropolitan Museum of Art, open access (CC0), and OpenCV's samples."
)
CHOSEN = "(painting) => [decodeURIComponent(painting?.path ?? '').split(/[\\\\/]/).pop()]"
"""JavaScript: the name of the file that was uploaded."""


class PaintingGallery(Special):
    """A click puts a painting into the first place for one."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        name = f"paintings-{self.controls.task.name}"
        # Outside of the fold: what is not shown yet must not be given a value, or Gradio announces changes for ever.
        self._mark = GalleryMark(name, [each.path.name for each in PAINTINGS])
        with gr.Accordion(mark(Message("Paintings to choose from")), open=False):
            self._gallery = gr.Gallery(
                [(str(each.path), str(each.caption)) for each in PAINTINGS],
                label=mark(Message("Paintings")), show_label=False, elem_classes=["styles", name], columns=5, rows=3,
                height=420, object_fit="cover", allow_preview=False, interactive=False, buttons=[], format="jpeg",
            )  # fmt: skip
            gr.Markdown(mark(CREDITS), elem_classes=["quiet"])

    def connect(self) -> None:
        """See :meth:`Special.connect`."""

        def chosen(event: gr.SelectData) -> str:
            return str(PAINTINGS[event.index].path)

        self._mark.connect([self.controls["style"]], CHOSEN)
        self._gallery.select(chosen, None, [self.controls["style"]], **QUIET)
