"""Runs in a real browser, as a visitor makes them: pictures, settings, progress, results to take home."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support import pictures
from tests.support.browsing import (
    Window,
    download,
    empty,
    give,
    number,
    open_tab,
    press_run,
    run,
    set_numbers,
    show_hub,
    status,
    unfold,
    uploads,
)

PREVIEWS, LONGEST_WAIT = 4, 2.0
"""How many previews are watched, and how many seconds may lie between two of them."""
LONGEST_STOP = 5.0
"""Seconds from a stop to the best picture."""


def style_v1(page: Page, **numbers: float) -> Locator:
    """The first tab of tasks, with its settings open."""
    tab = open_tab(page, "Style V1", "Transfer")
    unfold(tab, "Settings")
    set_numbers(tab, **numbers)
    return tab


def in_front(tab: Locator, name: str) -> None:
    """Expect a tab to be the open one."""
    expect(tab.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")


def test_four_enlargements_stand_under_one_lens(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Super-resolution", "Side by side")
    give(tab, files[0])
    tab.get_by_label("I have the original").check()
    set_numbers(tab, scale=2, part=32)
    expect(tab.get_by_text("This takes about")).to_be_visible()
    run(tab)
    expect(tab.locator(".lens .pane")).to_have_count(4)
    captions = tab.locator(".lens figcaption")
    for index, title in enumerate(("Interpolated", "Faithful (SRResNet)", "Sharp (SRGAN)", "original")):
        expect(captions.nth(index)).to_contain_text(title)
    expect(captions.nth(2)).to_contain_text("LPIPS")
    lens = tab.locator(".lens")
    tab.locator(".lens .pane").nth(1).hover(position={"x": 40, "y": 60})
    expect(lens).to_have_class("lens close")
    zoomed = [tab.locator(".lens .pane img").nth(index) for index in range(4)]
    expect(zoomed[0]).to_have_css("transform", "matrix(4, 0, 0, 4, 0, 0)")
    before = {looked_at(image) for image in zoomed}
    assert len(before) == 1, "the lens shows every picture at the same place"
    tab.locator(".lens .panes").focus()
    page.keyboard.press("ArrowRight")
    assert looked_at(zoomed[3]) not in before
    page.keyboard.press("Escape")
    expect(lens).to_have_class("lens")
    difference = tab.get_by_alt_text("What the right one has more")
    shown = difference.get_attribute("src") or ""
    tab.get_by_label("Right", exact=True).click()
    page.get_by_role("option", name="original").click()
    expect(difference).not_to_have_attribute("src", shown)


def looked_at(image: Locator) -> str:
    """Where the lens lies on a picture, in pixels."""
    places = image.evaluate("image => getComputedStyle(image).transformOrigin.split(' ').map(parseFloat)")
    return " ".join(f"{place:.0f}" for place in places)


def test_a_picture_is_enlarged_with_its_transparency(window: Window, tmp_path: Path) -> None:
    half = pictures.scene(60, 40).convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize(half.size))
    tab = open_tab(window.page, "Super-resolution", "Enlarge")
    give(tab, pictures.saved(half, tmp_path / "half.png"))
    set_numbers(tab, scale=2.5)
    run(tab, "150 x 100")
    in_front(tab, "Result")
    with Image.open(download(tab, tmp_path / "out.png")) as image:
        assert (image.mode, image.size) == ("RGBA", (150, 100))
    tab.get_by_label("jpeg").check()
    with Image.open(download(tab, tmp_path / "out.jpg")) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (150, 100))


def test_a_visitor_turns_a_photo_into_a_painting_and_takes_it_home(
    window: Window, files: tuple[Path, Path], tmp_path: Path
) -> None:
    tab = style_v1(window.page, size=64, iterations=6)
    give(tab, *files)
    expect(tab.get_by_text("This takes about")).to_be_visible()
    run(tab)
    in_front(tab, "Result")
    path = download(tab, tmp_path / "out.png")
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (64, 48))
    assert not read_recipe(path)

    tab.get_by_label("jpeg").check()
    tab.get_by_label("Keep the recipe in the file").check()
    assert '"iterations": 6' in (read_recipe(download(tab, tmp_path / "again.jpg")) or "")


def test_a_run_is_two_requests(window: Window, files: tuple[Path, Path]) -> None:
    tab = style_v1(window.page, size=64, iterations=6)
    give(tab, *files)
    expect(tab.get_by_text("This takes about")).to_be_visible()
    window.settle()
    window.asked.clear()
    run(tab)
    window.settle()  # whatever should follow has followed
    assert len(window.asked) == 2, "its beginning, and the run itself, which brings all that it changes"


def test_stop_keeps_the_best_picture_and_the_next_run_starts(
    page: Page, files: tuple[Path, Path], tmp_path: Path
) -> None:
    tab = style_v1(page, size=64, iterations=2000)
    give(tab, *files)
    press_run(tab)
    expect(status(tab).filter(has_text="iteration")).to_be_visible()
    tab.get_by_label("jpeg").check()
    tab.get_by_role("button", name="Stop and keep the best").click()
    expect(status(tab).filter(has_text="Stopped with the best picture so far")).to_be_visible()
    with Image.open(download(tab, tmp_path / "out.jpg")) as image:
        assert image.format == "JPEG", "as it was chosen during the run"
    set_numbers(tab, iterations=2)
    run(tab)


@pytest.mark.alone
def test_the_picture_changes_every_two_seconds_and_nothing_moves(page: Page, files: tuple[Path, Path]) -> None:
    tab = style_v1(page, size=128, iterations=2000)
    give(tab, *files)
    shown, button = tab.get_by_alt_text("the picture so far"), tab.get_by_role("button", name="Run", exact=True)
    press_run(tab)
    expect(status(tab).filter(has_text="iteration")).to_be_visible()
    expect(shown).to_be_visible()
    button.scroll_into_view_if_needed()
    place = button.bounding_box()
    for _ in range(PREVIEWS):
        source, began = shown.get_attribute("src") or "", time.monotonic()
        expect(shown).not_to_have_attribute("src", source, timeout=1000 * LONGEST_WAIT)
        assert time.monotonic() - began < LONGEST_WAIT
        assert button.bounding_box() == place
    tab.get_by_role("button", name="Stop and keep the best").click()
    expect(status(tab).filter(has_text="Stopped with")).to_be_visible(timeout=1000 * LONGEST_STOP)


def test_reloading_the_page_ends_the_run(page: Page, files: tuple[Path, Path]) -> None:
    tab = style_v1(page, size=64, iterations=2000)
    give(tab, *files)
    press_run(tab)
    expect(status(tab).filter(has_text="iteration")).to_be_visible()
    show_hub(page, page.url)
    tab = style_v1(page, size=64, iterations=2)
    give(tab, *files)
    run(tab)


def test_examples_fill_both_inputs(page: Page) -> None:
    tab = open_tab(page, "Style V1", "Transfer")
    empty(tab)
    tab.get_by_role("button", name="Wheat Field with Cypresses").filter(visible=True).first.click()
    expect(tab.get_by_text("This takes about")).to_be_visible()
    expect(tab.get_by_label("Remove Image")).to_have_count(2)


def test_presets_say_their_size_and_move_the_sliders(page: Page) -> None:
    tab = style_v1(page)
    expect(tab.get_by_label("Balanced: 512 px")).to_be_visible()
    tab.get_by_label("Fine").check()
    expect(number(tab, "Size")).to_have_value("1024")
    tab.get_by_label("Quick").check()
    expect(number(tab, "Size")).to_have_value("256")


@pytest.mark.parametrize("name", ["text.png", "bomb.png", "truncated.jpg", "empty.png"])
def test_a_bad_file_is_one_sentence(name: str, page: Page, tmp_path: Path) -> None:
    data, word = pictures.refused()[name]
    (tmp_path / name).write_bytes(data)
    tab = open_tab(page, "Style V1", "Transfer")
    empty(tab)
    uploads(tab).first.set_input_files(tmp_path / name)
    expect(page.get_by_text(word).filter(visible=True).first).to_be_visible()


def test_what_the_door_did_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "cmyk.jpg").write_bytes(pictures.accepted()["cmyk.jpg"][0])
    tab = open_tab(page, "Style V1", "Transfer")
    give(tab, tmp_path / "cmyk.jpg")
    expect(tab.get_by_text("CMYK to sRGB")).to_be_visible()


def test_running_without_pictures_says_what_is_missing(page: Page) -> None:
    tab = open_tab(page, "Style V1", "Transfer")
    empty(tab)
    press_run(tab)
    expect(page.get_by_text("Please give a picture for 'Photo'").first).to_be_visible()
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_the_strip_of_reconstructions(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Style V1", "Reconstruction")
    give(tab, files[0])
    set_numbers(tab, size=64, iterations=2)
    press_run(tab, "Make the whole strip, layer by layer")
    expect(status(tab).filter(has_text="Done in")).to_be_visible()
    expect(tab.get_by_label("strip")).to_be_checked()


def test_a_click_on_the_result_shows_where_a_patch_came_from(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Style V3", "Transfer")
    give(tab, *files)
    unfold(tab, "Settings")
    set_numbers(tab, size=96, iterations=3)
    run(tab)
    tab.get_by_role("tab", name="Where from").click()
    coloured = tab.get_by_alt_text("the result in the colours of its sources")
    expect(coloured).to_be_visible()
    before = coloured.get_attribute("src") or ""
    coloured.click()  # in its middle
    expect(tab.get_by_text("relu4_1: correlation")).to_be_visible()
    expect(tab.get_by_alt_text("patches beside their sources")).to_be_visible()
    expect(coloured).not_to_have_attribute("src", before)
    clicked = coloured.get_attribute("src") or ""
    tab.get_by_role("radio", name="relu4_1").filter(visible=True).first.check()
    expect(coloured).not_to_have_attribute("src", clicked)


def test_a_result_is_finished_larger(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = open_tab(page, "Style V3", "Transfer")
    give(tab, *files)
    unfold(tab, "Settings")
    set_numbers(tab, size=64, iterations=4)
    run(tab)
    larger = tab.get_by_role("button", name="Finish at 512 pixels")
    expect(larger).to_contain_text("about")
    expect(tab.get_by_role("button", name="Finish at 1024 pixels")).to_be_hidden()
    give(tab, *reversed(files))
    larger.click()
    expect(page.locator(".toast-body", has_text="press Run first")).to_be_visible()
    expect(larger).to_be_enabled()
    run(tab)
    larger.click()
    expect(status(tab)).to_contain_text("512 px, iteration")
    tab.get_by_role("button", name="Stop and keep the best").click()
    expect(status(tab)).to_contain_text("512 x ")
    expect(larger).to_be_hidden()
    expect(tab.get_by_role("button", name="Finish at 1024 pixels")).to_be_enabled()
    with Image.open(download(tab, tmp_path / "larger.png")) as image:
        assert max(image.size) == 512
