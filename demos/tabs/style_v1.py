"""The tab of style V1; reconstruction, its explanation, is a view of its own."""

from __future__ import annotations

import gradio as gr

from demos.components.events import QUIET
from demos.components.style_tab import StyleTab
from engine.tasks.style_v1 import LAYER_PRESETS, STYLE_V1

TEXT = (
    "Your photo becomes a painting by **descent on its pixels**: they are changed, step by step, until the network "
    "sees the photo's *content* and, in the correlations of its features (Gram matrices), the painting's *style*. "
    "<span class='quiet'>Gatys, Ecker & Bethge 2016.</span>"
)


SEND_TO = ("Super-resolution", "Style V2", "Style V3", "Inpainting")


def build() -> StyleTab:
    """Lay out the tab inside the current Blocks."""
    layers = gr.Radio(list(LAYER_PRESETS), value="All", label="Preset of the style layers", render=False)
    tab = StyleTab(STYLE_V1, TEXT, first=[layers], send_to=SEND_TO)
    tab.connect()
    layers.input(
        lambda name: list(LAYER_PRESETS.get(name, LAYER_PRESETS["All"])),
        [layers],
        [tab.controls["style_layers"]],
        **QUIET,
    )
    return tab
