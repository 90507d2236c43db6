"""Painting a mask on a picture: brush, eraser and box, with undo.

Why not ``gr.ImageEditor``: it forgets what was painted as soon as one event has read it, and draws a layer that the
server puts into it (a proposal, a file) in another place, where the eraser does not reach it (measured with 6.31). Here
the mask is one small PNG, which the page keeps and every event can read.
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import gradio as gr
import numpy
from PIL import Image

from demos.components.events import shown_errors
from demos.components.mask_canvas import COLOUR, SCRIPT, TEMPLATE, WORDS
from demos.components.uploads import Upload, room_for
from demos.i18n.language import in_template
from engine import PentimentoError, Picture, open_picture
from engine.contracts.errors import MaskError, PictureError
from engine.contracts.messages import Message
from engine.imaging.masks import mask_of
from engine.video.video import Video

SIDE = 2048
"""Longer side in pixels up to which a picture is painted on at its own pixels; a mask on a larger one grows."""
LONGEST = 4_000_000
"""Characters of a mask that is taken from a page."""
_START = "data:image/png;base64,"

FOREIGN = Message("This mask was not painted here.")
PROMPT = Message("Choose a picture, then paint over what should go, or take Object and click on it.")


class MaskEditor(gr.HTML):
    """Gives handlers the painted mask as an upload: white where something is painted, None where nothing is.

    Args:
        prompt: stands in its place until there is a picture.
        picks: whether there is a tool that tells a place of the picture, across and down in percent, as a click.
    """

    def __init__(self, prompt: Message = PROMPT, *, picks: bool = False, **options: Any) -> None:
        fixed = {
            "value": None,
            "html_template": TEMPLATE,
            "js_on_load": in_template({**WORDS, "prompt": prompt}) + SCRIPT,
            "elem_classes": ["mask-painter", *(["picks"] if picks else [])],
        }
        super().__init__(**{**options, **fixed})
        # Gradio sends attributes named as arguments; for a missing one that the script names, it makes an event (6.31).
        self.prompt, self.picks = str(prompt), picks

    def postprocess(self, value: Any) -> Any:
        """As :func:`picture_shown` and :func:`mask_shown` make it."""
        return value

    def preprocess(self, payload: Any) -> Upload:  # type: ignore[override]
        """The mask, the reason why there is none, or nothing."""
        sent = payload.get("mask") if isinstance(payload, dict) else None
        if not sent:
            return None
        try:
            marked = _painted(sent)
        except PictureError as refusal:
            return refusal
        return as_mask(marked) if marked.any() else None


def _painted(sent: Any) -> numpy.ndarray:
    """``(H, W)`` bool from a page's data URL.

    Raises:
        PictureError: it is none, or too long.
    """
    if not isinstance(sent, str) or not sent.startswith(_START) or len(sent) > LONGEST:
        raise MaskError(FOREIGN)
    try:
        data = base64.b64decode(sent.removeprefix(_START), validate=True)
    except binascii.Error:
        raise MaskError(FOREIGN) from None
    with room_for(data):
        layer = open_picture(data, working_pixels=SIDE * SIDE, raster=True)
    alpha = layer.raster.alpha if layer.raster else None
    return numpy.ones(layer.size[::-1], numpy.bool_) if alpha is None else alpha > 127


def as_mask(marked: numpy.ndarray) -> Picture:
    """``(H, W)`` bool -> white on black."""
    return Picture(Image.fromarray(numpy.where(marked, 255, 0).astype(numpy.uint8)).convert("RGB"))


def marked_in(mask: Upload, size: tuple[int, int]) -> numpy.ndarray:
    """``(H, W)`` bool: a painted mask at another size (width, height); all False for none."""
    return mask_of(mask, size) if isinstance(mask, Picture) else numpy.zeros(size[::-1], numpy.bool_)


def picture_shown(picture: Upload) -> tuple[dict[str, str], tuple[int, int] | None]:
    """Value of a :class:`MaskEditor` with a picture and nothing painted; the size that is painted at."""
    if not isinstance(picture, Picture):
        return {"picture": "", "mask": ""}, None
    shown = picture.image.copy()
    shown.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=90)
    return {"picture": "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(), "mask": ""}, shown.size


def mask_shown(marked: numpy.ndarray) -> dict[str, str]:
    """Value of a :class:`MaskEditor` that keeps its picture and shows another mask, ``(H, W)`` bool."""
    layer = Image.new("RGBA", (marked.shape[1], marked.shape[0]))
    layer.paste(COLOUR, (0, 0), Image.fromarray(marked))
    stream = io.BytesIO()
    layer.save(stream, "PNG")
    return {"mask": _START + base64.b64encode(stream.getvalue()).decode()}


def united(painted: Upload, size: tuple[int, int] | None, more: Upload) -> tuple[Any, Any]:
    """Unite the painted mask with one from a file: the editor's new value, and None, which empties the upload.

    Raises:
        gr.Error: the file is no usable mask.
    """
    if size is None or more is None or isinstance(more, Video):
        return gr.skip(), gr.skip()
    with shown_errors():
        if isinstance(more, PentimentoError):
            raise more
        return mask_shown(marked_in(painted, size) | mask_of(more, size)), None
