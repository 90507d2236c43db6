"""Shared by the tests that use the hub in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.asking import PATIENCE

if TYPE_CHECKING:  # the page's other tests need no browser
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.support.browsing import Window

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first one has no window around the page, which takes an eighth of the time."""
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
QUIET = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZE: ViewportSize = {"width": 1280, "height": 1000}
FAILED = pytest.StashKey[bool]()
"""Whether a test has failed, at its item."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know whether their test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser: what has been loaded once is in its cache.

    It asks for less motion, for drawing spinners without a graphics card is a seventh of all work.
    """
    visitor = browser.new_context(viewport=SIZE, accept_downloads=True, reduced_motion="reduce")
    visitor.set_default_timeout(1000 * PATIENCE)
    yield visitor
    visitor.close()


@pytest.fixture
def blank(context: BrowserContext, app_url: str) -> Iterator[Window]:
    """A window of the test's own, which shows nothing yet."""
    from tests.support.browsing import Window

    window = Window.opened(context, app_url)
    yield window
    window.page.close()
    window.check()


@pytest.fixture(scope="module")
def shared(context: BrowserContext) -> Iterator[list[Window]]:
    """The module's window, once there is one: building the hub takes a browser some seconds."""
    windows: list[Window] = []
    yield windows
    for each in windows:
        each.page.close()


@pytest.fixture
def window(
    shared: list[Window], context: BrowserContext, app_url: str, request: pytest.FixtureRequest
) -> Iterator[Window]:
    """The hub as the tests before have left it: a test sets and empties whatever it depends on."""
    from tests.support.browsing import Window, show_hub

    if not shared:
        shared.append(Window.opened(context, app_url))
        show_hub(shared[0].page, app_url)
    window = shared[0]
    window.page.bring_to_front()
    window.page.set_viewport_size(SIZE)
    window.page.emulate_media(color_scheme="light")
    yield window
    if request.node.stash.get(FAILED, False):  # the next test gets another one
        shared.remove(window)
        window.page.close()
    else:
        window.settle()
    window.check()


@pytest.fixture
def page(window: Window) -> Page:
    """The page of the module's window."""
    return window.page
