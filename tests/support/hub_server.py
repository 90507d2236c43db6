"""A stand-in for the Hugging Face Hub: serves one file by the Hub's own rules, or misbehaves as told."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal

from tests.support.asking import loopback

Manner = Literal["good", "missing", "gated", "forbidden", "breaks", "breaks-once", "silent", "stalls", "error"]
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server does, and what it has been asked."""

    data: bytes
    manner: Manner = "good"
    url: str = ""
    gets: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _note(self, asked: list[str]) -> None:
        if "/resolve/" in self.path:  # the client also asks for a list that has nothing to do with files
            asked.append(self.path)

    def do_HEAD(self) -> None:
        self._note(self.hub.heads)
        if self.hub.manner == "silent":
            time.sleep(30)
            return
        self._answer(body=False)

    def do_GET(self) -> None:
        self._note(self.hub.gets)
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        refusals = {
            "missing": (404, "EntryNotFound"),
            "gated": (401, "GatedRepo"),
            "forbidden": (403, ""),
            "error": (500, ""),
        }
        if self.hub.manner in refusals:
            code, kind = refusals[self.hub.manner]
            self.send_response(code)
            if kind:
                self.send_header("X-Error-Code", kind)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first = self._first_byte()
        self.send_response(206 if first else 200)
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("ETag", f'"{hashlib.sha256(self.hub.data).hexdigest()}"')
        self.send_header("Content-Length", str(len(self.hub.data) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(self.hub.data) - 1}/{len(self.hub.data)}")
        self.end_headers()
        if body:
            self._send(self.hub.data[first:])

    def _first_byte(self) -> int:
        asked = self.headers.get("Range", "")
        return int(asked.removeprefix("bytes=").split("-")[0]) if asked.startswith("bytes=") else 0

    def _send(self, data: bytes) -> None:
        half = len(data) // 2
        if self.hub.manner == "breaks" or (self.hub.manner == "breaks-once" and len(self.hub.gets) == 1):
            self.wfile.write(data[: half if self.hub.manner == "breaks-once" else 0])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        if self.hub.manner == "stalls":
            self.wfile.write(data[:half])
            self.wfile.flush()
            time.sleep(30)
            return
        self.wfile.write(data)


@contextmanager
def serve(data: bytes, manner: Manner) -> Iterator[Hub]:
    """Run the server on a free loopback port."""
    hub = Hub(data, manner)
    handler = type("Handler", (_Handler,), {"hub": hub})
    with loopback(handler) as hub.url:
        yield hub
