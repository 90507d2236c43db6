"""Room on the disk and in requests, and loops of the server that keep it."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from demos.serving.limits import Limits, Room
from demos.serving.server import _supervised

FULL_IN = {"en": "no room", "zh-CN": "room, not"}
"""What is said when there is no room."""


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            await PlainTextResponse("cut", status_code=400)(scope, receive, send)
            return
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    await PlainTextResponse(str(length))(scope, receive, send)


def test_a_body_in_chunks_is_cut_and_uploads_need_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demos.serving.limits.BODY_BYTES", 1000)
    monkeypatch.setattr("demos.serving.limits.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("demos.serving.limits.BLOCK", 0)
    client = TestClient(Limits(_echo, 5000, 4000, FULL_IN, Room(lambda: [tmp_path])))
    assert client.post("/gradio_api/call/x", content=b"a" * 900).text == "900"
    assert client.post("/gradio_api/call/x", content=iter([b"a" * 600] * 9)).status_code == 400
    assert client.post("/gradio_api/upload", content=b"a" * 3000).text == "3000"
    assert client.post("/gradio_api/upload", content=b"a" * 4500).status_code == 413
    (tmp_path / "small.png").write_bytes(b"a" * 2000)
    assert client.post("/gradio_api/upload", content=b"a" * 3500).status_code == 413, "no more than there is room for"
    (tmp_path / "old.png").write_bytes(b"a" * 6000)
    for language, headers in (
        ("en", {}),
        ("zh-CN", {"accept-language": "zh-CN,en;q=0.5"}),
        ("zh-CN", {"cookie": "a=b; pentimento_language=zh-CN"}),
        ("en", {"referer": "http://host/?lang=en", "cookie": "pentimento_language=zh-CN"}),
    ):
        refused = client.post("/gradio_api/upload", content=b"a" * 3000, headers=headers)
        assert (refused.status_code, refused.text) == (507, FULL_IN[language])
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(9000, 9000, 0))
    (tmp_path / "old.png").unlink()
    assert client.post("/gradio_api/upload", content=b"a" * 100).status_code == 507, "the disk is full"


def test_uploads_at_once_do_not_overrun_the_room(tmp_path: Path) -> None:
    """Sixteen begin while there is room for two."""
    room = Room(lambda: [tmp_path])
    assert room.left(10_000) == 10_000
    for _ in range(2):
        room.reserve(4000)
    assert room.left(10_000) == 2000
    room.release(4000, 4000)
    assert room.left(10_000) == 2000, "what has come counts until the disk is looked at"
    room.release(4000, 0)
    assert room.left(10_000) == 6000, "one that was broken off leaves its room"


def test_tiny_files_count(tmp_path: Path) -> None:
    for index in range(50):
        (tmp_path / str(index)).mkdir()
        (tmp_path / str(index) / "a").write_bytes(b"x")
    assert Room(lambda: [tmp_path]).left(1_000_000) <= 1_000_000 - 50 * 8192


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    """An upload has one that its visit alone knows."""
    (tmp_path / "a").write_bytes(bytes(400_000))
    once = Room(lambda: [tmp_path]).left(1_000_000)
    (tmp_path / "own").hardlink_to(tmp_path / "a")
    assert Room(lambda: [tmp_path]).left(1_000_000) == once


def test_loops_of_the_server_survive(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demos.serving.server.LOOK_SECONDS", 0.0)
    ending, calls = threading.Event(), []

    def work(*_: Any) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise OSError(errno.EMFILE, "Too many open files")

    _supervised(work, None, None, ending)  # type: ignore[arg-type]
    assert len(calls) == 3
    assert [record.msg["error"] for record in caplog.records] == ["OSError"] * 2  # type: ignore[index]
