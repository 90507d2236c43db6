"""Example pictures, and the gallery that fills them in with one click. weights/recipes/examples.py makes the files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import gradio as gr
from gradio.components import Component
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent
THUMBNAIL = 128
"""Side of each half of a thumbnail, in pixels."""


class Pair(NamedTuple):
    """Two example pictures that go together."""

    first: str
    second: str
    caption: str

    def thumbnail(self) -> Image.Image:
        """Both, side by side."""
        sheet = Image.new("RGB", (2 * THUMBNAIL, THUMBNAIL))
        for index, name in enumerate((self.first, self.second)):
            with Image.open(FOLDER / name) as image:
                sheet.paste(ImageOps.fit(image, (THUMBNAIL, THUMBNAIL)), (index * THUMBNAIL, 0))
        return sheet


def pair_gallery(pairs: tuple[Pair, ...], first: Component, second: Component) -> None:
    """Thumbnails of the pairs; a click puts both pictures into their inputs."""
    gallery = gr.Gallery(
        [(pair.thumbnail(), pair.caption) for pair in pairs],
        label="Examples", show_label=False, elem_classes=["pairs"], columns=len(pairs), rows=1, height=150,
        object_fit="cover", allow_preview=False,
        interactive=False, buttons=[], format="jpeg",
    )  # fmt: skip

    def chosen(event: gr.SelectData) -> tuple[str, str]:
        pair = pairs[event.index]
        return str(FOLDER / pair.first), str(FOLDER / pair.second)

    gallery.select(chosen, None, [first, second], queue=False, show_progress="hidden", api_visibility="private")
