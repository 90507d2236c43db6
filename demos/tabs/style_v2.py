"""The tab of style V2: a photo, a video or a camera painted in one pass, and a style of one's own taught."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.components import estimates as told
from demos.components.controls import Controls
from demos.components.events import PRIVATE, QUIET
from demos.components.mask_editor import MaskPainter, picture_shown, united
from demos.components.output_panel import Panel
from demos.components.style_tab import connect_presets
from demos.examples import FOLDER
from demos.navigation import send_to as sending
from demos.navigation.tab_locations import Place
from demos.tabs import camera as webcam
from demos.tabs import teach as teaching
from demos.tabs import video as film
from engine.contracts.settings import on_zero_gpu
from engine.feedforward_style.styles import SHIPPED
from engine.tasks.style_v2 import STYLE_V2

PHOTOS = ("temple.jpg", "cat.jpg", "astronaut.jpg", "coffee.jpg")
TEXT = (
    "**One pass of a network** that was trained on V1's losses, instead of a descent for every picture: quick enough "
    "for large photos, video and a camera. Ten styles live in one network; each is only a set of scales and shifts, so "
    "they can be blended. *Any painting* works without training, by the moments of its features (AdaIN). "
    "<span class='quiet'>Johnson et al. 2016; Dumoulin et al. 2017; Huang & Belongie 2017.</span>"
)
SEND_TO = ("Super-resolution", "Style V1", "Style V3", "Inpainting")


class Gallery:
    """Pictures of the styles, made by the network itself; a click chooses one."""

    def __init__(self) -> None:
        names = list(SHIPPED)
        self._names = names
        self.gallery = gr.Gallery(
            [(str(FOLDER / "styles" / f"{name}.jpg"), SHIPPED[name].title) for name in names],
            label="Styles", show_label=False, elem_classes=["styles"], columns=5, rows=2, height=230,
            object_fit="cover", allow_preview=False, interactive=False, buttons=[], format="jpeg",
        )  # fmt: skip

    def connect(self, name: Any, painting: Any) -> None:
        """A click sets the style's name and takes away another painting, which would count instead."""

        def chosen(event: gr.SelectData) -> tuple[str, None]:
            return self._names[event.index], None

        self.gallery.select(chosen, None, [name, painting], **QUIET)


class PhotoTab:
    """Photo, style and region on the left, the panel on the right."""

    views: gr.Tabs
    """The group of tabs that this is in."""
    film: film.FilmTab
    """The view of videos beside it."""
    taught: tuple[Controls, Panel]
    """Of the view that teaches a style."""

    def __init__(self) -> None:
        self.controls = Controls(STYLE_V2)
        with gr.Row():
            with gr.Column(scale=5):
                self._place_pictures()
                self._place_settings()
            with gr.Column(scale=6):
                self._expected = gr.Markdown("Choose a photo, or one of the examples.", elem_classes=["quiet", "notes"])
                self.panel = Panel(STYLE_V2, first="compare", send_to=SEND_TO)

    def _place_pictures(self) -> None:
        with gr.Row():
            self.photo = self.controls.upload("content", height=240)
            self.painting = self.controls.upload("style", height=240)
        self._notes = gr.Markdown(elem_classes=["quiet", "notes"])
        gr.Examples([[str(FOLDER / name)] for name in PHOTOS], [self.photo], label="Examples", cache_examples=False)
        self._gallery = Gallery()
        with gr.Accordion("Where the style goes", open=False):
            self.painter = MaskPainter("Choose a photo, then paint over what the style is for; without, it is for all.")
            self.controls.stand_in("mask", self.painter)
            self.controls.upload("mask", height=160)

    def _place_settings(self) -> None:
        self._preset = gr.Radio(list(STYLE_V2.parameters.presets), value="Balanced", label="Preset")
        for field in self.controls.fields(advanced=False):
            self.controls.control(field)
        with gr.Accordion("Blend with other styles", open=False):
            gr.Markdown("How much each counts, against 1 for the chosen one.", elem_classes=["quiet"])
            for field, count in self.controls.fields_by_name().items():
                for index in range(count):
                    self.controls.control(field, index)
        with gr.Accordion("Advanced", open=False):
            for field in self.controls.fields(advanced=True):
                self.controls.control(field)

    def connect(self) -> None:
        """Bind the events."""
        size, given = gr.State(None), self.controls["mask"]
        painted = [self.painter, size]
        opened: dict[str, Any] = {"show_progress": "hidden", **told.DOORS, **PRIVATE}
        self.photo.change(picture_shown, [self.photo], painted, **opened)
        given.change(united, [*painted, given], [self.painter, given], **opened)  # type: ignore[attr-defined]
        self._gallery.connect(self.controls["style_name"], self.painting)
        connect_presets(self.controls, self._preset)
        told.connect(self.controls, self._notes, self._expected, self.panel.connect(self.controls))


def build() -> PhotoTab:
    """Lay out the tab with its views inside the current Blocks; returns the one for photos."""
    gr.Markdown(TEXT)
    with gr.Tabs() as views:
        with gr.Tab("Photo", id="photo"):
            photo = PhotoTab()
            photo.connect()
        with gr.Tab("Video", id="video"):
            photo.film = film.build()
        if not on_zero_gpu():  # a GPU that is lent for each frame would be of no use
            with gr.Tab("Camera", id="camera"):
                webcam.build()
        with gr.Tab("Teach a style", id="teach"):
            photo.taught = teaching.build()
    place = Place(photo.controls, [(views, "photo")], takes="style")
    sending.connect(photo.taught[1], {"Photo": place})
    photo.views = views
    return photo
