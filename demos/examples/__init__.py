"""Example pictures, and what fills them in with one click. weights/recipes/examples.py makes the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from gradio.components import Component
from PIL import Image, ImageOps

from demos.components.controls import Controls
from demos.components.events import QUIET
from demos.i18n.language import mark
from engine.contracts.messages import Message
from engine.contracts.task_parts import Example

FOLDER = Path(__file__).parent
THUMBNAIL = 256
"""Side of a thumbnail in pixels."""
CENTRE = (0.5, 0.3)
"""What of a picture its thumbnail shows, across and down: in portraits, faces are above the middle."""
LABEL = Message("Examples")


def place_examples(examples: Sequence[Example], controls: Controls) -> None:
    """The examples of a task: pairs as a gallery, others as a row of pictures."""
    usable = [example for example in examples if all(controls.placed(name) for name in example.pictures)]
    if not usable:
        return
    uploads = [controls[name] for name in usable[0].pictures]
    if len(uploads) > 1:
        _place_gallery(usable, uploads)
        return
    rows = [[*paths_of(example).values()] for example in usable]
    shown = gr.Examples(rows, uploads, label=mark(LABEL), cache_examples=False)
    # The page shows these as they are, in whatever language.
    shown.dataset.elem_classes = ["examples"]
    shown.dataset.headers = [" " * (index + 1) for index in range(len(uploads))]


def paths_of(example: Example) -> dict[str, str | list[str]]:
    """Input -> its file, or its files."""
    return {
        name: str(FOLDER / files) if isinstance(files, str) else [str(FOLDER / each) for each in files]
        for name, files in example.pictures.items()
    }


def _place_gallery(examples: Sequence[Example], uploads: Sequence[Component]) -> None:
    """Thumbnails of the pictures that go together; a click puts them into their inputs."""
    gallery = gr.Gallery(
        [(_thumbnail(example), str(example.caption or "")) for example in examples],
        label=mark(LABEL), show_label=False, elem_classes=["pairs"], columns=len(examples), rows=1, height=150,
        object_fit="cover", allow_preview=False, interactive=False, buttons=[], format="jpeg",
    )  # fmt: skip

    def chosen(event: gr.SelectData) -> list[str | list[str]]:
        return [*paths_of(examples[event.index]).values()]

    gallery.select(chosen, None, [*uploads], **QUIET)


def _thumbnail(example: Example) -> Image.Image:
    """A square with an upright part of each picture of an example, side by side."""
    names = [name if isinstance(name, str) else name[0] for name in example.pictures.values()]
    width = THUMBNAIL // len(names)
    sheet = Image.new("RGB", (len(names) * width, THUMBNAIL))
    for index, name in enumerate(names):
        with Image.open(FOLDER / name) as image:
            sheet.paste(ImageOps.fit(image, (width, THUMBNAIL), centering=CENTRE), (index * width, 0))
    return sheet
