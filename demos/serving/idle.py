"""Connections that never ask for anything: uvicorn keeps them for ever, and each takes a file descriptor."""

from __future__ import annotations

from typing import Any

LONGEST_SECONDS = 60.0
"""How long a connection may take for its first request."""


class IdleConnections:
    """Remembers since when connections have been without a request."""

    def __init__(self) -> None:
        self._since: dict[Any, float] = {}

    def close(self, server: Any, now: float) -> int:
        """Close those that have waited for too long; returns how many.

        Args:
            server: uvicorn's; what has had a request is closed by its own ``timeout_keep_alive``.
            now: by a clock that only goes on.
        """
        waiting = [each for each in list(server.server_state.connections) if getattr(each, "cycle", self) is None]
        self._since = {each: self._since.get(each, now) for each in waiting}
        late = [each for each, since in self._since.items() if now - since > LONGEST_SECONDS]
        for each in late:
            each.loop.call_soon_threadsafe(each.transport.close)
        return len(late)
