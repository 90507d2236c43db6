"""The gate of the server: routes that are open, hosts and sites that may ask, and how often one address may. ASGI.

What is not let in here reaches neither a handler nor a session.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote

from anyio import to_thread
from gradio.route_utils import API_PREFIX
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.serving.limits import BODY_BYTES
from demos.serving.neighbours import Neighbours
from engine.runtime.unforeseen import noted

_NAME = r"[\w-]+"
OPEN = {
    "GET": (
        r"/|/config/?|/(?:static|assets)/.+|/favicon\.ico|/theme\.css|/manifest\.json|/pwa_icon(?:/\d+)?|/robots\.txt"
        r"|/login/?|/logout|/healthz|/metrics|/openapi\.json|/cards/[\w-]+\.jpg"
        rf"|{API_PREFIX}/(?:info/?|openapi\.json|app_id/?|startup-events|theme\.css|user/?|login_check/?|token/?)"
        rf"|{API_PREFIX}/(?:queue/data|upload_progress|heartbeat/{_NAME}|call/(?:v2/)?{_NAME}/{_NAME}|file=.+)"
        rf"|{API_PREFIX}/mcp/?(?:{_NAME})?"
    ),
    "POST": (
        rf"/login/?|{API_PREFIX}/(?:upload/?|queue/join|cancel|reset/?|(?:run|api|call|call/v2)/{_NAME}/?)"
        rf"|{API_PREFIX}/(?:stream/{_NAME}(?:/close)?|closed/{_NAME}|mcp/?(?:{_NAME})?/?)"
    ),
    "DELETE": rf"{API_PREFIX}/mcp/?",
    "OPTIONS": ".*",
}
"""Method -> paths that are open; HEAD is open where GET is. A route that is not here is closed, whatever Gradio has."""
_OPEN = {method: re.compile(paths) for method, paths in OPEN.items()}
_RANGE = re.compile(rb"bytes=(?:\d+-\d*|-\d+)")
"""Parts of files that browsers ask for; others are answered with the whole file, as HTTP allows."""
LOGINS = "8 per 1 minute; 40 per 1 hour"
"""How often one address may try a password."""
SESSIONS = 600
"""Sessions that one address may begin within :data:`SESSION_SECONDS`: each takes some memory until it is closed."""
SESSION_SECONDS = 3600.0
OPEN_REQUESTS = 200
"""Requests of one address that may be open at a time; a page has two, its streams."""
MOST_BRACKETS = 4000
"""Lists and objects in a request; millions of them in 12 MB would take a gigabyte as Python's own."""
JSON_BYTES = 64_000
"""Most bytes of a request in JSON that has no drawing and no camera's frame in it."""
PROGRAMS = tuple(f"{API_PREFIX}/{path}" for path in ("call/", "api/", "openapi.json", "mcp"))
"""Paths that only programs need; Gradio's page asks for the description of its endpoints, too."""
DRAWN = tuple(f"{API_PREFIX}/{path}" for path in ("queue/join", "run/", "api/", "stream/", "mcp"))
"""Paths whose requests may have a drawing, a camera's frame or a picture in them."""


@dataclass
class _Begun:
    """Sessions that an address has begun, and when."""

    names: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def add(self, name: str, now: float) -> bool:
        """Whether there may be one more."""
        while self.names and next(iter(self.names.values())) < now - SESSION_SECONDS:
            self.names.popitem(last=False)
        if name not in self.names and len(self.names) >= SESSIONS:
            return False
        self.names[name] = now
        self.names.move_to_end(name)
        return True


class Gate:
    """Lets requests in, or answers them itself.

    Args:
        app: what is served.
        known: who may ask.
        rate: requests a second that one address may send.
    """

    def __init__(self, app: ASGIApp, known: Neighbours, rate: int) -> None:
        self._app, self._known = app, known
        self._window = MovingWindowRateLimiter(MemoryStorage())
        work = f"{5 * rate} per 5 second; {200 * rate} per 10 minute"
        self._rates: dict[str, list[RateLimitItem]] = {"work": parse_many(work), "login": parse_many(LOGINS)}
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._busy: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or answer 403, 404, 413 or 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = self._seen(scope)
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] == "POST" and _is_json(scope):
            body, refusal = await self._read(scope, receive)
            receive = _replayed(body, receive)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if _is_login(scope) and not self._known.embedded:
            send = _own_cookies(send)
        address = _address(scope)
        self._busy[address] += 1
        try:
            if self._busy[address] > OPEN_REQUESTS:
                await PlainTextResponse("Too many open pages in your network.", status_code=429)(scope, receive, send)
            else:
                await self._serve(scope, receive, send)
        finally:
            self._busy[address] -= 1
            if not self._busy[address]:
                del self._busy[address]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Gradio answer; what it does not understand is one sentence, and no traceback in the log."""
        begun = ended = False

        async def sent(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except ClientDisconnect:
            pass  # who has asked does not wait for an answer
        except Exception as error:  # noqa: BLE001 - it is logged, and told as a sentence
            if begun and not ended:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif not begun:
                noted(error)
                await PlainTextResponse("This request cannot be understood.", status_code=400)(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        """The request as it is known to be: where it comes from, and without what only Gradio itself may claim."""
        headers = list(scope["headers"])
        peer = (scope.get("client") or ("", 0))[0]
        forwarded = [value for name, value in headers if name == b"x-forwarded-for"]
        if self._known.proxies and forwarded:
            entries = b",".join(forwarded).decode("latin-1").split(",")
            peer = entries[-min(self._known.proxies, len(entries))].strip()
        if forwarded or not _is_loopback(peer):  # Gradio's own calls for MCP clients come from here
            headers = [(name, value) for name, value in headers if name != b"x-gradio-user" or value != b"mcp"]
        headers = [(name, value) for name, value in headers if name != b"range" or _RANGE.fullmatch(value)]
        return {**scope, "headers": headers, "client": (peer, (scope.get("client") or ("", 0))[1])}

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        method, path = scope["method"], scope["path"]
        pattern = _OPEN.get("GET" if method == "HEAD" else method)
        closed = not self._known.api and path.startswith(PROGRAMS)
        if pattern is None or not pattern.fullmatch(path) or _is_address(path) or closed or _names_page(scope):
            return PlainTextResponse("There is nothing here.", status_code=404)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin", "")
        if not self._known.knows(host):
            return PlainTextResponse(
                "This server does not know the name it was asked for under; its owner can name it in PENTIMENTO_HOSTS.",
                status_code=403,
            )
        if origin and not self._known.may_ask(origin, (host, headers.get(b"x-forwarded-host", ""))):
            return PlainTextResponse(
                "Pages of other sites may not ask this server; its owner can name them in PENTIMENTO_SITES.",
                status_code=403,
            )
        kind = "login" if _is_login(scope) else "work"
        if method == "POST" and not all(self._window.hit(rate, kind, _address(scope)) for rate in self._rates[kind]):
            return PlainTextResponse("Too many requests; please wait a minute.", status_code=429)
        return None

    async def _read(self, scope: Scope, receive: Receive) -> tuple[bytes, PlainTextResponse | None]:
        """The body of a request in JSON, and why it is refused."""
        most = BODY_BYTES if scope["path"].startswith(DRAWN) else JSON_BYTES
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            return b"", PlainTextResponse("This request is too large.", status_code=413)
        body, brackets, more = bytearray(), 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part = message.get("body", b"")
            more = message.get("more_body", False)
            body += part
            brackets += part.count(b"[") + part.count(b"{")
            if len(body) > most or brackets > MOST_BRACKETS:
                return b"", PlainTextResponse("This request is too large.", status_code=413)
        session = await to_thread.run_sync(_session_of, bytes(body))
        if session and not self._sessions_of(_address(scope)).add(session, time.monotonic()):
            return b"", PlainTextResponse("Too many visits from your network; please try again later.", status_code=429)
        return bytes(body), None

    def _sessions_of(self, address: str) -> _Begun:
        begun = self._begun.setdefault(address, _Begun())
        self._begun.move_to_end(address)
        while len(self._begun) > 10_000:
            self._begun.popitem(last=False)
        return begun


def _address(scope: Scope) -> str:
    """The network address; of IPv6, the part that one customer has."""
    peer = str((scope.get("client") or ("", 0))[0])
    return ":".join(peer.split(":")[:4]) if ":" in peer else peer


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:  # a socket of this machine has no address
        return not peer


def _names_page(scope: Scope) -> bool:
    """Whether another page than the only one is asked for."""
    return any(parse_qs(scope.get("query_string", b"").decode("latin-1")).get("page", ()))


def _is_address(path: str) -> bool:
    """Whether a path asks for a file of another server."""
    place = unquote(path.partition(f"{API_PREFIX}/file=")[2]).lower()
    return "://" in place or place.startswith(("http:", "https:"))


def _is_login(scope: Scope) -> bool:
    return str(scope["path"]).rstrip("/") == "/login"


def _own_cookies(send: Send) -> Send:
    """Cookies for this site alone; Gradio's would come along when any other site asks."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, re.sub(rb"(?i)samesite=none", b"SameSite=Lax", value) if name == b"set-cookie" else value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await send(message)

    return sent


def _is_json(scope: Scope) -> bool:
    path = scope["path"]
    return not path.startswith((f"{API_PREFIX}/upload", "/login"))


def _session_of(body: bytes) -> str:
    """The session that a request names; empty for none."""
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return ""
    name = values.get("session_hash") if isinstance(values, dict) else None
    return str(name)[:64] if name else ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body again, then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
