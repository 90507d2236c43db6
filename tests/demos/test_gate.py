"""Attacks on the gate: routes that are closed, other hosts and sites, passwords, floods, other people's names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.routes import App
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from demos.serving import gate
from demos.serving.gate import Gate
from demos.serving.idle import IdleConnections
from demos.serving.neighbours import Neighbours, neighbours
from demos.serving.request import MCP

JOIN = "/gradio_api/queue/join"
CLOSED = {
    "GET": (
        "/svelte/{path:path}", "/gradio_api/deep_link", "/gradio_api/run-history/buckets",
        "/gradio_api/run-history/records", "/gradio_api/run-history/records/{endpoint}/{record_id}/assets/{asset_id}",
        "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}",
        "/gradio_api/proxy={url_path:path}", "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
        "/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}", "/gradio_api/file/{path:path}",
        "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file", "/gradio_api/queue/status",
        "/gradio_api/dev/reload", "/gradio_api/runs", "/gradio_api/runs/", "/monitoring", "/monitoring/summary",
        "/monitoring/{key}", "/gradio_api/vibe-code", "/gradio_api/vibe-code/",
        "/docs", "/redoc", "/docs/oauth2-redirect",
    ),
    "POST": (
        "/gradio_api/run-history/connect",
        "/gradio_api/component_server", "/gradio_api/component_server/", "/gradio_api/process_recording",
        "/gradio_api/vibe-edit", "/gradio_api/vibe-edit/", "/gradio_api/undo-vibe-edit", "/gradio_api/undo-vibe-edit/",
        "/gradio_api/vibe-code", "/gradio_api/vibe-code/", "/gradio_api/vibe-starter-queries",
        "/gradio_api/vibe-starter-queries/",
    ),
}  # fmt: skip
"""Routes of the installed Gradio that are closed on purpose."""


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that says what it sees of a request."""
    body = b""
    while scope["method"] == "POST":
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    user = dict(scope["headers"]).get(b"x-gradio-user", b"").decode()
    await JSONResponse({"client": scope["client"][0], "user": user, "body": len(body)})(scope, receive, send)


def client(known: Neighbours | None = None, rate: int = 1000, peer: str = "testclient") -> TestClient:
    return TestClient(Gate(answer, known or Neighbours(), rate), client=(peer, 1))


def routes(app: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Method and path of every route of an app, of routers inside of it, too."""
    every = []
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            every += routes(inner, prefix)
        elif getattr(route, "methods", None):
            every += [(method, prefix + route.path) for method in route.methods]
    return every


def test_every_route_of_gradio_is_open_or_closed_on_purpose() -> None:
    """A route that an update brings is closed, and this test says so."""
    with gr.Blocks() as page:
        gr.Textbox()
    undecided = []
    for method, path in routes(App.create_app(page)):
        example = re.sub(r"\{\w+:path\}", "a/b", path)
        example = re.sub(r"\{\w+\}", "1", example)
        pattern = gate._OPEN["GET" if method == "HEAD" else method]
        opened = bool(pattern.fullmatch(example)) and not path.startswith("/gradio_api/file={path_or_url")
        closed = path in CLOSED.get("GET" if method == "HEAD" else method, ())
        if opened == closed and "file={path_or_url" not in path:
            undecided.append((method, path))
    assert not undecided


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/deep_link?session_hash=a"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/component_server"),
        ("GET", "/gradio_api/proxy=https://a.hf.space/secret"),
        ("GET", "/gradio_api/file=http://127.0.0.1/secret"),
        ("GET", "/gradio_api/file=HTTPS%3A//127.0.0.1/secret"),
        ("GET", "/gradio_api/file/x"),
        ("PUT", "/gradio_api/upload"),
        ("POST", "/anything/mcp"),
        ("POST", "/gradio_api/mcp/../upload/x"),
        ("GET", "/gradio_api/mcp/a/b"),
    ],
)
def test_what_nobody_needs_is_closed(method: str, path: str) -> None:
    assert client().request(method, path, content=b"{}" if method == "POST" else None).status_code == 404


def test_other_sites_may_not_ask() -> None:
    page = client(peer="127.0.0.1")
    for origin in ("https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"):
        assert page.get("/config", headers={"origin": origin}).status_code == 403
        assert page.post("/gradio_api/upload", headers={"origin": origin}).status_code == 403
    assert page.get("/config", headers={"origin": "http://testserver"}).status_code == 200
    embedded = client(Neighbours(sites=["https://friend.example"]))
    assert embedded.get("/config", headers={"origin": "https://friend.example"}).status_code == 200
    proxied = {"origin": "https://hub.example", "x-forwarded-host": "hub.example"}
    assert page.get("/config", headers=proxied).status_code == 200


def test_a_name_that_leads_here_from_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a page of evil.example whose name suddenly means this machine."""
    for name in ("SPACE_HOST", "GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    rebound = {"host": "evil.example:7860", "origin": "http://evil.example:7860"}
    own = client(neighbours("", "", 0))
    assert own.get("/config", headers=rebound).status_code == 403
    for host in ("localhost:7860", "127.0.0.1:7860", "[::1]:7860"):
        assert own.get("/config", headers={"host": host, "origin": f"http://{host}"}).status_code == 200
    named = client(neighbours("hub.example, other.example", "", 0))
    assert named.get("/config", headers={"host": "HUB.example"}).status_code == 200
    assert named.get("/config", headers=rebound).status_code == 403
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert client(neighbours("", "", 0)).get("/config", headers=rebound).status_code == 200, "open to everybody"
    monkeypatch.setenv("SPACE_HOST", "some-space.hf.space")
    assert neighbours("", "", 0).proxies == 1


def test_a_flood_of_one_address_is_not_everybodys() -> None:
    known = Neighbours(proxies=1)
    app = TestClient(Gate(answer, known, 4))
    first = [app.post(JOIN, json={}, headers={"x-forwarded-for": "1.1.1.1"}).status_code for _ in range(30)]
    assert first.count(200) == 20
    assert app.post(JOIN, json={}, headers={"x-forwarded-for": "2.2.2.2"}).status_code == 200
    # one who changes what a proxy would not have written is counted by what it has
    for number in range(3):
        spoofed = {"x-forwarded-for": f"{number}.0.0.1, 1.1.1.1"}
        assert app.post(JOIN, json={}, headers=spoofed).status_code == 429


def test_sessions_of_one_address_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SESSIONS", 5)
    page = client()
    answers = [page.post(JOIN, json={"session_hash": f"s{number}"}).status_code for number in range(8)]
    assert answers == [200] * 5 + [429] * 3
    assert page.post(JOIN, json={"session_hash": "s2"}).status_code == 200, "who is here already goes on"
    sneaky = b'{"session_hash": "s1", "data": [], "session\\u005fhash": "s99"}'
    assert page.post(JOIN, content=sneaky).status_code == 429
    monkeypatch.setattr(gate, "SESSION_SECONDS", -1.0)
    assert page.post(JOIN, json={"session_hash": "s9"}).status_code == 200


def test_heavy_json_is_cut_before_it_is_parsed() -> None:
    page = client()
    assert page.post(JOIN, content=b"[" * 100_000).status_code == 413
    assert page.post(JOIN, content=b'{"data": ["' + b"a" * 5_000_000 + b'"]}').json()["body"] > 5_000_000
    assert page.post("/gradio_api/call/style_v2", content=b"a" * 70_000).status_code == 413
    assert page.post("/gradio_api/cancel", content=iter([b"a" * 40_000] * 3)).status_code == 413
    assert page.post(JOIN, content=json.dumps({"a": [{}] * 300}).encode()).status_code == 200


def test_nobody_from_outside_is_mcp() -> None:
    claimed = {"x-gradio-user": MCP}
    assert client(peer="8.8.8.8").get("/config", headers=claimed).json()["user"] == ""
    forwarded = {**claimed, "x-forwarded-for": "8.8.8.8"}
    assert client(peer="127.0.0.1").get("/config", headers=forwarded).json()["user"] == ""
    assert client(peer="127.0.0.1").get("/config", headers=claimed).json()["user"] == MCP
    assert client(Neighbours(proxies=1), peer="127.0.0.1").get("/config", headers=forwarded).json() == {
        "client": "8.8.8.8", "user": "", "body": 0,
    }  # fmt: skip


def test_what_gradio_does_not_understand_is_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/config":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError("a visitor's words")

    page = TestClient(Gate(broken, Neighbours(), 100))
    answered = page.get("/?view=xyz")
    assert (answered.status_code, answered.text) == (400, "This request cannot be understood.")
    assert page.get("/config").status_code == 200
    assert "words" not in json.dumps([record.msg for record in caplog.records])


def test_who_leaves_in_the_middle_of_an_upload_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    assert TestClient(Gate(left, Neighbours(), 100), raise_server_exceptions=False).get("/").status_code == 500
    assert not caplog.records


def test_a_hub_without_an_api_has_none() -> None:
    page = client(Neighbours(api=False))
    for path in ("/gradio_api/call/style_v2", "/gradio_api/call/v2/style_v2", "/gradio_api/api/predict"):
        assert page.post(path, json={}).status_code == 404
    for path in ("/gradio_api/openapi.json", "/gradio_api/mcp/"):
        assert page.get(path).status_code == 404
    assert page.post(JOIN, json={}).status_code == 200, "the page works"


def test_open_requests_of_one_address_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "OPEN_REQUESTS", 0)
    assert client().get("/config").status_code == 429


def test_a_public_link_may_be_used() -> None:
    shared = client(neighbours("", "", 0, share=True))
    link = {"host": "abc.gradio.live", "origin": "https://abc.gradio.live"}
    assert shared.get("/config", headers=link).status_code == 200
    assert shared.get("/config", headers={**link, "host": "127.0.0.1:7860"}).status_code == 200
    assert client(neighbours("", "", 0)).get("/config", headers=link).status_code == 403


def test_connections_that_ask_for_nothing_are_closed() -> None:
    closed: list[str] = []

    class Connection:
        def __init__(self, name: str, cycle: object) -> None:
            self.cycle, self.loop = cycle, self
            self.transport = SimpleNamespace(close=lambda: closed.append(name))

        def call_soon_threadsafe(self, work: Callable[[], None]) -> None:
            work()

    silent, asked = Connection("silent", None), Connection("asked", object())
    server = SimpleNamespace(server_state=SimpleNamespace(connections={silent, asked}))
    idle = IdleConnections()
    assert idle.close(server, 100.0) == 0
    assert idle.close(server, 150.0) == 0
    late = Connection("late", None)
    server.server_state.connections.add(late)
    assert idle.close(server, 161.0) == 1
    assert closed == ["silent"]
    server.server_state.connections.discard(silent)
    assert idle.close(server, 170.0) == 0
