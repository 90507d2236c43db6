"""Shared by all tests: a closed network, own caches, and the app as a server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before anything imports gradio or huggingface_hub: both read these at import.
ROOT = Path(__file__).parents[1]
_SCRATCH = Path(tempfile.mkdtemp(prefix="pentimento-tests-"))
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    GRADIO_TEMP_DIR=str(_SCRATCH / "gradio"),
    HF_HOME=str(_SCRATCH / "hub"),
    HF_HUB_OFFLINE="1",
)

import pytest  # noqa: E402

from engine.hardware.waiting import wait_briefly  # noqa: E402

wait_briefly()

from engine import Picture, Runtime, open_picture  # noqa: E402
from tests.support import pictures  # noqa: E402

if TYPE_CHECKING:
    from gradio_client import Client

    from tests.support.runs import TrialRun


FIRST = ("cluster", "demos")
"""Folders whose tests wait for other processes: while they do, those of other folders work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: not set(FIRST) & set(item.path.parts))


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """One engine for all tests of a process: nets are loaded once. A test that needs settings makes its own."""
    return Runtime()


@pytest.fixture(scope="session")
def trials() -> dict[str, TrialRun]:
    """Name of a task -> the one run of it that the tests of its contract share."""
    return {}


@pytest.fixture
def photo() -> Picture:
    return open_picture(pictures.scene())


@pytest.fixture
def painting() -> Picture:
    return open_picture(pictures.painting())


@pytest.fixture
def small_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles are taught on small parts of photos, which takes a sixth of the time."""
    monkeypatch.setattr("engine.training.teach_style.CROP", 64)


@pytest.fixture
def small_photos(tmp_path: Path) -> Path:
    """Six photos that are only just large enough for crops of 64 pixels."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(6):
        pictures.scene(72 + index, 70).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return (
        pictures.saved(pictures.scene(), tmp_path / "photo.jpg"),
        pictures.saved(pictures.painting(), tmp_path / "painting.png"),
    )


@dataclass(frozen=True)
class Server:
    """The hub as ``python app.py`` serves it, in a process of its own."""

    url: str
    """Without "/" at the end."""
    process: subprocess.Popen[bytes]
    log: Path
    files: Path
    """Where its uploads and results are."""

    def lines(self) -> list[dict[str, Any]]:
        """Of its log, those that are JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def served(name: str, **settings: str) -> Iterator[Server]:
    """Start the hub with settings; ``name`` tells its log from others."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = _SCRATCH / name
    environment = {
        **os.environ, "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1", "GRADIO_TEMP_DIR": str(files),
        "PENTIMENTO_REQUESTS_PER_ADDRESS": "1000",
        **settings,
    }  # fmt: skip
    log = _SCRATCH / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, log)
        yield Server(url, process, log, files)
    finally:
        process.terminate()
        process.wait(60)
    # Gradio logs a traceback of its own when it refuses an attack; every request goes through the middlewares.
    ours = [
        line
        for line in log.read_text().splitlines()
        if f'File "{ROOT / "engine"}' in line or f'File "{ROOT / "demos"}' in line
    ]
    assert all(line.endswith("in __call__") for line in ours), "\n".join(ours) + log.read_text()
    unforeseen = [line for line in log.read_text().splitlines() if '"unforeseen"' in line]
    assert not unforeseen, "\n".join(unforeseen)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """Where the hub is served."""
    with served("gradio", PENTIMENTO_RUNS_PER_VISITOR="9", PENTIMENTO_RUNS_PER_ADDRESS="30") as server:
        yield server.url


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    from tests.support.api_client import api_client

    return api_client(app_url, download_files=str(tmp_path_factory.mktemp("downloads")))


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the app did not start: " + log.read_text())
