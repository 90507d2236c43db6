"""The hub: all tabs in one page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import (
    face_swap,
    inpainting,
    lens,
    look,
    painter,
    reconstruction,
    sending,
    style_v1,
    style_v2,
    style_v3,
    super_resolution,
    visits,
)

QUEUE_SIZE = 20
"""Runs that may wait; more are told that the queue is full."""
FILE_SIZE = "40mb"
"""Largest upload."""
SESSIONS = 100
"""Visits whose last result is remembered; the longest unused is forgotten first."""
CLEANING = (600, 3600)
"""Every so many seconds, uploads and results older than so many seconds are deleted."""


def build() -> gr.Blocks:
    """The page; nothing is loaded or computed before a visitor asks for it."""
    page: gr.Blocks
    with gr.Blocks(title="Pentimento", analytics_enabled=False, delete_cache=CLEANING, fill_width=True) as page:
        gr.Markdown(
            "# Pentimento\nClassical neural image generation: published algorithms that really run, on your picture."
        )
        with gr.Tabs() as tasks:
            with gr.Tab("Style V1", id="style-v1"), gr.Tabs() as v1:
                with gr.Tab("Transfer", id="transfer"):
                    transfer = style_v1.build()
                with gr.Tab("Reconstruction", id="reconstruction"):
                    reconstruction.build()
            with gr.Tab("Style V2", id="style-v2"):
                v2 = style_v2.build()
            with gr.Tab("Style V3", id="style-v3"), gr.Tabs() as v3:
                with gr.Tab("Transfer", id="transfer-v3"):
                    transfer_v3 = style_v3.build()
                with gr.Tab("V1 beside V3", id="comparison"):
                    style_v3.build_comparison()
            with gr.Tab("Super-resolution", id="super-resolution"), gr.Tabs() as enlarging:
                with gr.Tab("Side by side", id="super-resolution-comparison"):
                    super_resolution.build_comparison()
                with gr.Tab("Enlarge", id="enlarge"):
                    enlarge = super_resolution.build()
            with gr.Tab("Inpainting", id="inpainting"):
                filling = inpainting.build()
            with gr.Tab("Face swap", id="face-swap"):
                swapping = face_swap.build()
        places = {
            "Super-resolution": sending.Place(enlarge["image"], [(tasks, "super-resolution"), (enlarging, "enlarge")]),
            "Style V1": sending.Place(transfer["content"], [(tasks, "style-v1"), (v1, "transfer")]),
            "Style V2": sending.Place(v2.photo, [(tasks, "style-v2"), (v2.views, "photo")]),
            "Inpainting": sending.Place(filling.picture, [(tasks, "inpainting")]),
            "Style V3": sending.Place(transfer_v3["content"], [(tasks, "style-v3"), (v3, "transfer-v3")]),
        }
        sending.connect(filling.panel, places)
        sending.connect(v2.panel, places)
        sending.connect(swapping.panel, places)
        visits.connect(page)
    page.queue(api_open=False, max_size=QUEUE_SIZE, default_concurrency_limit=4)
    return page


def launch_options() -> dict[str, Any]:
    """Options for ``launch`` that are part of the product: look, limits, and doors that stay closed."""
    return {
        "theme": look.THEME,
        "css": look.CSS + lens.CSS + painter.CSS,
        "max_file_size": FILE_SIZE,
        "state_session_capacity": SESSIONS,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
    }
