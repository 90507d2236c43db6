"""The tab of style V1: transfer, and reconstruction as the explanation of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import told
from demos.controls import Controls
from demos.examples import Pair, pair_gallery
from demos.panel import Panel
from engine.tasks.style_v1 import LAYER_PRESETS, STYLE_V1

PAIRS = (
    Pair("cat.jpg", "starry_night_texture.jpg", "Starry Night"),
    Pair("temple.jpg", "great_wave_texture.jpg", "Great Wave"),
    Pair("astronaut.jpg", "scream_texture.jpg", "The Scream"),
    Pair("coffee.jpg", "composition_vii_texture.jpg", "Kandinsky"),
)
"""Photographs with the paintings whose textures ship with the hub."""


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
            with gr.Row():
                content = controls.upload("content", height=260)
                style = controls.upload("style", height=260)
            notes = gr.Markdown(elem_classes=["quiet", "notes"])
            pair_gallery(PAIRS, content, style)
            preset = gr.Radio(list(STYLE_V1.parameters.presets), value="Balanced", label="Preset")
            with gr.Accordion("Settings", open=False):
                for field in controls.fields(advanced=False):
                    controls.control(field)
            _more_paintings(controls)
            with gr.Accordion("Advanced", open=False):
                layers = gr.Radio(list(LAYER_PRESETS), value="All", label="Preset of the style layers")
                for field in controls.fields(advanced=True):
                    controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown(
                "Choose a photo and a painting, or one of the examples.", elem_classes=["quiet", "notes"]
            )
            panel = Panel(STYLE_V1)
    panel.connect(controls)
    _connect_presets(controls, preset, layers)
    told.connect(controls, notes, expected)


def _more_paintings(controls: Controls) -> None:
    most = STYLE_V1.inputs[1].most
    with gr.Accordion("More paintings", open=False):
        with gr.Row():
            for index in range(1, most):
                controls.upload("style", index, height=220)
        for index in range(most):
            controls.control("style_weights", index)


def _connect_presets(controls: Controls, preset: gr.Radio, layers: gr.Radio) -> None:
    kind = STYLE_V1.parameters
    changed = sorted({name for values in kind.presets.values() for name in values})
    defaults = kind()

    def chosen(name: str) -> Any:
        values = [kind.presets.get(name, {}).get(each, getattr(defaults, each)) for each in changed]
        return values if len(values) > 1 else values[0]

    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    preset.input(chosen, [preset], [controls[each] for each in changed], **quiet)
    layers.input(
        lambda name: list(LAYER_PRESETS.get(name, LAYER_PRESETS["All"])), [layers], [controls["style_layers"]], **quiet
    )
