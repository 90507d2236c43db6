"""The hub in a real browser, as a visitor uses it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support import pictures


def give(page: Page, files: tuple[Path, Path]) -> None:
    for index, path in enumerate(files):
        page.locator("[data-testid=file-upload]").nth(index).set_input_files(path)
        expect(page.get_by_label("Remove Image")).to_have_count(index + 1)


def unfold_settings(page: Page) -> None:
    """Open the tab's settings; the page's foot has a button of the same name, which may be drawn first."""
    page.get_by_role("tabpanel").get_by_role("button", name="Settings").first.click()


def choose(page: Page, *, size: int, iterations: int) -> None:
    if not page.get_by_label("number input for Size", exact=True).first.is_visible():
        unfold_settings(page)
    for label, value in (("Size", size), ("Iterations", iterations)):
        field = page.get_by_label(f"number input for {label}", exact=True).first
        field.fill(str(value))
        field.blur()


def run(page: Page) -> None:
    page.get_by_role("button", name="Run").first.click()


def super_resolution(page: Page, inner: str) -> Locator:
    """The open tab of super-resolution."""
    page.get_by_role("tab", name="Super-resolution").click()
    page.get_by_role("tab", name=inner).click()
    words = "Several ways" if inner == "Side by side" else "Enlarge a whole picture"
    return page.get_by_role("tabpanel").filter(has_text=words).last


def test_four_enlargements_stand_under_one_lens(page: Page, files: tuple[Path, Path]) -> None:
    tab = super_resolution(page, "Side by side")
    tab.locator("[data-testid=file-upload]").first.set_input_files(files[0])
    tab.get_by_label("I have the original").check()
    tab.get_by_label("number input for Scale", exact=True).fill("2")
    tab.get_by_label("number input for Part", exact=True).fill("32")
    expect(tab.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Run").click()
    expect(tab.locator(".lens .pane")).to_have_count(4, timeout=60_000)
    captions = tab.locator(".lens figcaption")
    for index, title in enumerate(("bicubic", "residual (SRResNet)", "GAN (SRGAN)", "original")):
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
    found = image.evaluate("image => getComputedStyle(image).transformOrigin.split(' ').map(parseFloat)")
    return " ".join(f"{place:.0f}" for place in found)


def test_a_picture_is_enlarged_with_its_transparency(page: Page, tmp_path: Path) -> None:
    half = pictures.scene(60, 40).convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize(half.size))
    tab = super_resolution(page, "Enlarge")
    tab.locator("[data-testid=file-upload]").first.set_input_files(pictures.saved(half, tmp_path / "half.png"))
    tab.get_by_label("number input for Scale", exact=True).fill("2.5")
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("150 x 100")).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("tab", name="Before and after")).to_have_attribute("aria-selected", "true")
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert (image.mode, image.size) == ("RGBA", (150, 100))
    tab.get_by_label("jpeg").check()
    page.wait_for_timeout(1500)
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (150, 100))


def test_a_visitor_turns_a_photo_into_a_painting_and_takes_it_home(
    page: Page, files: tuple[Path, Path], tmp_path: Path
) -> None:
    give(page, files)
    choose(page, size=64, iterations=6)
    expect(page.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    run(page)
    expect(page.get_by_text("Done in")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("tab", name="Before and after")).to_have_attribute("aria-selected", "true")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("PNG", (64, 48))
    assert not read_recipe(target)

    page.get_by_label("jpeg").first.check()
    page.get_by_label("Keep the recipe in the file").first.check()
    page.wait_for_timeout(1500)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    download.value.save_as(tmp_path / "again.jpg")
    assert '"iterations": 6' in (read_recipe(tmp_path / "again.jpg") or "")


def test_stop_keeps_the_best_picture_and_the_next_run_starts(page: Page, files: tuple[Path, Path]) -> None:
    give(page, files)
    choose(page, size=64, iterations=2000)
    run(page)
    expect(page.locator(".status", has_text="iteration").first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Stop and keep the best").first.click()
    expect(page.get_by_text("Stopped with the best picture so far")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("button", name="Download").first).to_be_enabled()
    choose(page, size=64, iterations=2)
    run(page)
    expect(page.get_by_text("Done in")).to_be_visible(timeout=20_000)


def test_the_picture_changes_every_two_seconds_and_nothing_moves(page: Page, files: tuple[Path, Path]) -> None:
    give(page, files)
    choose(page, size=128, iterations=400)
    shown = page.get_by_alt_text("the picture so far")
    before = page.get_by_role("button", name="Run").first.bounding_box()
    run(page)
    expect(shown.first).to_be_visible(timeout=30_000)
    changes, last, latest, longest = 0, "", time.monotonic(), 0.0
    end = time.monotonic() + 8
    while time.monotonic() < end:
        source = shown.first.get_attribute("src") or ""
        if source != last:
            longest = max(longest, time.monotonic() - latest)
            changes, last, latest = changes + 1, source, time.monotonic()
        assert page.get_by_role("button", name="Run").first.bounding_box() == before
        page.wait_for_timeout(100)
    page.get_by_role("button", name="Stop and keep the best").first.click()
    assert changes >= 4
    assert max(longest, time.monotonic() - latest) < 2
    expect(page.get_by_text("Stopped with")).to_be_visible(timeout=20_000)


def test_reloading_the_page_ends_the_run(page: Page, files: tuple[Path, Path]) -> None:
    give(page, files)
    choose(page, size=64, iterations=2000)
    run(page)
    expect(page.locator(".status", has_text="iteration").first).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_role("heading", name="Pentimento")).to_be_visible()
    give(page, files)
    choose(page, size=64, iterations=2)
    run(page)
    expect(page.get_by_text("Done in")).to_be_visible(timeout=15_000)


def test_examples_fill_both_inputs(page: Page) -> None:
    page.get_by_label("Thumbnail 2 of 4").first.click()
    expect(page.get_by_text("This takes about")).to_be_visible(timeout=30_000)
    expect(page.get_by_label("Remove Image")).to_have_count(2)


def test_presets_move_the_sliders(page: Page) -> None:
    unfold_settings(page)
    page.get_by_label("Fine").first.check()
    expect(page.get_by_label("number input for Size", exact=True).first).to_have_value("512")
    page.get_by_label("Quick").first.check()
    expect(page.get_by_label("number input for Size", exact=True).first).to_have_value("192")


@pytest.mark.parametrize("name", ["text.png", "bomb.png", "truncated.jpg", "empty.png"])
def test_a_bad_file_is_one_sentence(name: str, page: Page, tmp_path: Path) -> None:
    data, word = pictures.refused()[name]
    (tmp_path / name).write_bytes(data)
    page.locator("[data-testid=file-upload]").first.set_input_files(tmp_path / name)
    expect(page.get_by_text(word).first).to_be_visible(timeout=20_000)


def test_what_the_door_did_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "cmyk.jpg").write_bytes(pictures.accepted()["cmyk.jpg"][0])
    page.locator("[data-testid=file-upload]").first.set_input_files(tmp_path / "cmyk.jpg")
    expect(page.get_by_text("CMYK to sRGB")).to_be_visible(timeout=20_000)


def test_running_without_pictures_says_what_is_missing(page: Page) -> None:
    run(page)
    expect(page.get_by_text("Please give a picture for 'Photo'").first).to_be_visible(timeout=10_000)
    expect(page.get_by_role("button", name="Run").first).to_be_enabled(timeout=10_000)


def test_the_strip_of_reconstructions(page: Page, files: tuple[Path, Path]) -> None:
    page.get_by_role("tab", name="Reconstruction").click()
    page.locator("[data-testid=file-upload]").last.set_input_files(files[0])
    page.get_by_label("number input for Size", exact=True).last.fill("64")
    page.get_by_label("number input for Iterations", exact=True).last.fill("2")
    page.get_by_label("number input for Iterations", exact=True).last.blur()
    page.get_by_role("button", name="Make the whole strip").click()
    expect(page.get_by_text("Done in")).to_be_visible(timeout=60_000)
    expect(page.get_by_label("strip")).to_be_checked()


def test_a_click_on_the_result_shows_where_a_patch_came_from(page: Page, files: tuple[Path, Path]) -> None:
    page.get_by_role("tab", name="Style V3").click()
    tab = page.get_by_role("tabpanel").filter(has_text="Li & Wand 2016").last
    for index, path in enumerate(files):
        tab.locator("[data-testid=file-upload]").nth(index).set_input_files(path)
        expect(tab.get_by_label("Remove Image")).to_have_count(index + 1)
    tab.get_by_role("button", name="Settings").first.click()
    for label, value in (("Size", 96), ("Iterations", 3)):
        field = tab.get_by_label(f"number input for {label}", exact=True)
        field.fill(str(value))
        field.blur()
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    tab.get_by_role("tab", name="Where from").click()
    coloured = tab.get_by_alt_text("the result in the colours of its sources")
    expect(coloured).to_be_visible(timeout=10_000)
    before = coloured.get_attribute("src")
    coloured.click()  # in its middle
    expect(tab.get_by_text("relu4_1: correlation")).to_be_visible(timeout=10_000)
    expect(tab.get_by_alt_text("patches beside their sources")).to_be_visible()
    assert coloured.get_attribute("src") != before
    clicked = coloured.get_attribute("src")
    tab.get_by_label("relu4_1").locator("visible=true").first.check()
    expect(coloured).not_to_have_attribute("src", clicked or "")


@pytest.mark.parametrize("width", [390, 768, 2560])
def test_the_page_fits_its_window(width: int, browser: Browser, app_url: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(app_url)
    expect(page.get_by_role("heading", name="Pentimento")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
