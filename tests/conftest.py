"""Shared by all tests: a closed network, own caches, and the app as a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

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

from engine import Picture, open_picture  # noqa: E402
from tests import pictures  # noqa: E402


@pytest.fixture
def photo() -> Picture:
    return open_picture(pictures.scene())


@pytest.fixture
def painting() -> Picture:
    return open_picture(pictures.painting())


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The hub as ``python app.py`` serves it, in a process of its own; "/" at the end is left out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    log = _SCRATCH / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)
    for room in ("engine", "demos"):  # Gradio logs a traceback of its own when it refuses an attack
        assert f'File "{ROOT / room}' not in log.read_text(), log.read_text()


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
