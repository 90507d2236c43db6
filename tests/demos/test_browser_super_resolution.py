"""Super-resolution in a browser: advice for the file, the result pixel for pixel, pictures drawn pixel by pixel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from demos.components.close_canvas import CloseCanvas
from engine.imaging.pyramid import Place
from tests.support.browsing import Window, download, give, number, open_tab, run, set_numbers
from tests.support.pictures import EXAMPLES

PIXELS = """canvas => {
    const {data} = canvas.getContext('2d').getImageData(canvas.width / 2 - 20, canvas.height / 2 - 20, 40, 40);
    return [...data];
}"""
"""JavaScript: the middle of a canvas, 40 x 40 pixels, RGBA."""


@pytest.fixture
def poor_photo(tmp_path: Path) -> Path:
    path = tmp_path / "poor.jpg"
    Image.open(EXAMPLES / "cat.jpg").convert("RGB").crop((20, 30, 380, 270)).save(path, "JPEG", quality=35)
    return path


def middle(canvas: Locator) -> numpy.ndarray:
    """``(40, 40, 3)``."""
    return numpy.array(canvas.evaluate(PIXELS), numpy.int16).reshape(40, 40, 4)[..., :3]


def test_advice_is_taken_with_a_click_and_the_result_is_shown_pixel_for_pixel(
    window: Window, poor_photo: Path, tmp_path: Path
) -> None:
    page = window.page
    tab = open_tab(page, "Super-resolution", "Enlarge")
    give(tab, poor_photo)
    expect(tab.get_by_text("The result has 1440 x 960 pixels")).to_be_visible()
    advice = tab.get_by_role("button", name="Use Real photo")
    expect(advice).to_contain_text("a JPEG of quality 35")
    advice.click()
    expect(tab.get_by_label("Method", exact=True)).to_have_value("Real photo (Real-ESRGAN)")
    tab.get_by_label("Method", exact=True).click()
    page.get_by_role("option", name="Fast (ours)").click()
    set_numbers(tab, scale=4)
    run(tab)
    result = numpy.asarray(Image.open(io.BytesIO(download(tab, tmp_path / "result.png").read_bytes())), numpy.int16)
    tab.get_by_role("tab", name="Pixel for pixel").click()
    tab.get_by_label("where the result begins").fill("0")
    canvas = tab.locator("canvas.main")
    tab.get_by_role("button", name="1:1").click()
    expect(tab.locator(".closer .zoom")).to_have_text("100 %")
    expected = result[480 - 20 : 480 + 20, 720 - 20 : 720 + 20]
    for _ in range(40):
        shown = middle(canvas)
        if abs(shown - expected).mean() < 4:
            break
        page.wait_for_timeout(250)
    assert abs(shown - expected).mean() < 4, "the result's own pixels, but for the JPEG of the tiles"
    tab.get_by_label("where the result begins").fill("100")
    assert (middle(canvas) != shown).any(), "the picture before, under the same zoom"
    tab.get_by_role("button", name="Zoom in").click()
    expect(tab.locator(".closer .zoom")).to_have_text("150 %")
    tab.locator(".closer").focus()
    before = middle(canvas)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert (middle(canvas) != before).any()
    expect(tab.locator("canvas.map")).to_be_visible()
    page.keyboard.press("0")
    expect(tab.locator("canvas.map")).to_be_hidden()


def test_pictures_are_drawn_pixel_by_pixel(window: Window) -> None:
    tab = open_tab(window.page, "Super-resolution", "Pixel by pixel")
    give(tab, EXAMPLES / "astronaut.jpg")
    expect(tab.get_by_alt_text("the picture with an outline around the part")).to_be_visible()
    set_numbers(tab, samples=2)
    expect(number(tab, "Samples")).to_have_value("2")
    run(tab)
    captions = tab.locator(".lens figcaption")
    expect(captions.filter(has_text="sample")).to_have_count(3)  # two, and where they differ
    expect(captions.filter(has_text="sample 2")).to_contain_text("bits")
    expect(captions.filter(has_text="original")).to_contain_text("bits")


def test_only_places_of_tiles_are_taken_from_a_page() -> None:
    wanted = [
        "after/0/1/2",
        "before/1/0/0",
        "other/0/0/0",
        "after/0/1",
        "after/0/-1/2",
        "after/a/1/2",
        7,
        "after/0/1/999999",
    ]
    assert CloseCanvas().preprocess({"want": wanted}) == [("after", Place(0, 1, 2)), ("before", Place(1, 0, 0))]
    assert CloseCanvas().preprocess({"want": "after/0/0/0"}) == CloseCanvas().preprocess(None) == []
