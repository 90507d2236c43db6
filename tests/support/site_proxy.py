"""A larger site in front of a server: passes requests on that are under a path of its own."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = ("connection", "transfer-encoding", "keep-alive")


@contextmanager
def larger_site(server: str, path: str, *, strips: bool) -> Iterator[str]:
    """A site that has the hub of ``server`` under ``path``, which it takes out of requests or leaves in.

    Yields its address without ``path``.
    """

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            if not self.path.startswith(path):
                self.send_error(404)
                return
            inner = (self.path.removeprefix(path) or "/") if strips else self.path
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            upstream = http.client.HTTPConnection(urlsplit(server).netloc, timeout=120)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            upstream.request(self.command, inner, body, headers)
            answer = upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            with suppress(OSError, http.client.HTTPException):
                while data := answer.read1(65536):
                    self.wfile.write(data)
            upstream.close()

        do_GET = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - names that the base class asks for

        def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - its name in the base class
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.daemon_threads = True
    threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()
    site.server_close()
