"""A visit whose connection breaks, in a real browser behind a proxy: nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support import pictures
from tests.support.asking import wait_until
from tests.support.browsing import begin_anew, download, give, open_tab, press_run, run, set_numbers, show_hub, status
from tests.support.proxy import Proxy

AWAY = "#away"
"""The line that says that the connection is interrupted."""


@pytest.fixture(scope="module")
def proxy(app_url: str) -> Proxy:
    port = urlsplit(app_url).port
    assert port is not None
    return Proxy(port)


@pytest.fixture(scope="module")
def visit(proxy: Proxy, context: BrowserContext) -> Iterator[Page]:
    """The hub in one window, which would lose its mark if it were loaded again."""
    page = context.new_page()
    show_hub(page, proxy.url)
    page.evaluate("window.mark = 'the same page'")
    yield page
    assert page.evaluate("window.mark") == "the same page"
    page.close()


@pytest.fixture
def tab(visit: Page, tmp_path: Path) -> Locator:
    """A task that takes some seconds, with its picture."""
    tab = open_tab(visit, "Style V1", "Reconstruction")
    give(tab, pictures.saved(pictures.scene(), tmp_path / "photo.png"))
    return tab


def interrupt(proxy: Proxy, page: Page, seconds: float) -> None:
    """Cut the connection for a while."""
    proxy.cut()
    try:
        expect(page.locator(AWAY)).to_be_visible()
        time.sleep(seconds)
    finally:
        proxy.mend()
    expect(page.locator(AWAY)).to_have_count(0)


def test_a_run_goes_on_while_the_connection_is_cut(visit: Page, proxy: Proxy, tab: Locator) -> None:
    set_numbers(tab, size=128, iterations=60)
    press_run(tab)
    expect(status(tab).filter(has_text="left")).to_be_visible()
    interrupt(proxy, visit, 2)
    expect(status(tab).filter(has_text="Done in")).to_be_visible()


def test_a_result_and_its_settings_outlive_a_cut(visit: Page, proxy: Proxy, tab: Locator, tmp_path: Path) -> None:
    set_numbers(tab, size=64, iterations=10)
    run(tab)
    interrupt(proxy, visit, 2)
    tab.get_by_label("JPEG").check()
    # The button has the file of before until there is the new one.
    wait_until(lambda: kind_of(download(tab, tmp_path / "result")) == "JPEG")


def kind_of(path: Path) -> str | None:
    with Image.open(path) as image:
        return image.format


def test_an_upload_outlives_twenty_seconds_and_a_click_meanwhile(visit: Page, proxy: Proxy, tab: Locator) -> None:
    set_numbers(tab, size=64, iterations=12)
    begin_anew(tab)
    proxy.cut()
    press_run(tab)
    expect(visit.locator(AWAY)).to_be_visible()
    time.sleep(20)
    proxy.mend()
    expect(status(tab).filter(has_text="Done in")).to_be_visible()
    expect(visit.locator(AWAY)).to_have_count(0)
