"""The view that shows what V1's network remembers of a picture, layer by layer."""

from __future__ import annotations

import gradio as gr

from demos.components import estimates as told
from demos.components.controls import Controls
from demos.components.output_panel import Panel
from demos.examples import FOLDER
from engine.tasks.reconstruction import RECONSTRUCTION

PICTURES = ("cat.jpg", "temple.jpg", "starry_night_texture.jpg", "great_wave_texture.jpg")


def build() -> tuple[Controls, Panel]:
    """Lay out the view inside the current Blocks; returns its inputs and outputs."""
    controls = Controls(RECONSTRUCTION)
    gr.Markdown(
        "**What does a layer know?** Noise is changed until one layer of the network cannot tell it from your picture. "
        "Early layers bring back every pixel, late ones only what is where; Gram matrices forget where anything is and "
        "keep the texture. The strip is the paper's figure: content above, style below, layer by layer."
    )
    with gr.Row():
        with gr.Column(scale=5):
            picture = controls.upload("picture", height=260)
            notes = gr.Markdown(elem_classes=["quiet", "notes"])
            gr.Examples([[str(FOLDER / name)] for name in PICTURES], [picture], label="Examples", cache_examples=False)
            strip = gr.Button("Make the whole strip, layer by layer")
            for field in controls.fields(advanced=False):
                controls.control(field)
            with gr.Accordion("Advanced", open=False):
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown(elem_classes=["quiet", "notes"])
            panel = Panel(RECONSTRUCTION)
    chosen = strip.click(lambda: "strip", None, [controls["of"]], queue=False, api_visibility="private")
    runs = panel.connect(controls, chosen.then)
    told.connect(controls, notes, expected, runs)
    return controls, panel
