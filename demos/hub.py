"""The hub: all tabs in one page."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr
from gradio.i18n import I18nData

from demos.components import magnifier as lens
from demos.components import mask_editor as painter
from demos.components import theme as look
from demos.components.events import PRIVATE
from demos.i18n import language
from demos.navigation import history
from demos.navigation import send_to as sending
from demos.navigation.recipes import Restoring
from demos.navigation.tab_locations import Place
from demos.serving import sessions as visits
from demos.serving.prerender import TITLE
from demos.tabs import api_examples as programs
from demos.tabs import face_swap, home, inpainting, reconstruction, style_v1, style_v2, style_v3, super_resolution
from engine.contracts.settings import settings


class Hub(NamedTuple):
    """What is served."""

    page: gr.Blocks
    words: gr.I18n
    """Of its languages, for ``launch``."""


class Page(gr.Blocks):
    """The page; its API is described in English, whatever languages its labels have."""

    def get_api_info(self, *args: Any, **options: Any) -> Any:
        """Gradio's, with texts for labels."""
        found = super().get_api_info(*args, **options)
        for endpoint in found["named_endpoints"].values():
            for each in (*endpoint["parameters"], *endpoint["returns"]):
                if isinstance(each.get("label"), I18nData):
                    each["label"] = each["label"].key
        return found


def build() -> Hub:
    """The page in all its languages; nothing is loaded or computed before a visitor asks for it."""
    made = page()
    return Hub(made, language.translate(made))


def page() -> Page:
    """The page in English."""
    made = Page(title="Pentimento", analytics_enabled=False, fill_width=True)
    with made:
        with gr.Row(elem_classes=["top"]):
            gr.Markdown(TITLE)
            switch = gr.Button("中文", size="sm", scale=0, min_width=90)
        with gr.Tabs() as tasks:
            with gr.Tab("Home", id="home"):
                first = home.Home()
            places = {**_styles(tasks), **_pictures(tasks)}
            with gr.Tab("For programs", id="programs", visible=settings().api):
                programs.build(made)
        seen = history.HistoryView()
        seen.connect(place.panel for place in places.values() if place.panel)
        switch.click(None, None, None, js=language.SWITCH, queue=False, **PRIVATE)
        first.connect(made, places)
        Restoring(places).connect(made, [first.load])
        _connect_senders(places)
        visits.connect(made)
    made.queue(api_open=False, max_size=4 * settings().queue, default_concurrency_limit=4)
    return made


def _styles(tasks: gr.Tabs) -> dict[str, Place]:
    """The tabs of the three ways to paint."""
    with gr.Tab("Style V1", id="style-v1"), gr.Tabs() as v1:
        with gr.Tab("Transfer", id="transfer"):
            transfer = style_v1.build()
        with gr.Tab("Reconstruction", id="reconstruction"):
            known, known_panel = reconstruction.build()
    with gr.Tab("Style V2", id="style-v2"):
        v2 = style_v2.build()
    with gr.Tab("Style V3", id="style-v3"), gr.Tabs() as v3:
        with gr.Tab("Transfer", id="transfer-v3"):
            transfer_v3 = style_v3.build()
        with gr.Tab("Styles side by side", id="comparison"):
            styles = style_v3.build_comparison()
    taught, taught_panel = v2.taught
    return {
        "style-v1": Place(transfer.controls, [(tasks, "style-v1"), (v1, "transfer")], transfer.panel),
        "reconstruction": Place(known, [(tasks, "style-v1"), (v1, "reconstruction")], known_panel),
        "style-v2": Place(v2.controls, [(tasks, "style-v2"), (v2.views, "photo")], v2.panel),
        "style-v2-video": Place(v2.film.controls, [(tasks, "style-v2"), (v2.views, "video")], mark=v2.film.video),
        "teach-style": Place(taught, [(tasks, "style-v2"), (v2.views, "teach")], taught_panel),
        "style-v3": Place(transfer_v3.controls, [(tasks, "style-v3"), (v3, "transfer-v3")], transfer_v3.panel),
        "style-comparison": Place(styles.controls, [(tasks, "style-v3"), (v3, "comparison")], styles.panel),
    }


def _pictures(tasks: gr.Tabs) -> dict[str, Place]:
    """The tabs of super-resolution, inpainting and face swap."""
    with gr.Tab("Super-resolution", id="super-resolution"), gr.Tabs() as enlarging:
        with gr.Tab("Side by side", id="super-resolution-comparison"):
            methods = super_resolution.build_comparison()
        with gr.Tab("Enlarge", id="enlarge"):
            enlarge = super_resolution.build()
    with gr.Tab("Inpainting", id="inpainting"):
        filling = inpainting.build()
    with gr.Tab("Face swap", id="face-swap"):
        swapping = face_swap.build()
    tab = (tasks, "super-resolution")
    beside = (enlarging, "super-resolution-comparison")
    places = {
        "super-resolution": Place(enlarge.controls, [tab, (enlarging, "enlarge")], enlarge.panel),
        "super-resolution-comparison": Place(methods.controls, [tab, beside], methods.panel),
    }
    for name, both in (("inpainting", filling), ("face-swap", swapping)):
        one, several = both.controls.task.name, both.side_by_side.task.name
        places[one] = Place(both.controls, [(tasks, name), (both.ways, both.first)], both.panel)
        places[several] = Place(both.side_by_side, [(tasks, name), (both.ways, several)], both.compared)
    return places


def _connect_senders(places: dict[str, Place]) -> None:
    """Let every panel's buttons send its result to the first picture of the tab that they name."""
    named = {place.controls.form.title: place for place in places.values()}
    for place in places.values():
        if place.panel and place.controls.form.name != "teach-style":  # whose card goes to the tab beside it
            sending.connect(place.panel, named)


def looks(words: gr.I18n) -> dict[str, Any]:
    """Options for ``launch`` that are a matter of looks."""
    return {"theme": look.THEME, "css": look.CSS + lens.CSS + painter.CSS, "i18n": words}
