"""The tab of super-resolution: methods side by side, and one method on a whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr
from PIL import ImageDraw, ImageOps

from demos.components import estimates as told
from demos.components.comparison_view import ComparisonView
from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.output_panel import Panel
from demos.components.uploads import Upload
from demos.examples import FOLDER
from engine import Picture
from engine.contracts.task import Task
from engine.tasks.super_resolution import SUPER_RESOLUTION
from engine.tasks.super_resolution_comparison import SUPER_RESOLUTION_COMPARISON, part_of

PICTURES = ("astronaut.jpg", "cat.jpg", "temple.jpg", "coffee.jpg")
COMPARISON_TEXT = (
    "**Several ways to the same size.** Bicubic interpolation only blurs between pixels. A residual network adds what "
    "it lacks, and plays safe: where it cannot know, it stays smooth. A GAN learned to please a critic: it looks sharp "
    "and invents what it cannot know, so its PSNR is lower on purpose. <span class='quiet'>Ledig et al. 2017.</span>"
)
TEXT = (
    "**Enlarge a whole picture**, tile by tile: up to 24 million pixels, up to eight times, up to 400 million pixels "
    "in the result. Transparency, grey, 16 bits, colour profile and metadata come back as they went in."
)
PART_SIDE = 320
"""Longest side in pixels of the picture that shows which part is compared."""
OUTLINE = "#ffd84a"


@dataclass(frozen=True)
class Layout:
    """What a tab is made of."""

    controls: Controls
    panel: Panel
    expected: gr.Markdown
    notes: gr.Markdown
    part: gr.Image
    """A place under the picture, invisible at first."""


SEND_TO = ("Style V1", "Style V2", "Style V3", "Inpainting")


def build_comparison() -> Layout:
    """Lay out the methods side by side inside the current Blocks."""
    tab = _laid_out(SUPER_RESOLUTION_COMPARISON, COMPARISON_TEXT, "facts")
    view = ComparisonView()
    _show_part(tab)
    runs = tab.panel.connect(tab.controls)
    view.connect(tab.panel.result, runs)
    told.connect(tab.controls, tab.notes, tab.expected, runs)
    return tab


def build() -> Layout:
    """Lay out one method inside the current Blocks."""
    tab = _laid_out(SUPER_RESOLUTION, TEXT, "compare")
    told.connect(tab.controls, tab.notes, tab.expected, tab.panel.connect(tab.controls))
    return tab


def _laid_out(task: Task, text: str, first: Literal["compare", "facts"]) -> Layout:
    """Picture and settings on the left, the panel on the right; ``first`` is its tab that is open at first."""
    controls = Controls(task)
    gr.Markdown(text)
    with gr.Row():
        with gr.Column(scale=5):
            picture = controls.upload("image", height=260)
            notes = gr.Markdown(elem_classes=["quiet", "notes"])
            gr.Examples([[str(FOLDER / name)] for name in PICTURES], [picture], label="Examples", cache_examples=False)
            part = gr.Image(
                label="What is compared", format="jpeg", height=200, interactive=False, visible=False, buttons=[],
                alt_text="the picture with an outline around the part that is compared",
            )  # fmt: skip
            for field in controls.fields(advanced=False):
                controls.control(field)
            if advanced := controls.fields(advanced=True):
                with gr.Accordion("Advanced", open=False):
                    for field in advanced:
                        controls.control(field)
        with gr.Column(scale=6):
            expected = gr.Markdown("Choose a picture, or one of the examples.", elem_classes=["quiet", "notes"])
            panel = Panel(task, first=first, send_to=SEND_TO if first == "compare" else ())
    return Layout(controls, panel, expected, notes, part)


def _show_part(tab: Layout) -> None:
    """Outline on the picture what will be compared, whenever that changes."""
    settings = {name: tab.controls[name] for name in ("scale", "original", "side", "across", "down")}

    def outlined(given: Upload, *values: Any) -> Any:
        if not isinstance(given, Picture):
            return gr.update(visible=False)
        factor = PART_SIDE / max(given.size)
        box = part_of(given.size, **dict(zip(settings, values, strict=True)))
        shown = ImageOps.contain(given.image, (PART_SIDE, PART_SIDE))
        edges = [round(edge * factor) for edge in (box.left, box.top, box.right - 1, box.bottom - 1)]
        ImageDraw.Draw(shown).rectangle((edges[0], edges[1], edges[2], edges[3]), None, OUTLINE, 3)
        return gr.update(value=shown, visible=True)

    watched: list[Any] = [tab.controls["image"], *settings.values()]
    gr.on(
        [each.change for each in watched], outlined, watched, [tab.part], show_progress="hidden",
        trigger_mode="always_last", **told.DOORS, **PRIVATE,
    )  # fmt: skip
