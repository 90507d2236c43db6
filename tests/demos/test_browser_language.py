"""The page in Chinese, in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from demos.i18n.switch import BUTTON
from tests.support.browsing import PLACES, Window, open_tab, press_run, seen_everywhere, show_hub, status, uploads

FIRST_TAB = "首页"
NAMES = {
    "Pentimento", "PNG", "JPEG", "Python", "curl", "Telea", "PixelCNN",
    "English",  # the switch
    "Click to Access Webcam",  # Gradio's own, which has no Chinese for it
}  # fmt: skip
"""Texts that are the same in all languages."""
NEUTRAL = re.compile(
    r"[^a-zA-Z]*([a-zA-Z][^a-zA-Z]*)?"  # signs and numbers, a letter
    r"|.+ \d{4}(, figure 1)?\.?"  # papers
    r"|relu\d_1|lbfgs|adam|gan|edsr|rrdb|(real-)?esrgan|telea|big-lama|vgg19-[a-z]+|migan-512-places2"  # methods
)
"""What else has nothing to translate."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MANY = 400
"""Fewer different texts than the page has."""


@pytest.fixture(scope="module")
def chinese(browser: Browser, app_url: str) -> Iterator[Window]:
    """The hub in the browser of a Chinese visitor."""
    visitor = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 1000})
    window = Window.opened(visitor, app_url)
    show_hub(window.page, app_url)
    expect(window.page.get_by_role("tab", name=FIRST_TAB)).to_be_visible()
    yield window
    visitor.close()


def test_a_chinese_browser_sees_chinese(chinese: Window, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = open_tab(chinese.page, "超分辨率", "放大")
    (tmp_path / "a.png").write_bytes(b"no picture")
    uploads(tab).first.set_input_files(tmp_path / "a.png")
    expect(tab.get_by_text("无法将该文件作为图片读取")).to_be_visible()
    uploads(tab).first.set_input_files(files[0])
    chinese.settle()
    press_run(tab, "运行")
    expect(status(tab).filter(has_text="完成")).to_be_visible()
    chinese.check()


def test_the_painter_speaks_chinese(chinese: Window) -> None:
    chinese.page.get_by_role("tab", name="图像修复").click()
    painter = chinese.page.locator(".painter").last
    expect(painter.get_by_role("button", name="画笔")).to_be_attached()
    expect(painter.locator(".empty")).to_have_text(re.compile("先选图片.再涂抹要去除的部分"))


def test_no_text_of_the_page_stays_english(chinese: Window) -> None:
    texts = seen_everywhere(chinese.page)
    assert len(texts) > MANY
    assert not sorted(text for text in texts - NAMES if not CHINESE.search(text) and not NEUTRAL.fullmatch(text))


def test_an_error_has_a_chinese_title(chinese: Window) -> None:
    tab = open_tab(chinese.page, "风格 V1", "迁移")
    press_run(tab, "运行")
    expect(chinese.page.locator(".toast-title").first).to_have_text("错误")


def switch(hub: Page | FrameLocator) -> None:
    """Change the language, with a second click where something would be lost."""
    button = hub.locator(f"button.{BUTTON}")
    button.click()
    if hub.locator(f"button.{BUTTON}[data-asked]").count():
        button.click()


@pytest.fixture
def framed(browser: Browser, app_url: str) -> Iterator[Page]:
    """The hub inside a page of another host, as the Hub shows a Space; an English visitor's."""
    site = ThreadingHTTPServer(("localhost", 0), partial(_Embedding, app_url))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    visitor = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 1000})
    page = visitor.new_page()
    page.goto(f"http://localhost:{site.server_port}")
    yield page
    visitor.close()
    site.shutdown()
    site.server_close()


class _Embedding(BaseHTTPRequestHandler):
    """A site whose only page shows another one in a frame."""

    def __init__(self, address: str, *args: Any) -> None:
        self._address = address
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(f'<iframe src="{self._address}" width="1200" height="950"></iframe>'.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_the_language_can_be_switched_inside_another_site(framed: Page, tmp_path: Path) -> None:
    hub = framed.frame_locator("iframe")
    switch(hub)
    expect(hub.get_by_role("tab", name=FIRST_TAB)).to_be_visible()
    hub.get_by_role("tab", name="超分辨率").click()
    (tmp_path / "a.png").write_bytes(b"no picture")
    hub.locator(f"[role=tabpanel]:visible {PLACES}").first.set_input_files(tmp_path / "a.png")
    expect(hub.get_by_text("无法将该文件作为图片读取")).to_be_visible()
    switch(hub)
    expect(hub.get_by_role("tab", name="Home")).to_be_visible()


def test_the_language_can_be_switched_and_stays(chinese: Window) -> None:
    page = chinese.page
    switch(page)
    expect(page.get_by_role("tab", name="Home")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("tab", name="Home")).to_be_visible()
    switch(page)
    expect(page.get_by_role("tab", name=FIRST_TAB)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_pictures_outlive_a_change_of_language(framed: Page, files: tuple[Path, Path]) -> None:
    hub = framed.frame_locator("iframe")
    hub.get_by_role("tab", name="Style V1").click()
    for place in (0, 1):
        hub.locator(f".upload:visible {PLACES}").nth(place).set_input_files(files[place])
        expect(hub.locator(".upload img").filter(visible=True)).to_have_count(place + 1)
    switch(hub)
    expect(hub.get_by_role("tab", name=FIRST_TAB)).to_be_visible()
    expect(hub.locator(".upload img").filter(visible=True)).to_have_count(2)
    expect(hub.get_by_text("大约需要").or_(hub.get_by_text("约需"))).to_be_visible()
