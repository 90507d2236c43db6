"""The inputs of every tab: pictures and videos. What they hand to a handler has passed the engine's door."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import gradio as gr
from gradio.components import Component
from gradio.components.gallery import GalleryData, GalleryImage
from gradio.data_classes import FileData, ImageData
from gradio.processing_utils import save_base64_to_cache
from gradio.route_utils import API_PREFIX
from gradio.utils import is_in_or_equal

from demos.components.drawn_as_base import drawn_as_base
from demos.components.events import refusal
from demos.components.reserved import Reserved
from demos.components.status import seconds
from demos.i18n.language import mark, say, say_plainly
from engine import PentimentoError, Picture
from engine.contracts.errors import ForeignFileError, PictureError, TooManyInputsError, UnreadablePictureError
from engine.contracts.messages import Listing, Message, Text
from engine.contracts.task import InputSpec, Kind
from engine.imaging.door import PIXEL_BYTES, open_input, stated_pixels
from engine.video.video import Video, open_video

Upload = Picture | Video | PentimentoError | None
"""An upload as a handler gets it: a picture or a video, the reason why there is none, or None for no upload."""
Uploads = list[Picture] | PentimentoError | None
"""The same for an upload of several pictures."""
FOREIGN = Message("This file was not uploaded here.")
AS_A_FILE = Message("Please upload the picture as a file.")


K = TypeVar("K", bound=type[Component])

SEPARATOR = " · "
"""Between sentences that stand in one line."""
ADDRESSES = ("http:", "https:")
_DECODING = Reserved(2_000_000_000)
"""Memory for pictures that are being decoded; others wait."""
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

    component: Any = kind
    component.own_files = True
    component.async_move_resource_to_block_cache = moved
    return drawn_as_base(kind)


def takes_own_files(component: Any) -> bool:
    """Whether a component takes only files that were uploaded here."""
    return bool(getattr(component, "own_files", False))


def names_address(value: Any, depth: int = 20) -> bool:
    """Whether there is a file's description in a value whose path or address is one of another server."""
    if depth == 0:
        return True
    if isinstance(value, dict):
        named = (value.get("path"), value.get("url"))
        if any(isinstance(each, str) and each.lower().startswith(ADDRESSES) for each in named):
            return True
        return any(names_address(each, depth - 1) for each in value.values())
    return isinstance(value, list) and any(names_address(each, depth - 1) for each in value)


def _own_file(source: str | Path | None, cache: str) -> str | Path | None:
    """The path of an upload for its address on this server; what is no address, as it is.

    Raises:
        gr.Error: for any other address.
    """
    if not str(source).lower().startswith(ADDRESSES):
        return source
    place = unquote(str(source).partition(f"{API_PREFIX}/file=")[2])
    if not place or not is_in_or_equal(place, cache):
        raise refusal(AS_A_FILE)
    return place


@upload
class PictureUpload(gr.Image):
    """A ``gr.Image`` that gives handlers an :class:`engine.imaging.picture.Picture`.

    Gradio's own component reads any picture on the server when a client sends its path without ``meta``, clips 16 bits
    to white, and decodes a bomb before anybody can object; this one refuses all that.
    """

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        shared: dict[str, Any] = {"sources": ["upload", "clipboard", "webcam"], "buttons": ["fullscreen"]}
        super().__init__(type="pil", alt_text=mark(spec.help), **{**shared, **options})
        self._spec = spec

    def preprocess(self, payload: ImageData | None) -> Upload:  # type: ignore[override]
        """The uploaded file as a picture, or why it cannot be one; ``Controls.read`` raises that.

        The refusal is a value here, because an error in an event that only wants to show a note covers the page's
        outputs with the word "Error" and hides the sentence after some seconds.
        """
        return None if payload is None else _opened(self._spec, payload, self.GRADIO_CACHE)


def _opened(spec: InputSpec, payload: ImageData, cache: str) -> Picture | PictureError:
    if (payload.url or "").startswith("data:") or not payload.path:
        return ForeignFileError(AS_A_FILE)
    if not is_in_or_equal(payload.path, cache):
        return ForeignFileError(FOREIGN)
    try:
        with room_for(Path(payload.path)):
            return open_input(spec, payload.path)
    except PictureError as refusal:
        return refusal


def room_for(source: Path | bytes) -> AbstractContextManager[None]:
    """While inside, the memory that a picture needs when it is decoded is reserved, by what its header says."""
    return _DECODING.bytes(PIXEL_BYTES * stated_pixels(source))


@upload
class PicturesUpload(gr.Gallery):
    """A ``gr.Gallery`` that gives handlers a list of pictures; for inputs that take many."""

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        shared: dict[str, Any] = {
            "columns": 4, "object_fit": "contain", "interactive": True, "format": "jpeg", "buttons": [],
        }  # fmt: skip
        super().__init__(type="filepath", file_types=["image"], **{**shared, **options})
        self._spec = spec

    def files_of(self, value: Any) -> Any:
        """What an MCP client gives, with files for pictures that stand inside the call: Gradio makes them of single
        pictures only (6.31)."""
        if not isinstance(value, list):
            return value
        most = self._spec.most  # what is too much is refused later, and no file is made of it
        return [*map(self._with_file, value[:most]), *value[most:]]

    def _with_file(self, item: Any) -> Any:
        sent = item.get("image") if isinstance(item, dict) else item
        if not (isinstance(sent, str) and sent.startswith("data:image/")):
            return item
        path = save_base64_to_cache(sent, self.GRADIO_CACHE)
        return {"image": {"path": path, "meta": {"_type": "gradio.FileData"}}, "caption": None}

    def api_info(self) -> dict[str, Any]:
        """Gradio's, without pointers: in the schema of an MCP tool, they would lead nowhere."""
        schema = super().api_info()
        return dict(_dereferenced(schema, schema.get("$defs", {})))

    def preprocess(self, payload: GalleryData | None) -> Uploads:  # type: ignore[override]
        """The uploaded files as pictures, or why one of them cannot be one."""
        if payload is None or not payload.root:
            return None
        if (surplus := len(payload.root) - self._spec.most) > 0:
            return TooManyInputsError(
                Message(
                    "At most {most} pictures can be given for {input!r}; please remove {surplus}.",
                    most=self._spec.most, input=self._spec.label, surplus=surplus,
                )
            )  # fmt: skip
        pictures = []
        for number, each in enumerate(payload.root, start=1):
            if not isinstance(each, GalleryImage):
                problem = Message("Number {number} is a video; please give pictures.", number=number)
                return UnreadablePictureError(problem)
            picture = _opened(self._spec, each.image, self.GRADIO_CACHE)
            if isinstance(picture, PictureError):
                return PictureError(Message("Picture {number}: {problem}", number=number, problem=picture.message))
            pictures.append(picture)
        return pictures


def _dereferenced(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """A JSON schema in which everything stands where it is used."""
    if isinstance(schema, list):
        return [_dereferenced(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _dereferenced(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _dereferenced(each, definitions) for name, each in schema.items() if name != "$defs"}


@upload
class VideoUpload(gr.Video):
    """A ``gr.Video`` that gives handlers a :class:`engine.video.video.Video` of the uploaded file itself."""

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        shared: dict[str, Any] = {"sources": ["upload", "webcam"], "format": None}
        super().__init__(**{**shared, **options})
        self._spec = spec

    def preprocess(self, payload: FileData | None) -> Upload:
        """The video, or why it cannot be used; only one that was uploaded here."""
        if payload is None:
            return None
        if not payload.path or not is_in_or_equal(payload.path, self.GRADIO_CACHE):
            return ForeignFileError(FOREIGN)
        try:
            return open_video(Path(payload.path))
        except PictureError as refusal:
            return refusal


class CameraFrames(PictureUpload):
    """A camera that streams: its frames come inside the request, not as files."""

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        super().__init__(spec, sources=["webcam"], streaming=True, buttons=[], **options)

    def preprocess(self, payload: ImageData | None) -> Upload:  # type: ignore[override]
        """A frame as a picture, or why it cannot be one."""
        sent = (payload.url or "") if payload is not None else ""
        if not sent.startswith("data:image/"):
            return super().preprocess(payload)
        try:
            frame = base64.b64decode(sent[:FRAME_LIMIT].partition(",")[2], validate=True)
            with room_for(frame):
                return open_input(self._spec, frame)
        except binascii.Error:
            return UnreadablePictureError(Message("This frame is damaged."))
        except PictureError as refusal:
            return refusal


def upload_for(spec: InputSpec, *, together: bool, **options: Any) -> Any:
    """The component that takes an input; ``together`` where it takes all of its pictures."""
    if spec.kind is Kind.VIDEO:
        return VideoUpload(spec, **options)
    return PicturesUpload(spec, **options) if together else PictureUpload(spec, **options)


def notes_line(label: Text, upload: Upload | Uploads) -> str:
    """In a handler: what the door did with an upload, or why it refused it; empty when there is nothing to say."""
    if isinstance(upload, PentimentoError):
        return f"**{say(label)}: {say_plainly(upload.message)}**"
    if isinstance(upload, Video):
        return say(_described(upload))
    several = upload if isinstance(upload, list) else [upload] if upload is not None else []
    lines = []
    for number, each in enumerate(several, start=1):
        name = Message("{label}, picture {number}", label=label, number=number) if len(several) > 1 else label
        if each.notes:
            lines.append(say(Listing([name, Listing([note.message for note in each.notes])], ": ")))
    return SEPARATOR.join(lines)


def _described(video: Video) -> Text:
    """Size, length and sound of a video, and what is changed or left out."""
    parts: list[Text | str] = ["{} x {}".format(*video.size)]
    if video.seconds:
        parts.append(seconds(video.seconds))
        parts.append(Message("about {frames} frames", frames=video.frames))
    parts.append(Message("with sound") if video.sound else Message("without sound"))
    return Listing([*parts, *(note.message for note in video.notes)])
