"""The picture input of every tab. What it hands to a handler has passed the engine's door."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import gradio as gr
from gradio.components import Component
from gradio.components.gallery import GalleryData, GalleryImage
from gradio.data_classes import ImageData
from gradio.route_utils import API_PREFIX
from gradio.utils import is_in_or_equal

from demos.i18n.language import say
from demos.serving.sessions import Uploaded
from engine import Picture
from engine.contracts.errors import PictureError
from engine.contracts.task import PictureInput

Upload = Picture | PictureError | None
"""What a handler gets for an upload: a picture, the reason why there is none, or nothing."""
Uploads = list[Picture] | PictureError | None
"""The same for an upload of several pictures."""


K = TypeVar("K", bound=type[Component])

FRAME_LIMIT = 8_000_000
"""Characters of a camera's frame."""


def upload(kind: K) -> K:
    """Class decorator: the page draws the component as its base, and it takes only files that were uploaded here.

    Gradio itself would fetch any address for a client. That of an upload on this server stands for the upload.
    """
    plain: Any = kind.__base__

    async def moved(self: Any, url_or_file_path: str | Path | None) -> str | None:
        return await plain.async_move_resource_to_block_cache(  # type: ignore[no-any-return]
            self, _own_file(url_or_file_path, self.GRADIO_CACHE)
        )

    made: Any = kind
    made.is_template = True
    made.get_block_name = lambda self: plain.__name__.lower()
    made.get_config = lambda self, cls=None: plain.get_config(self, plain)
    made.async_move_resource_to_block_cache = moved
    return kind


def _own_file(given: str | Path | None, cache: str) -> str | Path | None:
    """The path of an upload for its address on this server; what is no address, as it is.

    Raises:
        gr.Error: for any other address.
    """
    if not str(given).lower().startswith(("http:", "https:")):
        return given
    place = unquote(str(given).partition(f"{API_PREFIX}/file=")[2])
    if not place or not is_in_or_equal(place, cache):
        raise gr.Error(say("Please upload the picture as a file."), print_exception=False)
    return place


@upload
class PictureUpload(gr.Image):
    """A ``gr.Image`` that gives handlers an :class:`engine.imaging.picture.Picture`.

    Gradio's own component reads any picture on the server when a client sends its path without ``meta``, clips 16 bits
    to white, and decodes a bomb before anybody can object; this one refuses all that.
    """

    def __init__(self, given: PictureInput, **options: Any) -> None:
        shared: dict[str, Any] = {"sources": ["upload", "clipboard", "webcam"], "buttons": ["fullscreen"]}
        super().__init__(type="pil", alt_text=given.help, **{**shared, **options})
        self._given = given

    def preprocess(self, payload: ImageData | None) -> Upload:  # type: ignore[override]
        """The uploaded file as a picture, or why it cannot be one; ``Controls.read`` raises that.

        The refusal is a value here, because an error in an event that only wants to show a note covers the page's
        outputs with the word "Error" and hides the sentence after some seconds.
        """
        return None if payload is None else _opened(self._given, payload, self.GRADIO_CACHE)


def _opened(given: PictureInput, payload: ImageData, cache: str) -> Picture | PictureError:
    if (payload.url or "").startswith("data:") or not payload.path:
        return PictureError("Please upload the picture as a file.")
    if not is_in_or_equal(payload.path, cache):
        return PictureError("This file was not uploaded here.")
    try:
        opened = given.open(payload.path)
    except PictureError as refusal:
        return refusal
    return Uploaded(**{each.name: getattr(opened, each.name) for each in fields(opened)}, path=payload.path)


@upload
class PicturesUpload(gr.Gallery):
    """A ``gr.Gallery`` that gives handlers a list of pictures; for inputs that take many."""

    def __init__(self, given: PictureInput, **options: Any) -> None:
        shared: dict[str, Any] = {
            "columns": 4,
            "object_fit": "contain",
            "interactive": True,
            "format": "jpeg",
            "buttons": [],
        }
        super().__init__(type="filepath", file_types=["image"], **{**shared, **options})
        self._given = given

    def preprocess(self, payload: GalleryData | None) -> Uploads:  # type: ignore[override]
        """The uploaded files as pictures, or why one of them cannot be one."""
        if payload is None or not payload.root:
            return None
        if len(payload.root) > self._given.most:
            many = len(payload.root) - self._given.most
            return PictureError(
                f"At most {self._given.most} pictures can be given for {self._given.label!r}; please remove {many}."
            )
        found = []
        for number, each in enumerate(payload.root, start=1):
            if not isinstance(each, GalleryImage):
                return PictureError(f"Number {number} is a video; please give pictures.")
            picture = _opened(self._given, each.image, self.GRADIO_CACHE)
            if isinstance(picture, PictureError):
                return PictureError(f"Picture {number}: {picture}")
            found.append(picture)
        return found


class CameraFrames(PictureUpload):
    """A camera that streams: its frames come inside the request, not as files."""

    def __init__(self, given: PictureInput, **options: Any) -> None:
        super().__init__(given, sources=["webcam"], streaming=True, buttons=[], **options)

    def preprocess(self, payload: ImageData | None) -> Upload:  # type: ignore[override]
        """A frame as a picture, or why it cannot be one."""
        sent = (payload.url or "") if payload is not None else ""
        if not sent.startswith("data:image/"):
            return super().preprocess(payload)
        try:
            return self._given.open(base64.b64decode(sent[:FRAME_LIMIT].partition(",")[2], validate=True))
        except binascii.Error:
            return PictureError("This frame is damaged.")
        except PictureError as refusal:
            return refusal


def notes_line(uploads: Mapping[str, Upload | Uploads]) -> str:
    """What the door did with each upload, or why it refused it; empty when there is nothing to say."""
    told = []
    for label, upload in uploads.items():
        if isinstance(upload, PictureError):
            told.append(f"**{say(label)}: {say(str(upload))}**")
            continue
        several = upload if isinstance(upload, list) else [upload] if upload is not None else []
        for number, each in enumerate(several, start=1):
            name = say("{}, picture {}", say(label), number) if len(several) > 1 else say(label)
            told += [f"{name}: {', '.join(say(note) for note in each.notes)}"] if each.notes else []
    return " · ".join(told)
