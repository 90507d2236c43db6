"""Pictures of style V2's styles, made by the network itself."""

from __future__ import annotations

import gradio as gr

from demos.components.events import QUIET
from demos.examples import FOLDER
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine.contracts.messages import Message
from engine.feedforward_style.styles import SHIPPED


class StyleGallery(Special):
    """A click chooses a style, and takes away another painting, which would count instead."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._gallery = gr.Gallery(
            [(str(FOLDER / "styles" / f"{name}.jpg"), style.title) for name, style in SHIPPED.items()],
            label=mark(Message("Styles")), show_label=False, elem_classes=["styles"], columns=5, rows=2, height=230,
            object_fit="cover", allow_preview=False, interactive=False, buttons=[], format="jpeg",
        )  # fmt: skip

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        names = list(SHIPPED)

        def chosen(event: gr.SelectData) -> tuple[str, None]:
            return names[event.index], None

        self._gallery.select(chosen, None, [self.controls["style_name"], self.controls["style"]], **QUIET)
