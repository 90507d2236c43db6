"""The tab of style V3: transfer, and V1 beside V3."""

from __future__ import annotations

import gradio as gr

from demos import stylisation, told
from demos.controls import Controls
from demos.matches import MatchView
from demos.panel import Panel
from engine.tasks.style_comparison import STYLE_COMPARISON
from engine.tasks.style_v3 import STYLE_V3

CHOOSE = "Choose a photo and a painting, or one of the examples."


def build() -> None:
    """Lay out the tab inside the current Blocks."""
    controls = Controls(STYLE_V3)
    gr.Markdown(
        "A Gram matrix forgets where things are. Here **every patch of features is pulled to its nearest patch of the "
        "painting**, so an eye is made of painted eyes and a line stays a line: parts stay whole. It is at its best "
        "when photo and painting show alike things. <span class='quiet'>Li & Wand 2016.</span>"
    )
    with gr.Row():
        with gr.Column(scale=5):
            notes = stylisation.place_pictures(controls)
            preset = stylisation.place_presets(controls)
            stylisation.place_settings(controls)
            stylisation.place_more_paintings(controls)
            with gr.Accordion("Advanced", open=False):
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown(CHOOSE, elem_classes=["quiet", "notes"])
            panel = Panel(STYLE_V3)
            matches = MatchView(panel)
    runs = panel.connect(controls)
    matches.connect(runs)
    stylisation.connect_presets(controls, preset)
    told.connect(controls, notes, expected, runs)


def build_comparison() -> None:
    """Lay out V1 beside V3 inside the current Blocks."""
    controls = Controls(STYLE_COMPARISON)
    gr.Markdown(
        "**The same pair, both ways.** V1 matches Gram matrices, statistics of the whole picture: parts of the "
        "painting appear anywhere. V3 matches patches: what is together in the painting stays together."
    )
    with gr.Row():
        with gr.Column(scale=5):
            notes = stylisation.place_pictures(controls)
            stylisation.place_settings(controls)
            stylisation.place_more_paintings(controls)
            with gr.Accordion("Advanced", open=False):
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown(CHOOSE, elem_classes=["quiet", "notes"])
            panel = Panel(STYLE_COMPARISON)
    runs = panel.connect(controls)
    told.connect(controls, notes, expected, runs)
