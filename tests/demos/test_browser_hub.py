"""What the tabs share, in a real browser: home, links, recipes, sending on, history, sizes, contrast."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support import pictures
from tests.support.asking import wait_until
from tests.support.browsing import (
    Window,
    begin_anew,
    download,
    give,
    number,
    open_tab,
    run,
    set_numbers,
    show_hub,
    status,
    unfold,
)
from tests.support.page_scripts import CONTRAST, NAMELESS, STILL

TABS = ("Home", "Style V1", "Style V2", "Style V3", "Super-resolution", "Inpainting", "Face swap", "For programs")
WIDTH = "document.documentElement.scrollWidth"


def panel_of(page: Page, words: str) -> Locator:
    """A tab's panel by its introduction."""
    return page.get_by_role("tabpanel").filter(has_text=words).last


def to_enlarge(page: Page, path: Path) -> Locator:
    """Super-resolution with everything that it needs for a quick run."""
    tab = open_tab(page, "Super-resolution", "Enlarge")
    give(tab, path)
    tab.get_by_label("Method", exact=True).click()
    page.get_by_role("option", name="bicubic").click()
    set_numbers(tab, scale=2)
    return tab


def load_recipe(page: Page, path: Path) -> None:
    page.get_by_role("tab", name="Home").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Load a recipe").filter(visible=True).first.click()
    chooser.value.set_files(path)


def test_home_shows_what_can_be_done_and_tries_it(blank: Window, app_url: str) -> None:
    home = blank.page
    show_hub(home, app_url)
    expect(home.get_by_text("Classical neural image generation")).to_be_visible()
    cards = home.locator("a.card")
    expect(cards).to_have_count(6)
    for index in range(6):
        image = cards.nth(index).locator("img").first
        wait_until(lambda image=image: image.evaluate("image => image.complete && image.naturalWidth") > 300)
        assert image.get_attribute("alt")
    expect(home.locator(".machine").last).to_contain_text("networks are here")
    expect(home.locator(".machine").last).to_contain_text("stay on this machine")
    cards.filter(has_text="Try Style V1").click()
    expect(home.get_by_text("This takes about")).to_be_visible()
    expect(home.get_by_role("tab", name="Style V1")).to_have_attribute("aria-selected", "true")
    home.get_by_role("tab", name="Home").click()
    cards.filter(has_text="Try Face swap").locator("img").click()
    expect(home.get_by_text("One face was found.")).to_be_visible()
    blank.settle()  # the pictures are announced once, not again and again
    consent = home.get_by_label("Everybody who can be seen here agrees")
    expect(consent).not_to_be_checked()
    consent.check()
    blank.settle()
    expect(consent).to_be_checked()


def test_a_link_restores_task_and_settings(page: Page, blank: Window) -> None:
    page.bring_to_front()
    tab = open_tab(page, "Style V3", "Transfer")
    unfold(tab, "Settings")
    set_numbers(tab, size=352)
    tab.get_by_label("photo", exact=True).check()
    tab.get_by_role("button", name="Copy a link").click()
    link = tab.locator("label", has_text="Link").locator("input, textarea")
    expect(link).to_be_visible()
    address = link.input_value()
    assert "task=style-v3&" in address

    show_hub(blank.page, f'{address}&patch_layers=["relu4_1"]')
    tab = panel_of(blank.page, "A Gram matrix forgets")
    expect(tab).to_be_visible()
    blank.settle()
    unfold(tab, "Settings")
    expect(number(tab, "Size")).to_have_value("352")
    expect(tab.get_by_label("photo", exact=True)).to_be_checked()
    for layer, chosen in (("relu3_1", False), ("relu4_1", True)):
        expect(tab.get_by_role("checkbox", name=layer)).to_be_checked(checked=chosen)


def test_a_wrong_link_is_one_sentence(blank: Window, app_url: str) -> None:
    blank.page.goto(f"{app_url}/?task=style-v1&size=99999")
    expect(blank.page.get_by_text("size: the value should be less than")).to_be_visible()


def test_a_result_is_sent_on_with_its_recipe(
    page: Page, blank: Window, app_url: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    page.bring_to_front()
    tab = to_enlarge(page, files[0])
    run(tab)
    tab.get_by_role("button", name="Send to Style V2").click()
    painting = panel_of(page, "One pass of a network")
    expect(painting.get_by_text("This takes about")).to_be_visible()
    set_numbers(painting, size=64)
    run(painting)
    recipe_file = download(painting, tmp_path / "recipe.json", name="Recipe as JSON")
    recipe = json.loads(recipe_file.read_text())
    assert recipe["task"] == "style-v2"
    assert recipe["made_from"]["content"][0]["task"] == "super-resolution"
    assert recipe["made_from"]["content"][0]["parameters"]["method"] == "bicubic"

    blank.page.bring_to_front()
    show_hub(blank.page, app_url)
    load_recipe(blank.page, recipe_file)
    painting = panel_of(blank.page, "One pass of a network")
    expect(painting).to_be_visible()
    expect(number(painting, "Size")).to_have_value("64")
    expect(blank.page.get_by_text("The settings are those of the recipe")).to_be_visible()


def test_a_kept_recipe_comes_back_from_the_picture(window: Window, tmp_path: Path) -> None:
    page, tab = window.page, to_enlarge(window.page, pictures.saved(pictures.scene(), tmp_path / "a.png"))
    run(tab)
    tab.get_by_label("Keep the recipe in the file").check()
    window.settle()
    path = download(tab, tmp_path / "kept.png")
    assert '"bicubic"' in (read_recipe(path) or "")
    set_numbers(tab, scale=3)
    load_recipe(page, path)
    tab = panel_of(page, "Enlarge a whole picture")
    expect(number(tab, "Scale")).to_have_value("2")
    tab.get_by_label("Keep the recipe in the file").uncheck()


def test_history_keeps_the_visit_and_can_be_forgotten(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    unfold(page.locator("body"), "This visit's results")
    results, forget = page.locator(".history .thumbnail-item"), page.get_by_role("button", name="Clear the list")
    if forget.is_enabled():
        forget.click()
    expect(results).to_have_count(0)
    tab = to_enlarge(page, files[0])
    for number_of_results in (1, 2):
        run(tab)
        expect(results).to_have_count(number_of_results)
    with zipfile.ZipFile(download(page.locator("body"), tmp_path / "all.zip", name="Download all")) as archive:
        assert sorted(archive.namelist()) == [
            f"{n:02d}-super-resolution.{kind}" for n in (1, 2) for kind in ("json", "png")
        ]
        with Image.open(archive.open("01-super-resolution.png")) as image:
            assert image.size == (192, 144)
    forget.click()
    expect(results).to_have_count(0)
    expect(page.get_by_role("button", name="Download all")).to_be_disabled()


def test_how_it_works_shows_the_visitors_own_run(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Style V1", "Transfer")
    give(tab, *files)
    unfold(tab, "Settings")
    set_numbers(tab, size=64, iterations=3)
    run(tab)
    tab.get_by_role("tab", name="How it works").click()
    expect(tab.get_by_text("Gatys, Ecker & Bethge 2016").last).to_be_visible()
    expect(tab.get_by_alt_text("Gram matrices of your photo")).to_be_visible()


def test_a_keyboard_is_enough_to_run(page: Page, files: tuple[Path, Path]) -> None:
    tab = to_enlarge(page, files[0])
    expect(tab.get_by_text("This takes about")).to_be_visible()
    begin_anew(tab)
    tab.get_by_role("button", name="Run", exact=True).focus()
    page.keyboard.press("Enter")
    expect(status(tab).filter(has_text="Done in")).to_be_visible()
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.innerText || document.activeElement.value || ''").strip())
    assert "Download" in seen or "png" in " ".join(seen)


@pytest.mark.parametrize("width", [390, 768, 2560])
def test_the_page_fits_its_window(width: int, window: Window) -> None:
    window.page.set_viewport_size({"width": width, "height": 900})
    window.page.get_by_role("tab", name="Home").click()
    window.settle()
    assert window.page.evaluate(WIDTH) <= width


def test_no_tab_is_wider_than_a_phone(browser: Browser, app_url: str) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    window = Window.opened(phone, app_url)
    page = window.page
    show_hub(page, app_url)
    for name in TABS:
        tab = page.get_by_role("tab", name=name, exact=True)
        if not tab.first.is_visible():
            page.locator(".overflow-menu > button").first.click()
            page.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
        else:
            tab.first.click()
        window.settle()
        assert page.evaluate(WIDTH) <= 390, name
    phone.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_and_controls_have_names(scheme: str, window: Window) -> None:
    page = window.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    expect(page.locator("body.dark")).to_have_count(int(scheme == "dark"))
    for name in TABS:
        page.get_by_role("tab", name=name, exact=True).click()
        window.settle()
        page.wait_for_function(STILL)
        assert page.evaluate(CONTRAST) == [], name
        assert page.evaluate(NAMELESS) == [], name
        assert page.locator("h1").count() == 1
