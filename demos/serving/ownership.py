"""Uploads that belong to the visit that has sent them, and to no other. ASGI middleware.

Gradio puts equal files of two visits into one place, named by their content (6.31); here each upload has a place of its
own, which its visit alone is told. A page names its session when it uploads, and what it has uploaded goes with it.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from anyio import to_thread
from gradio.utils import get_upload_folder, is_in_or_equal
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.serving.limits import UPLOAD
from demos.serving.sessions import OWN, Sessions

SESSION = "session"
"""Name of the page's session in the address of an upload."""


class Ownership:
    """Notes who has uploaded what.

    Args:
        app: what is served.
        sessions: of the site.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; the answer to an upload names the new places."""
        if scope["type"] != "http" or scope["path"].rstrip("/") != UPLOAD:
            await self._app(scope, receive, send)
            return
        session = parse_qs(scope["query_string"].decode("latin-1")).get(SESSION, [""])[0]
        start: dict[str, Any] = {}
        body = bytearray()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            told = (
                await to_thread.run_sync(self._moved, bytes(body), session) if start["status"] == 200 else bytes(body)
            )
            kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", str(len(told)).encode())]})
            await send({"type": "http.response.body", "body": told})

        await self._app(scope, receive, answered)

    def _moved(self, answer: bytes, session: str) -> bytes:
        """Gradio's answer with the places that its files have been moved to."""
        paths = json.loads(answer)
        places = [_own_place(Path(path)) for path in paths]
        if session:  # Gradio's own file goes when nobody has it any more; another visit's upload may be the same
            self._sessions.own(
                session, [each for each in (*places, *paths) if is_in_or_equal(each, get_upload_folder())]
            )
        return json.dumps(places).encode()


def _own_place(path: Path) -> str:
    """A further name of an upload, in a folder that nobody can guess; its own where there can be none.

    It is not moved: an equal upload that comes at the same time is told the same path by Gradio.
    """
    folder = get_upload_folder()
    place = Path(folder) / f"{OWN}{secrets.token_hex(32)}" / path.name
    if is_in_or_equal(path, folder):
        with suppress(OSError):
            place.parent.mkdir()
            place.hardlink_to(path)
            return str(place)
    return str(path)
