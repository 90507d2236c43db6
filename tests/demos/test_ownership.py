"""Uploads belong to the visit that has sent them: nobody else can have them deleted, equal ones are apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from demos.serving.ownership import Ownership
from demos.serving.sessions import Sessions

UPLOAD = "/gradio_api/upload"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("demos.serving.ownership.get_upload_folder", lambda: str(tmp_path))
    return tmp_path


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def client(folder: Path, sessions: Sessions) -> TestClient:
    async def uploads(scope: Scope, receive: Receive, send: Send) -> None:
        """As Gradio: equal files have one place."""
        if b"full" in scope["query_string"]:
            await PlainTextResponse("no room", status_code=507)(scope, receive, send)
            return
        (folder / "digest").mkdir(exist_ok=True)
        (folder / "digest" / "photo.png").write_bytes(b"the same bytes")
        await JSONResponse([str(folder / "digest" / "photo.png"), "/etc/passwd"])(scope, receive, send)

    return TestClient(Ownership(uploads, sessions))


def test_equal_uploads_of_two_visits_are_two_files(client: TestClient, folder: Path, sessions: Sessions) -> None:
    one, other = (client.post(f"{UPLOAD}?session={name}").json() for name in ("one", "other"))
    assert one[0] != other[0]
    assert one[1] == "/etc/passwd", "what is not in the room is not moved"
    assert {Path(each[0]).name for each in (one, other)} == {"photo.png"}
    assert (folder / "digest" / "photo.png").exists(), "a third upload of the same may be under way"
    assert "/etc/passwd" not in sessions._paths["one"], "nor does it belong to anybody"
    sessions.forget("one")
    assert not Path(one[0]).parent.exists()
    assert Path(other[0]).exists()
    sessions.forget("other")
    assert not [path for path in folder.rglob("*") if path.is_file()], "nothing is left of either"


def test_what_is_no_upload_is_told_as_it_is(client: TestClient) -> None:
    answer = client.post(f"{UPLOAD}?full=1")
    assert (answer.status_code, answer.text) == (507, "no room")
