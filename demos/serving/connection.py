"""A broken connection is not a closed page: streams of events that a page can take up again. ASGI middleware.

Gradio forgets a visit as soon as one of its streams ends, and its page loads itself again when one breaks (6.31). Here
the far end of a stream stays while its page is away: what Gradio says meanwhile is kept, and said when the page asks
for it. A page that is closed says so.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from gradio.route_utils import API_PREFIX
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.serving.sessions import Sessions

MOST_BYTES = 4_000_000
"""Most bytes of a stream that are kept for a page that is away; one that needs older ones has to load itself again."""
MOST_ANSWERS = 1000
"""Calls whose answers are remembered, so that a call that is sent again is not made again."""
STREAMS = (f"{API_PREFIX}/queue/data", f"{API_PREFIX}/heartbeat/")
CALLS = (f"{API_PREFIX}/queue/join", f"{API_PREFIX}/run/")
CLOSED = f"{API_PREFIX}/closed/"
"""What a page asks for when it is closed; its session follows."""
END = b"\n\n"
"""Between two messages of a stream."""


class _Stream:
    """A stream of Gradio's, with the messages that its page may still ask for."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.start: Message | None = None
        """The response's status and headers, once they are known."""
        self.ended = False
        self.listeners = 0
        self._messages: deque[bytes] = deque()
        self._oldest = self._bytes = 0
        self._rest = b""
        self._hung_up, self._changed = asyncio.Event(), asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Begin; Gradio sees a page that is there until :meth:`hang_up`."""

        async def served() -> None:
            try:
                await app(scope, self._receive, self._send)
            finally:
                self.ended = True
                self._tell()

        self._serving = asyncio.create_task(served())

    async def _receive(self) -> Message:
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            *whole, self._rest = (self._rest + message.get("body", b"")).split(END)
            if not message.get("more_body") and self._rest:  # such as the reason of a refusal
                whole.append(self._rest)
            for each in whole:
                self._messages.append(each + END)
                self._bytes += len(each) + len(END)
            while len(self._messages) > 1 and self._bytes > MOST_BYTES:
                self._bytes -= len(self._messages.popleft())
                self._oldest += 1
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def has(self, number: int) -> bool:
        """Whether a page that got so many messages can get the next ones."""
        return self._oldest <= number <= self._oldest + len(self._messages)

    def hang_up(self) -> None:
        """The page is closed, or was away for too long."""
        self._hung_up.set()

    async def listen(self, number: int, receive: Receive, send: Send) -> None:
        """Send all messages from a number on, until the stream ends or the page is away."""
        gone = asyncio.create_task(_disconnected(receive))
        self.listeners += 1
        try:
            started = False
            while not gone.done():
                changed = self._changed
                if self.start is not None and not started:
                    await send(self.start)
                    started = True
                while started and self.has(number) and number - self._oldest < len(self._messages):
                    body = self._messages[number - self._oldest]
                    number += 1
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                if self.ended or not self.has(number):  # too slow for what is kept: the page has to begin anew
                    break
                waiting = asyncio.create_task(changed.wait())
                await asyncio.wait({gone, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            if self.ended and started and self.has(number):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.listeners -= 1
            gone.cancel()
        if self.ended and self._serving is not None:
            self._serving.result()  # raises what went wrong in Gradio


class Connection:
    """Lets pages take up their streams, and makes a call that is sent twice once.

    Args:
        app: what is served.
        seconds: for which a page may be away.
        sessions: that are told which pages are open.
    """

    def __init__(self, app: ASGIApp, seconds: float, sessions: Sessions) -> None:
        self._app, self._seconds, self._sessions = app, seconds, sessions
        self._streams: dict[str, _Stream] = {}
        self._answers: OrderedDict[str, asyncio.Task[Response]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; requests of programs, which name no line and no call, pass unchanged."""
        serve = self._way(scope) if scope["type"] == "http" else None
        await (serve or self._app)(scope, receive, send)

    def _way(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        path, query = scope["path"], _query(scope)
        if scope["method"] == "GET" and "line" in query and path.startswith(STREAMS):
            return self._listen
        if scope["method"] == "POST" and path.startswith(CLOSED):
            return self._close
        return self._call if scope["method"] == "POST" and "call" in query and path.startswith(CALLS) else None

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = _query(scope)
        line, got = query["line"], int(query.get("got", "0")) if query.get("got", "0").isdigit() else 0
        stream = self._streams.get(line)
        if stream is None and got == 0:
            stream = _Stream(query.get("session_hash") or scope["path"].rpartition("/")[2])
            self._forget_ended(stream.session)
            self._streams[line] = stream
            stream.serve(self._app, scope)
            self._sessions.enter(stream.session)
        if stream is None or not stream.has(got):
            await PlainTextResponse("This stream is over.", status_code=410)(scope, receive, send)
            return
        try:
            await stream.listen(got, receive, send)
        finally:
            asyncio.get_running_loop().call_later(self._seconds, self._forget, line)

    def _forget(self, line: str) -> None:
        """A page that nobody listens at has been away for long; later departures have their own look."""
        stream = self._streams.get(line)
        if stream is not None and not stream.listeners:
            self._end(line, stream)

    def _forget_ended(self, session: str) -> None:
        """A page that begins another stream has got all of those that have ended."""
        for line, stream in list(self._streams.items()):
            if stream.session == session and stream.ended and not stream.listeners:
                self._end(line, stream)

    def _end(self, line: str, stream: _Stream) -> None:
        stream.hang_up()
        del self._streams[line]
        self._sessions.leave(stream.session)

    async def _close(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = scope["path"].removeprefix(CLOSED)
        for line, stream in list(self._streams.items()):
            if stream.session == session:
                self._end(line, stream)
        await Response(status_code=204)(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = _query(scope)["call"]
        answer = self._answers.get(call)
        if answer is None:
            answer = self._answers[call] = asyncio.create_task(self._answer(scope, receive))
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        try:
            response = await asyncio.shield(answer)
        except BaseException:
            self._answers.pop(call, None)  # the next one is made
            raise
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        """Gradio's answer to a call, whole."""
        start: dict[str, Any] = {}
        body = bytearray()

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, kept)
        response = Response(bytes(body), start["status"])
        response.raw_headers = list(start["headers"])
        return response


def _query(scope: Scope) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}


async def _disconnected(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
