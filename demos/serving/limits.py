"""Limits on requests: JSON of a few megabytes, and uploads only while there is room for them. ASGI middleware."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from gradio.route_utils import API_PREFIX
from gradio.utils import get_upload_folder
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 12_000_000
"""Most bytes in the body of a request that is no upload: the page's largest are a painted mask and a camera's frame."""
LOOK_SECONDS = 5.0
"""How old a look at the disk may be."""
UPLOAD = f"{API_PREFIX}/upload"
FULL = "The room for uploads is used up; please try again in an hour."


class Room:
    """How many bytes uploads and results take together."""

    def __init__(self, folder: Callable[[], str] = get_upload_folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen, self._bytes = 0.0, 0

    def taken(self) -> int:
        """As of some seconds ago."""
        with self._lock:
            if time.monotonic() - self._seen > LOOK_SECONDS or not self._seen:
                self._bytes = sum(_size(Path(at) / name) for at, _, names in os.walk(self._folder()) for name in names)
                self._seen = time.monotonic()
            return self._bytes


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # deleted meanwhile
        return 0


class Limits:
    """Refuses requests that are too large, and uploads for which there is no room.

    Args:
        app: what is served.
        room_bytes: of uploads and results together.
        upload_bytes: of one request with uploads.
        room: how many there are.
    """

    def __init__(self, app: ASGIApp, room_bytes: int, upload_bytes: int, room: Room | None = None) -> None:
        self._app, self._most, self._upload, self._room = app, room_bytes, upload_bytes, room or Room()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or answer 413 or 507."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        upload = scope["path"].rstrip("/") == UPLOAD
        most, refused = BODY_BYTES, PlainTextResponse("This request is too large.", status_code=413)
        if upload or "/mcp" in scope["path"]:  # whose pictures come inside the request, and are written to the disk
            room = self._most - await to_thread.run_sync(self._room.taken)
            if room <= 0:
                await PlainTextResponse(FULL, status_code=507)(scope, receive, send)
                return
            most = min(self._upload if upload else 4 * BODY_BYTES, room)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await refused(scope, receive, send)
            return
        got = 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            # Only a body in chunks can be longer than it says; it ends here, and what is left of it is of no use.
            return message if got <= most else {"type": "http.disconnect"}

        await self._app(scope, counted, send)
