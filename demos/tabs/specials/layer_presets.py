"""Sensible choices of style V1's layers."""

from __future__ import annotations

import gradio as gr

from demos.components.events import QUIET
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine.contracts.messages import Message
from engine.tasks.style_v1 import LAYER_PRESETS

NAMES = {"All": Message("All"), "Strokes": Message("Strokes"), "Shapes": Message("Shapes")}
"""Preset -> what it is called."""


class LayerPresets(Special):
    """A choice of names that sets the style layers."""

    def place_advanced(self) -> None:
        """See :meth:`Special.place_advanced`."""
        choices = [(mark(NAMES[name]), name) for name in LAYER_PRESETS]
        self._preset = gr.Radio(choices, value="All", label=mark(Message("Preset of the style layers")))

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        layers = self.controls["style_layers"]
        self._preset.input(lambda name: list(LAYER_PRESETS[name]), [self._preset], [layers], **QUIET)
