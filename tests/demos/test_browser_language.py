"""The page in Chinese, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engine.feedforward_style.styles import SHOWN
from tests.support.browsing import Window, open_tab, press_run, seen_everywhere, show_hub, status, uploads

FIRST_TAB = "首页"
NAMES = {
    "Pentimento", "PNG", "JPEG", "Python", "curl", "Telea",
    "English",  # the switch
    "Click to Access Webcam",  # Gradio's own, which has no Chinese for it
    *(style.title for style in SHOWN.values()),
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
    expect(tab.get_by_text("无法将该文件作为图片读取")).to_be_visible(timeout=30_000)
    uploads(tab).first.set_input_files(files[0])
    chinese.settle()
    press_run(tab, "运行")
    expect(status(tab).filter(has_text="完成")).to_be_visible(timeout=60_000)
    chinese.check()


def test_the_painter_speaks_chinese(chinese: Window) -> None:
    chinese.page.get_by_role("tab", name="图像修复").click()
    painter = chinese.page.locator(".painter").last
    expect(painter.get_by_role("button", name="画笔")).to_be_attached(timeout=30_000)
    expect(painter.locator(".empty")).to_have_text(re.compile("先选图片.再涂抹要去除的部分"))


def test_no_text_of_the_page_stays_english(chinese: Window) -> None:
    texts = seen_everywhere(chinese.page)
    assert len(texts) > MANY
    assert not sorted(text for text in texts - NAMES if not CHINESE.search(text) and not NEUTRAL.fullmatch(text))


def test_the_language_can_be_switched_and_stays(chinese: Window) -> None:
    page = chinese.page
    page.on("dialog", lambda question: question.accept())  # where pictures would be lost
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("tab", name="Home")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("tab", name="Home")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("tab", name=FIRST_TAB)).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
