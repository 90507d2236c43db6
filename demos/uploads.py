"""The picture input of every tab. What it hands to a handler has passed the engine's door."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import is_in_or_equal

from engine import PentimentoError, Picture, open_picture
from engine.registry import PictureInput, Pictures


class PictureUpload(gr.Image):
    """A ``gr.Image`` that gives handlers an :class:`engine.picture.Picture`.

    Gradio's own component reads any picture on the server when a client sends its path without ``meta``, clips 16 bits
    to white, and decodes a bomb before anybody can object; this one refuses all that.
    """

    is_template = True  # the page draws it as the "image" component

    def __init__(self, given: PictureInput, **options: Any) -> None:
        super().__init__(
            type="pil",
            sources=["upload", "clipboard", "webcam"],
            buttons=["fullscreen"],
            alt_text=given.help,
            **options,
        )
        self._working_pixels = given.working_pixels

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """What the page needs: a plain image component."""
        return super().get_config(gr.Image)

    def preprocess(self, payload: ImageData | None) -> Picture | None:  # type: ignore[override]
        """The uploaded file as a picture; gr.Error with one sentence when it cannot be one."""
        if payload is None:
            return None
        if (payload.url or "").startswith("data:") or not payload.path:
            raise gr.Error("Please upload the picture as a file.", print_exception=False)
        if not is_in_or_equal(payload.path, self.GRADIO_CACHE):
            raise gr.Error("This file was not uploaded here.", print_exception=False)
        try:
            return open_picture(payload.path, working_pixels=self._working_pixels)
        except PentimentoError as error:
            raise gr.Error(str(error), print_exception=False) from None


def notes_line(pictures: Pictures) -> str:
    """What the door did, for the line under the uploads; empty when it did nothing."""
    told = [
        f"{name}: {', '.join(picture.notes)}" for name, given in pictures.items() for picture in given if picture.notes
    ]
    return " · ".join(told)
