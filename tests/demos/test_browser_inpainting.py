"""Inpainting in a real browser: paint, fill, correct a proposal, send the result on."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

from tests.support import pictures
from tests.support.asking import wait_until
from tests.support.browsing import (
    Window,
    download,
    empty,
    give,
    marked_share,
    open_tab,
    painter,
    press_run,
    run,
    status,
)

UNMARKED = "Please mark what should go"
SIZE = (240, 180)


@pytest.fixture
def tab(window: Window, tmp_path: Path) -> Locator:
    """The tab with a photo in it, of which nothing is marked."""
    tab = open_tab(window.page, "Inpainting")
    tab.get_by_role("tab", name="Fill", exact=True).click()
    empty(tab)
    window.settle()  # on a busy machine, the answer to the photo's going may come after that to its coming
    give(tab, pictures.saved(pictures.noisy(*SIZE), tmp_path / "photo.png"))
    expect(tab.get_by_text(UNMARKED).first).to_be_visible()
    press(tab, "Brush")
    window.settle()
    return tab


def stroke(tab: Locator, *, across: float = 0.4, down: float = 0.45) -> None:
    """Drag the chosen tool over the picture."""
    box, mouse = painter(tab).bounding_box(), tab.page.mouse
    assert box
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    mouse.move(x, y)
    mouse.down()
    for index in range(6):
        mouse.move(x + 8 * index, y + 6 * index)
    mouse.up()


def press(tab: Locator, name: str) -> None:
    """A button of the painter."""
    tab.locator(".painter").get_by_role("button", name=name, exact=True).click()


def painted(tab: Locator) -> float:
    return marked_share(tab.locator(".painter canvas"))


def titles(tab: Locator) -> list[str]:
    """Under the pictures of the lens."""
    return [each.split("\n")[0] for each in tab.locator(".lens figcaption").filter(visible=True).all_inner_texts()]


def test_a_stroke_is_filled_even_when_run_follows_at_once(window: Window, tab: Locator, tmp_path: Path) -> None:
    stroke(tab)
    run(tab)
    expect(tab.get_by_text("This takes about").first).to_be_visible()
    expect(tab.locator(".lens .pane").filter(visible=True)).to_have_count(3)
    assert titles(tab) == ["masked", "content network", "blended"]
    with Image.open(download(tab, tmp_path / "result.png")) as image:
        changed = (numpy.asarray(image) != numpy.asarray(pictures.noisy(*SIZE))).any(axis=2)
    assert 0.01 < changed.mean() < 0.4
    assert not changed[:20].any()

    tab.get_by_role("button", name="Send to Super-resolution").click()
    enlarge = window.page.get_by_role("tabpanel").filter(has_text="Enlarge a whole picture").last
    expect(enlarge.get_by_label("Remove Image")).to_be_visible()
    expect(enlarge.get_by_text("This takes about")).to_be_visible()


def test_without_a_mask_one_sentence_says_what_to_do(window: Window, tab: Locator) -> None:
    press_run(tab)
    expect(status(tab).filter(has_text="Nothing was made; the message says why.")).to_be_visible()
    expect(window.page.locator(".toast-body", has_text=UNMARKED)).to_be_visible()


def test_tools_paint_erase_and_take_back(tab: Locator) -> None:
    stroke(tab)
    brushed = painted(tab)
    assert 0.01 < brushed < 0.5
    press(tab, "Box")
    stroke(tab, across=0.05, down=0.05)
    boxed = painted(tab)
    assert boxed > brushed
    press(tab, "Eraser")
    stroke(tab)
    assert painted(tab) < boxed - 0.5 * brushed
    press(tab, "Undo")
    assert painted(tab) == pytest.approx(boxed)
    press(tab, "Invert")
    assert painted(tab) == pytest.approx(1 - boxed, abs=0.01)
    press(tab, "Clear")
    assert painted(tab) == 0


def test_the_subject_is_proposed_and_can_be_corrected(window: Window, tab: Locator, tmp_path: Path) -> None:
    ground = Image.new("RGB", SIZE, (150, 170, 190))
    ImageDraw.Draw(ground).ellipse((80, 40, 160, 150), (200, 60, 40))
    give(tab, pictures.saved(ground, tmp_path / "subject.png"))
    window.settle()
    tab.get_by_role("button", name="Mark the main subject").click()
    wait_until(lambda: painted(tab) > 0.1, 30)
    before = painted(tab)
    assert before < 0.4
    press(tab, "Eraser")
    stroke(tab)
    assert painted(tab) < before


def test_methods_stand_side_by_side(tab: Locator) -> None:
    stroke(tab)
    tab.get_by_role("tab", name="Side by side", exact=True).click()
    beside = tab.get_by_role("tabpanel").filter(visible=True, has_text="Measure against this picture").last
    beside.get_by_label("refined", exact=True).uncheck()
    beside.get_by_label("Measure against this picture").check()
    run(beside)
    expect(beside.locator(".lens .pane")).to_have_count(5)
    assert titles(beside) == ["your picture", "mask", "Telea", "biharmonic", "content network"]
    assert "LPIPS" in beside.locator(".lens figcaption").last.inner_text()


def shown(tab: Locator) -> str:
    """Address of the picture that is to be filled."""
    return tab.get_by_alt_text("The picture to fill").first.get_attribute("src") or ""


def test_the_fill_comes_first_and_every_stroke_builds_on_the_last(window: Window, tab: Locator, tmp_path: Path) -> None:
    photo = shown(tab)
    stroke(tab)
    run(tab)
    assert titles(tab) == ["masked", "content network", "blended"], "the network alone: nothing is refined unasked"
    first = download(tab, tmp_path / "first.png").read_bytes()
    refine = tab.get_by_role("button", name="Refine the texture")
    expect(refine).to_contain_text("about")
    begun = status(tab)
    tab.locator(".status").evaluate_all("lines => lines.forEach((line) => { line.dataset.before = ''; })")
    refine.click()
    expect(begun.filter(has_text="Done in")).to_be_visible(timeout=120_000)
    assert "texture" in " ".join(titles(tab))
    expect(refine).to_be_hidden()
    wait_until(lambda: download(tab, tmp_path / "second.png").read_bytes() != first)
    tab.get_by_role("button", name="Go on with this result").click()
    wait_until(lambda: shown(tab) != photo)
    expect(tab.get_by_role("radio", name="auto", exact=True)).to_be_checked()
    window.settle()
    assert painted(tab) == 0, "what was marked is gone"
    back = tab.get_by_role("button", name="Back to the picture before")
    back.click()
    expect(back).to_be_disabled()
    window.settle()
    stroke(tab, across=0.5, down=0.3)
    run(tab)
    with Image.open(download(tab, tmp_path / "third.png")) as image:
        changed = (numpy.asarray(image) != numpy.asarray(pictures.noisy(*SIZE))).any(axis=2)
    assert changed.mean() < 0.3, "the picture of before, and not its filled successor"
