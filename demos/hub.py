"""The hub: all tabs in one page."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from demos import (
    face_swap,
    history,
    home,
    inpainting,
    language,
    lens,
    look,
    painter,
    programs,
    reconstruction,
    sending,
    style_v1,
    style_v2,
    style_v3,
    super_resolution,
    visits,
)
from demos.front import TITLE
from demos.recipes import Restoring, Room
from engine.settings import settings

CLEANING = (600, 3600)
"""Every so many seconds, uploads and results older than so many seconds are deleted."""


class Hub(NamedTuple):
    """What is served."""

    page: gr.Blocks
    words: gr.I18n
    """Of its languages, for ``launch``."""


def build() -> Hub:
    """The page in all its languages; nothing is loaded or computed before a visitor asks for it."""
    made = page()
    return Hub(made, language.translate(made))


def page() -> gr.Blocks:
    """The page in English."""
    page: gr.Blocks
    with gr.Blocks(title="Pentimento", analytics_enabled=False, delete_cache=CLEANING, fill_width=True) as page:
        with gr.Row(elem_classes=["top"]):
            gr.Markdown(TITLE)
            switch = gr.Button("中文", size="sm", scale=0, min_width=90)
        rooms = _tabs(page)
        seen = history.HistoryView()
        seen.connect(room.panel for room in rooms.rooms.values() if room.panel)
        switch.click(None, None, None, js=language.SWITCH, queue=False, api_visibility="private")
        rooms.home.connect(page, rooms.rooms)
        Restoring(rooms.rooms).connect(page, [rooms.home.load])
        visits.connect(page)
    page.queue(api_open=False, max_size=4 * settings().queue, default_concurrency_limit=4)
    return page


class _Rooms(NamedTuple):
    home: home.Home
    rooms: dict[str, Room]


def _tabs(page: gr.Blocks) -> _Rooms:
    """Lay out all tabs; returns where each task is."""
    with gr.Tabs() as tasks:
        with gr.Tab("Home", id="home"):
            first = home.Home()
        with gr.Tab("Style V1", id="style-v1"), gr.Tabs() as v1:
            with gr.Tab("Transfer", id="transfer"):
                transfer = style_v1.build()
            with gr.Tab("Reconstruction", id="reconstruction"):
                known = reconstruction.build()
        with gr.Tab("Style V2", id="style-v2"):
            v2 = style_v2.build()
        with gr.Tab("Style V3", id="style-v3"), gr.Tabs() as v3:
            with gr.Tab("Transfer", id="transfer-v3"):
                transfer_v3 = style_v3.build()
            with gr.Tab("Styles side by side", id="comparison"):
                styles = style_v3.build_comparison()
        with gr.Tab("Super-resolution", id="super-resolution"), gr.Tabs() as enlarging:
            with gr.Tab("Side by side", id="super-resolution-comparison"):
                methods = super_resolution.build_comparison()
            with gr.Tab("Enlarge", id="enlarge"):
                enlarge = super_resolution.build()
        with gr.Tab("Inpainting", id="inpainting"):
            filling = inpainting.build()
        with gr.Tab("Face swap", id="face-swap"):
            swapping = face_swap.build()
        with gr.Tab("For programs", id="programs", visible=settings().api):
            programs.build(page)
    at = {
        "style-v1": [(tasks, "style-v1"), (v1, "transfer")],
        "style-v2": [(tasks, "style-v2"), (v2.views, "photo")],
        "style-v3": [(tasks, "style-v3"), (v3, "transfer-v3")],
        "super-resolution": [(tasks, "super-resolution"), (enlarging, "enlarge")],
        "inpainting": [(tasks, "inpainting"), (filling.ways, "fill")],
        "face-swap": [(tasks, "face-swap"), (swapping.ways, "swap")],
    }
    rooms = {
        "style-v1": Room(transfer.controls, at["style-v1"], transfer.panel),
        "reconstruction": Room(known[0], [(tasks, "style-v1"), (v1, "reconstruction")], known[1]),
        "style-v2": Room(v2.controls, at["style-v2"], v2.panel),
        "style-v2-video": Room(v2.film.controls, [(tasks, "style-v2"), (v2.views, "video")]),
        "teach-style": Room(v2.taught[0], [(tasks, "style-v2"), (v2.views, "teach")], v2.taught[1]),
        "style-v3": Room(transfer_v3.controls, at["style-v3"], transfer_v3.panel),
        "style-comparison": Room(styles.controls, [(tasks, "style-v3"), (v3, "comparison")], styles.panel),
        "super-resolution": Room(enlarge.controls, at["super-resolution"], enlarge.panel),
        "super-resolution-comparison": Room(
            methods.controls, [(tasks, "super-resolution"), (enlarging, "super-resolution-comparison")], methods.panel
        ),
    }
    for name, both in (("inpainting", filling), ("face-swap", swapping)):
        rooms[name] = Room(both.controls, at[name], both.panel)
        beside = both.side_by_side.task.name
        rooms[beside] = Room(both.side_by_side, [at[name][0], (both.ways, beside)], both.compared)
    places = {
        "Super-resolution": sending.Place(enlarge.controls["image"], at["super-resolution"]),
        "Style V1": sending.Place(transfer.controls["content"], at["style-v1"]),
        "Style V2": sending.Place(v2.photo, at["style-v2"]),
        "Style V3": sending.Place(transfer_v3.controls["content"], at["style-v3"]),
        "Inpainting": sending.Place(filling.picture, at["inpainting"]),
    }
    for room in rooms.values():
        if room.panel and room.panel.task.name != "teach-style":
            sending.connect(room.panel, places)
    return _Rooms(first, rooms)


def looks(words: gr.I18n) -> dict[str, Any]:
    """Options for ``launch`` that are a matter of looks."""
    return {"theme": look.THEME, "css": look.CSS + lens.CSS + painter.CSS, "i18n": words}
