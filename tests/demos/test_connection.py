"""Streams that a page can take up again, at a server of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from demos.serving import connection
from demos.serving.connection import Connection
from demos.serving.sessions import Sessions

HEARTBEAT = "/gradio_api/heartbeat/visit"


class Source:
    """A stream whose messages the test decides on, and a call that counts."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.left = self.opened = self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            self.calls += 1
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(self.calls).encode()})
            return
        self.opened += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone, body = asyncio.create_task(receive()), b""
        while not gone.done() and body is not None:
            message = asyncio.create_task(self.messages.get())
            await asyncio.wait({gone, message}, return_when=asyncio.FIRST_COMPLETED)
            body = await message if message.done() else None
            if body is not None:
                await send({"type": "http.response.body", "body": body, "more_body": True})
        self.left += gone.done()
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
        gone.cancel()


class Page:
    """One request, which the test can break off."""

    def __init__(self, app: Connection, path: str, query: str = "", method: str = "GET") -> None:
        self.body, self.status, self.ended = b"", 0, False
        self._gone = asyncio.Event()
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": []}
        self._request = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def breaks_off(self) -> None:
        self._gone.set()
        await self._request

    async def answered(self) -> None:
        await self._request


def played(
    scene: Callable[[Source, Connection], Awaitable[None]], seconds: float = 60, sessions: Sessions | None = None
) -> None:
    async def whole() -> None:
        source = Source()
        await asyncio.wait_for(scene(source, Connection(source, seconds, sessions or Sessions())), 20)

    with ThreadPoolExecutor() as threads:  # a browser's tests have a loop in this one
        threads.submit(lambda: asyncio.run(whole())).result()


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_a_broken_stream_goes_on_where_it_broke() -> None:
    async def scene(source: Source, app: Connection) -> None:
        page = Page(app, HEARTBEAT, "line=a&got=0")
        source.messages.put_nowait(b"one\n\ntw")
        source.messages.put_nowait(b"o\n\n")
        await until(lambda: page.body == b"one\n\ntwo\n\n")
        await page.breaks_off()
        source.messages.put_nowait(b"three\n\n")
        source.messages.put_nowait(None)
        again = Page(app, HEARTBEAT, "line=a&got=1")  # the second was on its way when the line broke
        await again.answered()
        assert again.body == b"two\n\nthree\n\n"
        assert again.ended
        assert (source.opened, source.left) == (1, 0)

    played(scene)


def test_a_page_that_is_away_for_too_long_is_forgotten() -> None:
    async def scene(source: Source, app: Connection) -> None:
        page = Page(app, HEARTBEAT, "line=a&got=0")
        await until(lambda: page.status)
        await page.breaks_off()
        again = Page(app, HEARTBEAT, "line=a&got=0")
        await asyncio.sleep(0.4)
        assert not source.left, "it is there again"
        await again.breaks_off()
        await until(lambda: source.left)
        late = Page(app, HEARTBEAT, "line=a&got=3")
        await late.answered()
        assert late.status == 410

    played(scene, seconds=0.2)


def test_a_session_is_open_as_long_as_its_page_listens() -> None:
    """So nothing of it goes while it does, and all of it may go afterwards."""
    sessions = Sessions()

    async def scene(source: Source, app: Connection) -> None:
        assert not sessions.is_open("visit")
        page = Page(app, HEARTBEAT, "line=a&got=0")
        await until(lambda: page.status)
        assert sessions.is_open("visit")
        assert not sessions.is_open("other")
        await page.breaks_off()
        assert sessions.is_open("visit"), "it may be away for a moment"
        await until(lambda: not sessions.is_open("visit"))

    played(scene, seconds=0.2, sessions=sessions)


def test_a_closed_page_is_forgotten_at_once() -> None:
    async def scene(source: Source, app: Connection) -> None:
        page, other = Page(app, HEARTBEAT, "line=a&got=0"), Page(app, "/gradio_api/heartbeat/other", "line=b&got=0")
        await until(lambda: page.status and other.status)
        await page.breaks_off()
        closed = Page(app, "/gradio_api/closed/visit", method="POST")
        await closed.answered()
        assert closed.status == 204
        await until(lambda: source.left)
        assert source.left == 1, "the other one is still open"
        await other.breaks_off()

    played(scene)


def test_what_is_too_old_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BYTES", 100)

    async def scene(source: Source, app: Connection) -> None:
        page = Page(app, HEARTBEAT, "line=a&got=0")
        for _ in range(9):
            source.messages.put_nowait(b"x" * 28 + b"\n\n")
        await until(lambda: len(page.body) == 270)
        await page.breaks_off()
        for got, status in ((2, 410), (7, 200), (10, 410)):
            again = Page(app, HEARTBEAT, f"line=a&got={got}")
            await until(lambda again=again: again.status)
            assert again.status == status
            await again.breaks_off()

    played(scene)


def test_a_call_that_is_sent_twice_is_made_once() -> None:
    async def scene(source: Source, app: Connection) -> None:
        answers = []
        for call in ("a", "a", "b"):
            page = Page(app, "/gradio_api/queue/join", f"call={call}", method="POST")
            await page.answered()
            answers.append(page.body)
        assert answers == [b"1", b"1", b"2"]

    played(scene)


def test_programs_are_served_as_ever() -> None:
    async def scene(source: Source, app: Connection) -> None:
        page = Page(app, HEARTBEAT)
        await until(lambda: page.status)
        await page.breaks_off()
        assert source.left == 1

    played(scene)


def test_streams_that_have_ended_go_when_the_next_begins() -> None:
    async def scene(source: Source, app: Connection) -> None:
        for line in ("a", "b"):
            page = Page(app, "/gradio_api/queue/data", f"session_hash=visit&line={line}&got=0")
            source.messages.put_nowait(b"one\n\n")
            source.messages.put_nowait(None)
            await page.answered()
            assert list(app._streams) == [line]

    played(scene)
