"""The tab of style V1: transfer, and reconstruction as the explanation of it."""

from __future__ import annotations

import gradio as gr

from demos import stylisation, told
from demos.controls import Controls
from demos.panel import Panel
from engine.tasks.style_v1 import LAYER_PRESETS, STYLE_V1


def build() -> None:
    """Lay out the tab inside the current Blocks."""
    controls = Controls(STYLE_V1)
    gr.Markdown(
        "Your photo becomes a painting by **descent on its pixels**: they are changed, step by step, until the network "
        "sees the photo's *content* and, in the correlations of its features (Gram matrices), the painting's *style*. "
        "<span class='quiet'>Gatys, Ecker & Bethge 2016.</span>"
    )
    with gr.Row():
        with gr.Column(scale=5):
            notes = stylisation.place_pictures(controls)
            preset = stylisation.place_presets(controls)
            stylisation.place_settings(controls)
            stylisation.place_more_paintings(controls)
            with gr.Accordion("Advanced", open=False):
                layers = gr.Radio(list(LAYER_PRESETS), value="All", label="Preset of the style layers")
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown(
                "Choose a photo and a painting, or one of the examples.", elem_classes=["quiet", "notes"]
            )
            panel = Panel(STYLE_V1)
    runs = panel.connect(controls)
    stylisation.connect_presets(controls, preset)
    layers.input(
        lambda name: list(LAYER_PRESETS.get(name, LAYER_PRESETS["All"])),
        [layers],
        [controls["style_layers"]],
        **stylisation.QUIET,
    )
    told.connect(controls, notes, expected, runs)
