"""Painting a mask on a picture: brush and eraser, and the tools that put something into the painted layer."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy
from gradio.components.image_editor import EditorData
from gradio.utils import is_in_or_equal
from PIL import Image

from demos.uploads import Upload
from engine import Picture, open_picture
from engine.errors import PictureError

SIDE = 1024
"""Longer side in pixels of the picture that is painted on; the mask grows to the picture's own size afterwards."""
HEIGHT = 460
COLOUR = (255, 64, 160, 150)
"""Of the mask: seen on every photo, and the photo is seen through it."""
BRUSH = 28

UNCHANGED = "unchanged"
"""What a handler gets when the page has nothing newer than what it sent before."""
Painted = Picture | PictureError | str | None


class MaskPainter(gr.ImageEditor):
    """An image editor that gives handlers the union of its painted layers as a mask: white where something is painted.

    Gradio forgets what a page has sent as soon as one event has read it, and gives the next one an empty picture; this
    one says :data:`UNCHANGED` then. Layers pass the same door as uploads.
    """

    is_template = True  # the page draws it as the "imageeditor" component

    def __init__(self, **options: Any) -> None:
        colour = _css(COLOUR)
        super().__init__(
            type="filepath", format="png", label="Paint over what should go", layers=False, transforms=(), sources=(),
            height=HEIGHT, canvas_size=(SIDE, SIDE), buttons=["fullscreen"],
            brush=gr.Brush(default_size=BRUSH, colors=[colour], color_mode="fixed", default_color=colour),
            eraser=gr.Eraser(default_size=BRUSH), placeholder="Choose a picture first.", **options,
        )  # fmt: skip

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """What the page needs: a plain image editor."""
        return super().get_config(gr.ImageEditor)

    def preprocess(self, payload: EditorData | None) -> Painted:  # type: ignore[override]
        """The mask, the reason why there is none, nothing, or :data:`UNCHANGED`."""
        if payload is None:
            return None
        if payload.id is not None and payload.id not in self.blob_storage:
            return UNCHANGED
        try:
            return self._mask(payload)
        except PictureError as refusal:
            return refusal

    def _mask(self, payload: EditorData) -> Picture | None:
        layers: list[Any]
        if payload.id is not None:
            layers = [data for data in self.blob_storage.pop(payload.id).layers or () if data is not None]
        else:
            layers = [each.path for each in payload.layers if each is not None]
            if not all(is_in_or_equal(path, self.GRADIO_CACHE) for path in layers):
                raise PictureError("This mask was not painted here.")
        found = [_painted(open_picture(layer, raster=True)) for layer in layers]
        marked = [each for each in found if each.any() and each.shape == found[0].shape]
        return as_mask(numpy.logical_or.reduce(marked)) if marked else None


def _painted(layer: Picture) -> numpy.ndarray:
    """``(H, W)`` bool: where a layer is not transparent."""
    alpha = layer.raster.alpha if layer.raster else None
    return numpy.ones(layer.size[::-1], numpy.bool_) if alpha is None else alpha > 0


def as_mask(marked: numpy.ndarray) -> Picture:
    """``(H, W)`` bool -> white on black."""
    return Picture(Image.fromarray(numpy.where(marked, 255, 0).astype(numpy.uint8)).convert("RGB"))


def marked_in(mask: Picture | None, size: tuple[int, int]) -> numpy.ndarray:
    """``(H, W)`` bool: a mask at another size (width, height); all False for none."""
    if mask is None:
        return numpy.zeros(size[::-1], numpy.bool_)
    return numpy.asarray(mask.image.convert("L").resize(size, Image.Resampling.NEAREST)) > 127


def canvas_of(picture: Upload) -> Image.Image | None:
    """The picture as it is painted on."""
    if not isinstance(picture, Picture):
        return None
    shown = picture.image.copy()
    shown.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return shown


def painting(canvas: Image.Image | None, mask: Picture | None) -> dict[str, Any] | None:
    """Value of a :class:`MaskPainter`: a picture with a mask painted on it."""
    if canvas is None:
        return None
    layer = Image.new("RGBA", canvas.size)
    layer.paste(COLOUR, (0, 0), Image.fromarray(marked_in(mask, canvas.size)))
    return {"background": canvas, "layers": [layer] if mask is not None else [], "composite": None}


def _css(colour: tuple[int, int, int, int]) -> str:
    red, green, blue, opacity = colour
    return f"rgba({red}, {green}, {blue}, {opacity / 255:.2f})"
