"""Where the server listens, and what stands in its way: each is one sentence, or works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from demos.serving.address import own_folder, prepare
from demos.serving.sessions import delete_old
from demos.serving.sub_path import SubPath, root_path
from engine.contracts.errors import SettingError, StorageError
from tests.conftest import ROOT
from tests.support.asking import wait_until

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("port", ["abc", "-1", "0", "65536", "78 60", "7860.0"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SettingError) as refusal:
        prepare({"GRADIO_SERVER_PORT": port})
    assert refusal.value.fields == {"variable": "GRADIO_SERVER_PORT", "value": port}


@pytest.mark.parametrize("name", ["::1", "[::1]", "::"])
def test_an_address_that_gradio_cannot_listen_at_is_refused(name: str) -> None:
    with pytest.raises(SettingError) as refusal:
        prepare({"GRADIO_SERVER_NAME": name})
    assert refusal.value.fields["value"] == name


def test_no_proxy_stands_between_the_server_and_itself() -> None:
    environment = {"http_proxy": NOWHERE, "no_proxy": "example.org", "GRADIO_SERVER_NAME": "0.0.0.0"}
    assert prepare(environment) == 7860
    assert environment["no_proxy"] == "example.org,localhost,127.0.0.1,::1,0.0.0.0"
    assert prepare({"GRADIO_SERVER_PORT": " 7861 "}) == 7861


def test_a_folder_of_its_own_or_one_sentence(tmp_path: Path) -> None:
    first, second = (Path(own_folder(str(tmp_path / "new"))) for _ in range(2))
    assert first != second
    assert {path.name for path in first.iterdir()} == {"files", "temporary", "lock"}
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    for place in (str(blocked), "/proc/nobody"):
        with pytest.raises(StorageError):
            own_folder(place)


def test_a_disk_without_room_is_one_sentence(tmp_path: Path) -> None:
    """In a process that may not write large files."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); import app; import sys; sys.exit(app.main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "GRADIO_TEMP_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: No temporary files can be written")
    assert ended.stderr.count("\n") == 1


def test_it_starts_behind_a_proxy_and_says_which_port_it_took(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.socket() as taken, log.open("wb") as output:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
        environment = {**os.environ, **proxies, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(tmp_path)}
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_until(lambda: f"Port {port} is taken; this server listens at port" in log.read_text(), 60)
        finally:
            process.terminate()
            process.wait(60)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("variable", "root"), [("", ""), ("/", ""), ("/hub", "/hub"), ("hub/", "/hub"), ("https://a.b/c/hub/", "/c/hub")]
)
def test_the_path_of_a_larger_site(monkeypatch: pytest.MonkeyPatch, variable: str, root: str) -> None:
    monkeypatch.setenv("GRADIO_ROOT_PATH", variable)
    assert root_path() == root
    assert SubPath(lambda *_: None, root)._root == root  # type: ignore[arg-type, return-value]


def test_what_a_killed_server_has_left_is_removed(tmp_path: Path) -> None:
    running = Path(own_folder(str(tmp_path)))
    left = tmp_path / "pentimento-files-left"
    (left / "files" / "deep").mkdir(parents=True)
    (left / "files" / "deep" / "upload.png").write_bytes(b"somebody's")
    (left / "lock").touch()
    new = tmp_path / "pentimento-files-new"  # its server has not come to its lock yet
    new.mkdir()
    other = tmp_path / "another program's"
    other.mkdir()
    own_folder(str(tmp_path))
    assert running.exists(), "its server is alive"
    assert not left.exists()
    assert new.exists()
    assert other.exists()


def test_old_files_go_from_every_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(own_folder(str(tmp_path)))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "files"))
    monkeypatch.setattr("tempfile.tempdir", str(folder / "temporary"))
    for place in ("files/a.png", "files/b/c/d/e.png", "temporary/tmp123", "temporary/x/y.wav"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(b"old")
    with gr.Blocks() as page:
        gr.Textbox()
    assert delete_old(page, 3600) == 0
    assert delete_old(page, -1) == 4
    assert {path.name for path in folder.rglob("*")} == {"files", "temporary", "lock"}


def test_a_folder_that_goes_while_it_is_looked_through_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(own_folder(str(tmp_path)))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "files"))
    monkeypatch.setattr("tempfile.tempdir", str(folder / "temporary"))
    for place in ("files/gone/a.png", "files/there/b.png"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(b"old")
    look = os.scandir

    def looked(path: Any) -> Any:
        if str(path).endswith("gone"):
            raise FileNotFoundError(path)
        return look(path)

    monkeypatch.setattr(os, "scandir", looked)
    with gr.Blocks() as page:
        gr.Textbox()
    assert delete_old(page, -1) == 1
