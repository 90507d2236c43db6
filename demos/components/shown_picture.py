"""Components that show pictures of the server's, whose files are whole as soon as they have a name.

Gradio (6.31) names a picture's file by its bytes and writes it anew whenever an equal picture is shown: the photo
beside each result, the same result twice. A browser that is fetching the file meanwhile gets a part of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import encode_pil_to_bytes, hash_bytes
from PIL import Image

from demos.components.drawn_as_base import drawn_as_base


def shown_file(image: Image.Image, cache: str, kind: str) -> str:
    """The file of a picture in Gradio's folder: written once, under another name first.

    Args:
        cache: folder of the component's files.
        kind: format of the file, e.g. "jpeg".
    """
    content: bytes = encode_pil_to_bytes(image, kind)  # type: ignore[no-untyped-call]
    folder = Path(cache, hash_bytes(content))
    file = folder / f"image.{kind}"
    try:
        os.utime(file)  # files are removed by their age
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as unnamed:
            unnamed.write(content)
        Path(unnamed.name).replace(file)
    return str(file.resolve())


@drawn_as_base
class ShownPicture(gr.Image):
    """A ``gr.Image`` that no visitor changes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(interactive=False, **{"format": "jpeg", **options})

    def postprocess(self, value: Any) -> Any:
        """Gradio's, of the picture's file."""
        return super().postprocess(_with_file(value, self))


@drawn_as_base
class ShownPair(gr.ImageSlider):
    """A ``gr.ImageSlider`` that no visitor changes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(interactive=False, **{"format": "jpeg", **options})

    def postprocess(self, value: Any) -> Any:
        """Gradio's, of the two pictures' files."""
        return super().postprocess(value and tuple(_with_file(each, self) for each in value))


def _with_file(value: Any, component: gr.Image | gr.ImageSlider) -> Any:
    is_picture = isinstance(value, Image.Image)
    return shown_file(value, component.GRADIO_CACHE, component.format) if is_picture else value
