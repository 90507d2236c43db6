"""The layout that the tabs of V1, V3 and their comparison share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import gradio as gr
from gradio.components import Component

from demos.components import estimates as told
from demos.components.controls import Controls
from demos.components.events import QUIET, given
from demos.components.output_panel import Panel, RunEvents
from demos.examples import Pair, pair_gallery
from engine.contracts.task import Task

PAIRS = (
    Pair("cat.jpg", "starry_night_texture.jpg", "Starry Night"),
    Pair("temple.jpg", "great_wave_texture.jpg", "Great Wave"),
    Pair("astronaut.jpg", "scream_texture.jpg", "The Scream"),
    Pair("coffee.jpg", "composition_vii_texture.jpg", "Kandinsky"),
)
"""Photographs with the paintings whose textures ship with the hub."""
CHOOSE = "Choose a photo and a painting, or one of the examples."


class StyleTab:
    """Pictures and settings on the left, the panel on the right; made inside the current Blocks.

    Args:
        task: V1, V3, or both in a comparison.
        text: what the visitor is told about it.
        first: components that were not rendered yet, put on top of the advanced settings.
        send_to: see :class:`demos.components.output_panel.Panel`.
        first_tab: likewise.
    """

    def __init__(
        self, task: Task, text: str, first: Sequence[Component] = (), *, send_to: Sequence[str] = (),
        first_tab: Literal["losses", "facts"] = "losses",
    ) -> None:  # fmt: skip
        self.controls = Controls(task)
        gr.Markdown(text)
        with gr.Row():
            with gr.Column(scale=5):
                self._notes = self._place_pictures()
                presets = list(task.parameters.presets)
                self._preset = gr.Radio(presets, value="Balanced", label="Preset") if presets else None
                with gr.Accordion("Settings", open=False):
                    for field in self.controls.fields(advanced=False):
                        self.controls.control(field)
                self._place_more_paintings()
                with gr.Accordion("Advanced", open=False):
                    for component in first:
                        component.render()  # type: ignore[no-untyped-call]
                    for field in self.controls.fields(advanced=True):
                        self.controls.control(field)
            with gr.Column(scale=6):
                self._expected = gr.Markdown(CHOOSE, elem_classes=["quiet", "notes"])
                self.panel = Panel(task, first=first_tab, send_to=send_to)

    def connect(self) -> list[RunEvents]:
        """Bind the events of panel, presets and lines; see :meth:`demos.components.output_panel.Panel.connect`."""
        runs = self.panel.connect(self.controls)
        if self._preset is not None:
            connect_presets(self.controls, self._preset)
        told.connect(self.controls, self._notes, self._expected, runs)
        return runs

    def _place_pictures(self) -> gr.Markdown:
        """Photo, first painting and examples; returns the line for notes about them."""
        with gr.Row():
            content = self.controls.upload("content", height=260)
            style = self.controls.upload("style", height=260)
        notes = gr.Markdown(elem_classes=["quiet", "notes"])
        pair_gallery(PAIRS, content, style)
        return notes

    def _place_more_paintings(self) -> None:
        """Further paintings, and what a task wants to know of each of them, such as its weight."""
        most = next(each.most for each in self.controls.task.inputs if each.name == "style")
        if most == 1:
            return
        with gr.Accordion("More paintings", open=False):
            with gr.Row():
                for index in range(1, most):
                    self.controls.upload("style", index, height=220)
            for field in self.controls.fields_per("style"):
                for index in range(most):
                    self.controls.control(field, index)


def connect_presets(controls: Controls, preset: gr.Radio) -> None:
    """Choosing a preset moves the controls whose values it names in any of its choices."""
    kind = controls.task.parameters
    changed = sorted({name for values in kind.presets.values() for name in values})
    defaults = kind()

    def chosen(name: str) -> Any:
        values = [kind.presets.get(name, {}).get(each, getattr(defaults, each)) for each in changed]
        return given(values)

    preset.input(chosen, [preset], [controls[each] for each in changed], **QUIET)
