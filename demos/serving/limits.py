"""Limits on requests: JSON of a few megabytes, and uploads only while there is room for them. ASGI middleware."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from anyio import to_thread
from gradio.route_utils import API_PREFIX
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.serving.address import places
from demos.serving.prerender import language_of
from engine.contracts import messages

BODY_BYTES = 12_000_000
"""Most bytes in the body of a request that is no upload: the page's largest are a painted mask and a camera's frame."""
LOOK_SECONDS = 5.0
"""How old a look at the disk may be."""
BLOCK = 4096
"""Bytes that the smallest file takes, and a folder."""
UPLOAD, MCP = f"{API_PREFIX}/upload", f"{API_PREFIX}/mcp"
FULL = messages.Message("The room for uploads is used up; please try again in an hour.")


class Room:
    """How many bytes uploads and results take together."""

    def __init__(self, folders: Callable[[], list[Path]] = places) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._seen, self._bytes, self._free = 0.0, 0, 0
        self._coming = 0

    def left(self, most: int) -> int:
        """How many more bytes there may be, of so many and on the disk; as of some seconds ago."""
        with self._lock:
            if time.monotonic() - self._seen > LOOK_SECONDS or not self._seen:
                folders = self._folders()
                files = (Path(at) / name for each in folders for at, _, names in os.walk(each) for name in names)
                self._bytes = sum(dict(map(_size, files)).values())
                self._free = shutil.disk_usage(folders[0]).free if folders[0].is_dir() else most
                self._seen = time.monotonic()
            return min(most - self._bytes, self._free) - self._coming

    def reserve(self, count: int) -> None:
        """So many bytes are on their way."""
        with self._lock:
            self._coming += count

    def release(self, reserved: int, got: int) -> None:
        """Of those, so many have come; they are counted until the next look at the disk."""
        with self._lock:
            self._coming -= reserved
            self._bytes += got


def _size(path: Path) -> tuple[tuple[int, int], int]:
    """A file, whatever its name, and what it takes on the disk; a tiny one takes a block, and so does its folder."""
    try:
        status = path.stat()
    except OSError:  # deleted meanwhile
        return (0, 0), 0
    size = max(status.st_size, 512 * getattr(status, "st_blocks", 0), BLOCK) + BLOCK
    return (status.st_dev, status.st_ino), size


class Limits:
    """Refuses requests that are too large, and uploads for which there is no room.

    Args:
        app: what is served.
        room_bytes: of uploads and results together.
        upload_bytes: of one request with uploads.
        full: language -> what is said when there is no room.
        room: how many there are.
    """

    def __init__(
        self, app: ASGIApp, room_bytes: int, upload_bytes: int, full: Mapping[str, str], room: Room | None = None
    ) -> None:
        self._app, self._most, self._upload, self._full = app, room_bytes, upload_bytes, full
        self._room = room or Room()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or answer 413 or 507."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        upload = scope["path"].rstrip("/") == UPLOAD
        most, refused = BODY_BYTES, PlainTextResponse("This request is too large.", status_code=413)
        if upload or scope["path"].startswith(MCP):  # its pictures come inside the request, and go to the disk
            room = await to_thread.run_sync(self._room.left, self._most)
            if room <= 0:
                full = self._full[language_of(scope)]
                await PlainTextResponse(full, status_code=507)(scope, receive, send)
                return
            most = min(self._upload if upload else BODY_BYTES, room)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await refused(scope, receive, send)
            return
        got = reserved = 0
        if upload:
            reserved = int(declared) or most  # a body in chunks does not say how long it is
            self._room.reserve(reserved)

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            # Only a body in chunks can be longer than it says; it ends here, and what is left of it is of no use.
            return message if got <= most else {"type": "http.disconnect"}

        try:
            await self._app(scope, counted, send)
        finally:
            if reserved:
                self._room.release(reserved, got)
