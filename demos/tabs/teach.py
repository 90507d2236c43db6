"""The view of style V2 that teaches the network a painting's style."""

from __future__ import annotations

import gradio as gr

from demos.components import estimates as told
from demos.components.controls import Controls
from demos.components.output_panel import Panel
from demos.examples import FOLDER
from engine.tasks.teach_style import TEACH_STYLE

PAIRS = (("scream_texture.jpg", "cat.jpg"), ("composition_vii_texture.jpg", "temple.jpg"))
TEXT = (
    "**Teach the network a painting** while its convolutions stay: only the scales and shifts of the new style are "
    "learnt, about a thousand numbers, in minutes instead of hours. The result is the style's *card*: a picture that "
    "keeps them. Save it as PNG, and give it as *Any painting* whenever you want the style again; nothing stays here."
)


def build() -> tuple[Controls, Panel]:
    """Lay out the view inside the current Blocks; returns its inputs and outputs."""
    controls = Controls(TEACH_STYLE)
    gr.Markdown(TEXT)
    with gr.Row():
        with gr.Column(scale=5):
            with gr.Row():
                painting = controls.upload("style", height=240)
                photo = controls.upload("content", height=240)
            notes = gr.Markdown(elem_classes=["quiet", "notes"])
            examples = [[str(FOLDER / each) for each in pair] for pair in PAIRS]
            gr.Examples(examples, [painting, photo], label="Examples", cache_examples=False)
            for field in controls.fields(advanced=False):
                controls.control(field)
            with gr.Accordion("More photos", open=False), gr.Row():
                for index in range(1, 4):
                    controls.upload("content", index, height=160)
            with gr.Accordion("Advanced", open=False):
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown("Choose a painting and a photo.", elem_classes=["quiet", "notes"])
            panel = Panel(TEACH_STYLE, send_to=["Photo"])
    told.connect(controls, notes, expected, panel.connect(controls))
    return controls, panel
