"""A hub under a path of a larger site, whose proxy may leave that path in its requests. ASGI middleware."""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send


def root_path() -> str:
    """The path that this hub is served under, by ``GRADIO_ROOT_PATH``, which may be a whole address; empty for none."""
    return ("/" + urlsplit(os.environ.get("GRADIO_ROOT_PATH", "")).path.strip("/")).rstrip("/")


class SubPath:
    """Takes the path out of requests that still have it; Gradio knows its routes without (6.31).

    Args:
        app: what is served.
        root: see :func:`root_path`.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        path = scope.get("path", "")
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            inner = path.removeprefix(self._root) or "/"
            scope = {**scope, "path": inner, "raw_path": quote(inner).encode()}
        await self._app(scope, receive, send)
