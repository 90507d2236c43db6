"""What the tabs share, in a real browser: home, links, recipes, sending on, history, languages, looks."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support import pictures
from tests.support.asking import wait_until

TABS = ("Home", "Style V1", "Style V2", "Style V3", "Super-resolution", "Inpainting", "Face swap", "For programs")


@pytest.fixture
def home(window: Page, app_url: str) -> Page:
    window.goto(app_url)
    expect(window.get_by_text("Six published algorithms")).to_be_visible(timeout=30_000)
    return window


def tab_of(page: Page, words: str) -> Locator:
    return page.get_by_role("tabpanel").filter(has_text=words).last


def upload(tab: Locator, path: Path, index: int = 0) -> None:
    tab.locator("[data-testid=file-upload]").nth(index).set_input_files(path)


def enlarged(page: Page, app_url: str, path: Path) -> Locator:
    """A result of super-resolution, made after a link."""
    page.goto(f"{app_url}/?task=super-resolution&method=bicubic&scale=2")
    tab = tab_of(page, "Enlarge a whole picture")
    upload(tab, path)
    expect(tab.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    return tab


def load_recipe(page: Page, app_url: str, path: Path) -> None:
    page.goto(app_url)
    expect(page.get_by_text("Six published algorithms")).to_be_visible(timeout=30_000)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Load a recipe").first.click()
    chooser.value.set_files(path)


def test_home_shows_what_can_be_done_and_tries_it(home: Page) -> None:
    cards = home.locator(".card")
    expect(cards).to_have_count(6)
    for index in range(6):
        image = cards.nth(index).locator("img").first
        wait_until(lambda image=image: image.evaluate("image => image.complete && image.naturalWidth") > 300)
        assert image.get_attribute("alt")
    expect(home.locator(".machine").last).to_contain_text("networks are here", timeout=30_000)
    home.get_by_role("button", name="Try Style V1").click()
    expect(home.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    expect(home.get_by_role("tab", name="Style V1")).to_have_attribute("aria-selected", "true")
    home.get_by_role("tab", name="Home").click()
    home.get_by_role("button", name="Try Face swap").click()
    expect(home.get_by_text("One face was found.")).to_be_visible(timeout=60_000)
    consent = home.get_by_label("Everybody who can be seen here agrees")
    expect(consent).not_to_be_checked()
    consent.check()
    home.wait_for_timeout(3000)
    expect(consent).to_be_checked()  # the pictures are announced once, not again and again


def test_a_link_restores_task_and_settings(window: Page, app_url: str) -> None:
    window.goto(f'{app_url}/?task=style-v3&size=320&patch_layers=["relu4_1"]&colours=photo')
    tab = tab_of(window, "A Gram matrix forgets")
    expect(tab).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Settings").first.click()
    expect(tab.get_by_label("number input for Size", exact=True)).to_have_value("320")
    expect(tab.get_by_label("photo", exact=True)).to_be_checked()
    tab.get_by_label("number input for Size", exact=True).fill("352")
    tab.get_by_label("number input for Size", exact=True).blur()
    tab.get_by_role("button", name="Copy a link").click()
    link = tab.locator("label", has_text="Link").locator("input, textarea")
    expect(link).to_be_visible()
    address = link.input_value()
    window.goto(address)
    tab = tab_of(window, "A Gram matrix forgets")
    expect(tab).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Settings").first.click()
    expect(tab.get_by_label("number input for Size", exact=True)).to_have_value("352")


def test_a_wrong_link_is_one_sentence(window: Page, app_url: str) -> None:
    window.goto(f"{app_url}/?task=style-v1&size=99999")
    expect(window.get_by_text("size: the value should be less than")).to_be_visible(timeout=30_000)


def test_a_result_is_sent_on_with_its_recipe(
    window: Page, app_url: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    tab = enlarged(window, app_url, files[0])
    tab.get_by_role("button", name="Send to Style V2").click()
    painting = tab_of(window, "One pass of a network")
    expect(painting.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    painting.get_by_label("number input for Size", exact=True).first.fill("64")
    painting.get_by_role("button", name="Run").first.click()
    expect(painting.get_by_text("Done in")).to_be_visible(timeout=60_000)
    with window.expect_download() as download:
        painting.get_by_role("button", name="Recipe as JSON").first.click()
    download.value.save_as(tmp_path / "recipe.json")
    recipe = json.loads((tmp_path / "recipe.json").read_text())
    assert recipe["task"] == "style-v2"
    assert recipe["made_from"]["content"][0]["task"] == "super-resolution"
    assert recipe["made_from"]["content"][0]["parameters"]["method"] == "bicubic"

    load_recipe(window, app_url, tmp_path / "recipe.json")
    painting = tab_of(window, "One pass of a network")
    expect(painting).to_be_visible(timeout=30_000)
    expect(painting.get_by_label("number input for Size", exact=True).first).to_have_value("64")
    expect(window.get_by_text("The settings are those of the recipe")).to_be_visible()


def test_history_keeps_the_visit_and_can_be_forgotten(
    window: Page, app_url: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    tab = enlarged(window, app_url, files[0])
    tab.get_by_role("button", name="Run").click()
    window.get_by_role("button", name="This visit's results").click()
    expect(window.locator(".history .thumbnail-item")).to_have_count(2, timeout=60_000)
    with window.expect_download() as download:
        window.get_by_role("button", name="Download all").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sorted(archive.namelist()) == [
            f"{n:02d}-super-resolution.{kind}" for n in (1, 2) for kind in ("json", "png")
        ]
        with Image.open(archive.open("01-super-resolution.png")) as image:
            assert image.size == (192, 144)
    window.get_by_role("button", name="Clear the list").click()
    expect(window.locator(".history .thumbnail-item")).to_have_count(0)
    expect(window.get_by_role("button", name="Download all")).to_be_disabled()


def test_how_it_works_shows_the_visitors_own_run(window: Page, app_url: str, files: tuple[Path, Path]) -> None:
    window.goto(f"{app_url}/?task=style-v1&size=64&iterations=3")
    tab = tab_of(window, "descent on its pixels")
    expect(tab).to_be_visible(timeout=30_000)
    for index, path in enumerate(files):
        upload(tab, path, index)
        expect(tab.get_by_label("Remove Image")).to_have_count(index + 1)
    tab.get_by_role("button", name="Run").first.click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    tab.get_by_role("tab", name="How it works").first.click()
    expect(tab.get_by_text("Gatys, Ecker & Bethge 2016").last).to_be_visible()
    expect(tab.get_by_alt_text("Gram matrices of your photo")).to_be_visible(timeout=30_000)


@pytest.fixture
def chinese(browser: Browser, app_url: str) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 1000})
    opened = context.new_page()
    opened.goto(app_url)
    expect(opened.get_by_role("tab", name="首页")).to_be_visible(timeout=30_000)
    yield opened
    context.close()


def test_a_chinese_browser_sees_chinese(chinese: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    chinese.get_by_role("tab", name="超分辨率").click()
    chinese.get_by_role("tab", name="放大").click()
    tab = chinese.get_by_role("tabpanel").filter(has=chinese.get_by_role("button", name="运行")).last
    (tmp_path / "a.png").write_bytes(b"no picture")
    upload(tab, tmp_path / "a.png")
    expect(tab.get_by_text("无法将该文件作为图片读取")).to_be_visible(timeout=30_000)
    upload(tab, files[0])
    tab.get_by_role("button", name="运行").click()
    expect(tab.locator(".status", has_text="完成")).to_be_visible(timeout=60_000)


def test_the_painter_speaks_chinese(chinese: Page) -> None:
    chinese.get_by_role("tab", name="图像修复").click()
    painter = chinese.locator(".painter").last
    expect(painter.get_by_role("button", name="画笔")).to_be_attached(timeout=30_000)
    expect(painter.locator(".empty")).to_have_text(re.compile("先选图片.再涂抹要去除的部分"))


def test_the_language_can_be_switched_and_stays(home: Page) -> None:
    home.get_by_role("button", name="中文").click()
    expect(home.get_by_role("tab", name="首页")).to_be_visible(timeout=30_000)
    assert home.evaluate("document.documentElement.lang") == "zh-CN"
    home.reload()
    expect(home.get_by_role("tab", name="首页")).to_be_visible(timeout=30_000)
    home.get_by_role("button", name="English").click()
    expect(home.get_by_role("tab", name="Home")).to_be_visible(timeout=30_000)


def shown(context: BrowserContext, app_url: str) -> Page:
    page = context.new_page()
    page.goto(app_url)
    expect(page.get_by_role("heading", name="Pentimento")).to_be_visible(timeout=30_000)
    return page


def test_no_tab_is_wider_than_a_phone(browser: Browser, app_url: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = shown(context, app_url)
    for name in TABS:
        tab = page.get_by_role("tab", name=name, exact=True)
        if not tab.first.is_visible():
            page.locator(".overflow-menu > button").first.click()
            page.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
        else:
            tab.first.click()
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    context.close()


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = (c) => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const c = parse(getComputedStyle(node).backgroundColor);
      if (c.length === 3 || (c.length === 4 && c[3] > .9)) return c.slice(0, 3);
      if (c.length === 4 && c[3] > 0) return null;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('h1, h2, h3, p, label span, button, .status span, a')) {
    if (!node.innerText?.trim() || !node.checkVisibility() || node.closest('[disabled], .disabled, .hide')) continue;
    const style = getComputedStyle(node), back = ground(node);
    if (!back || style.opacity < 1 || style.backgroundImage !== 'none') continue;
    const [one, other] = [light(parse(style.color).slice(0, 3)), light(back)];
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) poor.push(`${node.innerText.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
NAMELESS = """() => [...document.querySelectorAll(
    'button, input:not([type=file]):not([type=hidden]), textarea, select, img')]
  .filter((node) => node.checkVisibility()).filter((node) => node.tagName === 'IMG' ? !node.hasAttribute('alt') :
    !(node.innerText?.trim() || node.getAttribute('aria-label') || node.title || node.labels?.length ||
      node.getAttribute('aria-labelledby') || node.querySelector('img[alt]') || node.closest('label')))
  .map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_and_controls_have_names(scheme: str, browser: Browser, app_url: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = shown(context, app_url)
    for name in TABS:
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(400)
        assert page.evaluate(CONTRAST) == [], name
        assert page.evaluate(NAMELESS) == [], name
        assert page.locator("h1").count() == 1
    context.close()


def test_a_keyboard_is_enough_to_run(window: Page, app_url: str, files: tuple[Path, Path]) -> None:
    window.goto(f"{app_url}/?task=super-resolution&method=bicubic&scale=2")
    tab = tab_of(window, "Enlarge a whole picture")
    upload(tab, files[0])
    expect(tab.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Run").focus()
    window.keyboard.press("Enter")
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    seen = []
    for _ in range(6):
        window.keyboard.press("Tab")
        seen.append(window.evaluate("document.activeElement.innerText || document.activeElement.value || ''").strip())
    assert "Download" in seen or "png" in " ".join(seen)


def test_a_kept_recipe_comes_back_from_the_picture(window: Page, app_url: str, tmp_path: Path) -> None:
    tab = enlarged(window, app_url, pictures.saved(pictures.scene(), tmp_path / "a.png"))
    tab.get_by_label("Keep the recipe in the file").check()
    window.wait_for_timeout(1200)
    with window.expect_download() as download:
        tab.get_by_role("button", name="Download").first.click()
    download.value.save_as(tmp_path / "kept.png")
    assert '"bicubic"' in (read_recipe(tmp_path / "kept.png") or "")
    load_recipe(window, app_url, tmp_path / "kept.png")
    tab = tab_of(window, "Enlarge a whole picture")
    expect(tab.get_by_label("number input for Scale", exact=True)).to_have_value("2", timeout=30_000)
