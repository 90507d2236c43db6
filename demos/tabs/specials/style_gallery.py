"""Pictures of style V2's styles, made by the network itself."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE, QUIET
from demos.components.gallery_mark import GalleryMark
from demos.examples import FOLDER
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine.contracts.messages import Message
from engine.feedforward_style.styles import NOTHING, SHIPPED, SHOWN

RUN = """(photo) => {
  const buttons = [...document.querySelectorAll('button.run')];
  if (photo) buttons.find((button) => button.checkVisibility())?.click();
}"""
"""JavaScript that presses the Run that is seen, where there is a photo."""


NAME = "style-gallery"
CHOSEN = """(name, painting, second, ...weights) =>
  painting ? [] : [name, second, ...OWN.filter((each, at) => weights[at] > 0)]"""
"""JavaScript: the styles that count. A painting counts instead of all of them."""


class StyleGallery(Special):
    """A click chooses a style and paints; it takes away another painting, which would count instead, and any blend."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._gallery = gr.Gallery(
            [(str(FOLDER / "styles" / f"{name}.jpg"), str(style.title)) for name, style in SHOWN.items()],
            label=mark(Message("Styles")), show_label=False, elem_classes=["styles", NAME], columns=5, rows=3,
            height=330, object_fit="cover", allow_preview=False, interactive=False, buttons=[], format="jpeg",
        )  # fmt: skip
        self._mark = GalleryMark(NAME, list(SHOWN), [self.controls.task.parameters().model_dump()["style_name"]])

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        names = list(SHOWN)
        blend = [each for name, each in self.controls.settings.items() if name.startswith("blend_")]

        def chosen(event: gr.SelectData) -> tuple[Any, ...]:
            return names[event.index], None, NOTHING, *[0] * len(blend)

        replaced = [*(self.controls[name] for name in ("style_name", "style", "mixed_with")), *blend]
        self._mark.connect(replaced, CHOSEN.replace("OWN", json.dumps(list(SHIPPED))))
        selected = self._gallery.select(chosen, None, replaced, **QUIET)
        selected.then(None, [self.controls["content"]], None, js=RUN, queue=False, **PRIVATE)
