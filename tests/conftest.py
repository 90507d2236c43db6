"""Shared by all tests: a closed network, own caches, and the app as a server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before anything imports gradio or huggingface_hub: both read these at import.
ROOT = Path(__file__).parents[1]
_SCRATCH = Path(tempfile.mkdtemp(prefix="pentimento-tests-"))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    GRADIO_TEMP_DIR=str(_SCRATCH / "gradio"),
    HF_HOME=str(_SCRATCH / "hub"),
    HF_HUB_OFFLINE="1",
)

import pytest  # noqa: E402

from engine import Picture, Runtime, open_picture  # noqa: E402
from tests.support import pictures  # noqa: E402

if TYPE_CHECKING:  # the engine's tests need no browser
    from gradio_client import Client
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.runs import TrialRun


ALONE = ("test_browser", "test_cluster", "test_imports", "test_server", "test_soak")
"""Modules whose tests look at the time, or need all that this machine has."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These run by themselves: with another test beside them, time would tell nothing."""
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker(pytest.mark.alone)


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
    """Styles are taught on small parts of photos, which takes a quarter of the time."""
    monkeypatch.setattr("engine.training.teach_style.CROP", 96)


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
    # Gradio logs a traceback of its own when it refuses an attack; every request goes through the two middlewares.
    passed = [f'File "{ROOT / "demos" / name}"' for name in ("serving/prerender.py", "serving/limits.py")]
    ours = [
        line
        for line in log.read_text().splitlines()
        if f'File "{ROOT / "engine"}' in line or f'File "{ROOT / "demos"}' in line
    ]
    assert not [line for line in ours if not any(each in line for each in passed)], log.read_text()


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """Where the hub is served."""
    with served("gradio", PENTIMENTO_RUNS_PER_VISITOR="9", PENTIMENTO_RUNS_PER_ADDRESS="30") as server:
        yield server.url


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    from gradio_client import Client

    return Client(app_url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


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


OWN = ("data:", "blob:")
"""Addresses that are part of the page."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is no failure
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser for a module: what has been loaded once is in its cache."""
    made = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    yield made
    made.close()


@dataclass
class Window:
    """A browser's page and what went wrong on it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, context: BrowserContext, url: str) -> Window:
        made = cls(context.new_page())
        page, errors, foreign = made.page, made.errors, made.foreign
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        page.on("request", lambda asked: foreign.append(asked.url) if not asked.url.startswith((*OWN, url)) else None)
        return made

    def close(self) -> None:
        """A test fails on any error in the console and on any request to another host."""
        self.page.close()
        cut = ("AbortError", "Connection errored out")  # Gradio's own words when a reload cuts its stream
        assert not [error for error in self.errors if not any(word in error for word in cut)]
        assert not self.foreign


@pytest.fixture
def window(context: BrowserContext, app_url: str) -> Iterator[Page]:
    """A page that shows nothing yet."""
    made = Window.opened(context, app_url)
    yield made.page
    made.close()


@pytest.fixture(scope="module")
def ahead(context: BrowserContext, app_url: str) -> Iterator[list[Window]]:
    """The page of the next test, which loads while a test runs: building the hub takes a browser some seconds."""
    windows: list[Window] = []
    yield windows
    for each in windows:
        each.page.close()


@pytest.fixture
def page(context: BrowserContext, app_url: str, ahead: list[Window]) -> Iterator[Page]:
    """The hub, open at Style V1."""
    from playwright.sync_api import expect

    for _ in range(2 - len(ahead)):
        ahead.append(Window.opened(context, app_url))
        ahead[-1].page.goto(f"{app_url}/?task=style-v1", wait_until="commit")
    made = ahead.pop(0)
    made.page.bring_to_front()
    expect(made.page.get_by_role("heading", name="Pentimento")).to_be_visible(timeout=30_000)
    expect(made.page.get_by_text("descent on its pixels")).to_be_visible(timeout=30_000)
    yield made.page
    made.close()
