"""A proxy between a browser and a server whose connections can be cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes bytes both ways; while it is cut, nothing gets through and nobody gets in.

    Args:
        port: of the server, on this machine.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        """Where it listens, without "/" at the end."""
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Let connections in (again)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._take, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Close every connection, and let none in."""
        with self._lock:
            ends, self._open = self._open, set()
            if self._listener is not None:
                ends.add(self._listener)
            self._listener = None
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:  # cut
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            with self._lock:
                in_time = self._listener is listener
                if in_time:
                    self._open |= {visitor, server}
            if not in_time:  # it was cut while this one came in
                visitor.close()
                server.close()
                return
            for ends in ((visitor, server), (server, visitor)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with self._lock:
            self._open -= {source, target}
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
