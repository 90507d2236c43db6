"""The left half that the tabs of V1 and V3 share: pictures, examples, presets, settings."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.controls import Controls
from demos.examples import Pair, pair_gallery

PAIRS = (
    Pair("cat.jpg", "starry_night_texture.jpg", "Starry Night"),
    Pair("temple.jpg", "great_wave_texture.jpg", "Great Wave"),
    Pair("astronaut.jpg", "scream_texture.jpg", "The Scream"),
    Pair("coffee.jpg", "composition_vii_texture.jpg", "Kandinsky"),
)
"""Photographs with the paintings whose textures ship with the hub."""
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def place_pictures(controls: Controls) -> gr.Markdown:
    """Photo, first painting and examples; returns the line for notes about them."""
    with gr.Row():
        content = controls.upload("content", height=260)
        style = controls.upload("style", height=260)
    notes = gr.Markdown(elem_classes=["quiet", "notes"])
    pair_gallery(PAIRS, content, style)
    return notes


def place_presets(controls: Controls) -> gr.Radio:
    """The presets of the task; connected when the settings are placed."""
    presets = controls.task.parameters.presets
    return gr.Radio(list(presets), value="Balanced", label="Preset")


def place_settings(controls: Controls) -> None:
    """The parameters that everybody may want."""
    with gr.Accordion("Settings", open=False):
        for field in controls.fields(advanced=False):
            controls.control(field)


def place_more_paintings(controls: Controls) -> None:
    """Further paintings, and the weight of each where the task has weights."""
    most = next(each.most for each in controls.task.inputs if each.name == "style")
    with gr.Accordion("More paintings", open=False):
        with gr.Row():
            for index in range(1, most):
                controls.upload("style", index, height=220)
        if "style_weights" in controls.task.parameters.model_fields:
            for index in range(most):
                controls.control("style_weights", index)


def connect_presets(controls: Controls, preset: gr.Radio) -> None:
    """Choosing a preset moves the controls whose values it names in any of its choices."""
    kind = controls.task.parameters
    changed = sorted({name for values in kind.presets.values() for name in values})
    defaults = kind()

    def chosen(name: str) -> Any:
        values = [kind.presets.get(name, {}).get(each, getattr(defaults, each)) for each in changed]
        return values if len(values) > 1 else values[0]

    preset.input(chosen, [preset], [controls[each] for each in changed], **QUIET)
