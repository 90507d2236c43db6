"""Inpainting in a real browser: paint, fill, correct a proposal, send the result on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.support import pictures


@pytest.fixture
def tab(page: Page, tmp_path: Path) -> Locator:
    """The tab with a photo in it."""
    page.get_by_role("tab", name="Inpainting").click()
    found = page.get_by_role("tabpanel").filter(has_text="Paint over what should go").first
    path = pictures.saved(pictures.noisy(240, 180), tmp_path / "photo.png")
    found.locator("[data-testid=file-upload]").first.set_input_files(path)
    expect(found.get_by_text("Please mark what should go").first).to_be_visible(timeout=30_000)
    expect(found.locator(".painter canvas")).to_be_visible()
    return found


def stroke(page: Page, tab: Locator, *, across: float = 0.4, down: float = 0.45) -> None:
    """Drag the chosen tool over the picture."""
    canvas = tab.locator(".painter canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    for index in range(6):
        page.mouse.move(x + 8 * index, y + 6 * index)
    page.mouse.up()


def painted(tab: Locator) -> float:
    """Share of the picture that is marked."""
    script = """canvas => {
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let index = 3; index < data.length; index += 4) count += data[index] > 127;
        return 4 * count / data.length;
    }"""
    return float(tab.locator(".painter canvas").evaluate(script))


def poll(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def result(page: Page, tab: Locator, folder: Path) -> numpy.ndarray:
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").first.click()
    download.value.save_as(folder / "result.png")
    with Image.open(folder / "result.png") as image:
        return numpy.asarray(image)


def test_a_stroke_is_filled_even_when_run_follows_at_once(page: Page, tab: Locator, tmp_path: Path) -> None:
    stroke(page, tab)
    tab.get_by_role("button", name="Run").first.click()
    expect(tab.get_by_text("This takes about").first).to_be_visible(timeout=20_000)
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    expect(tab.locator(".lens .pane")).to_have_count(3, timeout=20_000)
    captions = tab.locator(".lens figcaption").all_inner_texts()
    assert [each.split("\n")[0] for each in captions] == ["masked", "content network", "blended"]
    changed = (result(page, tab, tmp_path) != numpy.asarray(pictures.noisy(240, 180))).any(axis=2)
    assert 0.01 < changed.mean() < 0.4
    assert not changed[:20].any()

    tab.get_by_role("button", name="Send to Super-resolution").click()
    enlarge = page.get_by_role("tabpanel").filter(has_text="Enlarge a whole picture").last
    expect(enlarge.get_by_label("Remove Image")).to_be_visible(timeout=20_000)
    expect(enlarge.get_by_text("This takes about")).to_be_visible(timeout=20_000)


def test_without_a_mask_one_sentence_says_what_to_do(page: Page, tab: Locator) -> None:
    tab.get_by_role("button", name="Run").first.click()
    expect(tab.get_by_text("Nothing was made; the message says why.")).to_be_visible(timeout=20_000)
    expect(page.locator(".toast-body", has_text="Please mark what should go")).to_be_visible()


def test_tools_paint_erase_and_take_back(page: Page, tab: Locator) -> None:
    stroke(page, tab)
    brushed = painted(tab)
    assert 0.01 < brushed < 0.5
    tab.get_by_role("button", name="Box", exact=True).click()
    stroke(page, tab, across=0.05, down=0.05)
    boxed = painted(tab)
    assert boxed > brushed
    tab.get_by_role("button", name="Eraser").click()
    stroke(page, tab)
    assert painted(tab) < boxed - 0.5 * brushed
    tab.get_by_role("button", name="Undo").click()
    assert painted(tab) == pytest.approx(boxed)
    tab.get_by_role("button", name="Invert").click()
    assert painted(tab) == pytest.approx(1 - boxed, abs=0.01)
    tab.get_by_role("button", name="Clear").click()
    assert painted(tab) == 0


def test_the_subject_is_proposed_and_can_be_corrected(page: Page, tab: Locator, tmp_path: Path) -> None:
    ground = Image.new("RGB", (240, 180), (150, 170, 190))
    ImageDraw.Draw(ground).ellipse((80, 40, 160, 150), (200, 60, 40))
    tab.get_by_label("Remove Image").click()
    tab.locator("[data-testid=file-upload]").first.set_input_files(pictures.saved(ground, tmp_path / "subject.png"))
    page.wait_for_timeout(2000)
    tab.get_by_role("button", name="Mark the main subject").click()
    poll(lambda: painted(tab) > 0.1)
    assert painted(tab) < 0.4
    before = painted(tab)
    tab.get_by_role("button", name="Eraser").click()
    stroke(page, tab)
    assert painted(tab) < before


def test_methods_stand_side_by_side(page: Page, tab: Locator) -> None:
    stroke(page, tab)
    tab.get_by_role("tab", name="Side by side").click()
    tab.get_by_label("refined", exact=True).last.uncheck()
    tab.get_by_label("Nothing has to go").check()
    tab.get_by_role("button", name="Run").last.click()
    expect(tab.locator(".lens .pane")).to_have_count(5, timeout=90_000)
    captions = tab.locator(".lens figcaption").all_inner_texts()
    titles = [each.split("\n")[0] for each in captions]
    assert titles == ["your picture", "mask", "Telea", "biharmonic", "content network"]
    assert "LPIPS" in captions[-1]
