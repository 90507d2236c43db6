"""Reconstruction's button for the paper's figure: all layers in one strip."""

from __future__ import annotations

import gradio as gr

from demos.components.events import QUIET
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine.contracts.messages import Message


class StripButton(Special):
    """Chooses the strip, and runs."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._button = gr.Button(mark(Message("Make the whole strip, layer by layer")))

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        chosen = self._button.click(lambda: "strip", None, [self.controls["of"]], **QUIET)
        self.view.panel.triggers.append(chosen.then)
