"""The tab of super-resolution: methods side by side, and one method on a whole picture."""

from __future__ import annotations

from typing import Any, Literal

import gradio as gr

from demos import told
from demos.comparison import ComparisonView
from demos.controls import Controls
from demos.examples import FOLDER
from demos.panel import Panel
from engine.registry import Task
from engine.tasks.super_resolution import SUPER_RESOLUTION
from engine.tasks.super_resolution_comparison import SUPER_RESOLUTION_COMPARISON

PICTURES = ("astronaut.jpg", "cat.jpg", "temple.jpg", "coffee.jpg")
COMPARISON_TEXT = (
    "**Four ways to the same size.** Bicubic interpolation only blurs between pixels. A residual network adds what it "
    "lacks, and plays safe: where it cannot know, it stays smooth. A GAN learned to please a critic: it looks sharp, "
    "and invents what it cannot know, so its PSNR is lower on purpose. <span class='quiet'>Ledig et al. 2017.</span>"
)
TEXT = (
    "**Enlarge a whole picture**, up to 24 million pixels and eight times, tile by tile. Transparency, grey, 16 bits, "
    "colour profile and metadata come back as they went in."
)


def build_comparison() -> None:
    """Lay out the methods side by side inside the current Blocks."""
    controls, panel, expected, notes = _laid_out(SUPER_RESOLUTION_COMPARISON, COMPARISON_TEXT, "facts")
    view = ComparisonView()
    runs = panel.connect(controls)
    view.connect(panel.result, runs)
    told.connect(controls, notes, expected, runs)


def build() -> None:
    """Lay out one method inside the current Blocks."""
    controls, panel, expected, notes = _laid_out(SUPER_RESOLUTION, TEXT, "compare")
    told.connect(controls, notes, expected, panel.connect(controls))


def _laid_out(task: Task, text: str, first: Literal["compare", "facts"]) -> tuple[Controls, Panel, Any, Any]:
    """Picture and settings on the left, the panel on the right; ``first`` is its tab that is open at first."""
    controls = Controls(task)
    gr.Markdown(text)
    with gr.Row():
        with gr.Column(scale=5):
            picture = controls.upload("image", height=260)
            notes = gr.Markdown(elem_classes=["quiet", "notes"])
            gr.Examples([[str(FOLDER / name)] for name in PICTURES], [picture], label="Examples", cache_examples=False)
            for field in controls.fields(advanced=False):
                controls.control(field)
            if advanced := controls.fields(advanced=True):
                with gr.Accordion("Advanced", open=False):
                    for field in advanced:
                        controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown("Choose a picture, or one of the examples.", elem_classes=["quiet", "notes"])
            panel = Panel(task, first=first)
    return controls, panel, expected, notes
