"""The face swap in a real browser: consent, a face chosen by a click, stages, files that go with their visitor."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from engine.imaging.xmp import COMPOSITE
from tests.support import pictures
from tests.support.asking import wait_until
from tests.support.browsing import Window, download, give, number, open_tab, press_run, run, show_hub

CONSENT = "Everybody who can be seen here agrees"
SIZE = (700, 340)
"""Of the photo."""


@pytest.fixture
def portraits(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """Two faces beside each other, and the identity; equal files would be one, so every test has others."""
    grey = 64 + zlib.crc32(request.node.name.encode()) % 128
    both = Image.new("RGB", SIZE, (grey, grey, grey + 1))
    for left, name in ((20, "astronaut"), (360, "young_woman")):
        both.paste(pictures.face(320, 320, name), (left, 10))
    identity = pictures.face(300, 300, "moltedo")
    identity.putpixel((0, 0), (grey, 0, 0))
    return pictures.saved(both, tmp_path / "both.png"), pictures.saved(identity, tmp_path / "identity.png")


def opened(window: Window, portraits: tuple[Path, Path]) -> Locator:
    tab = open_tab(window.page, "Face swap")
    give(tab, *portraits)
    expect(tab.get_by_text("2 faces were found")).to_be_visible()
    window.settle()  # other pictures take consent back; who ticks it in the same second has to do so again
    return tab


def click_at(tab: Locator, picture: Locator, across: float, down: float) -> None:
    """Click on a pixel of the photo, which lies in the middle of its room."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    scale = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
    left = box["x"] + (box["width"] - SIZE[0] * scale) / 2
    top = box["y"] + (box["height"] - SIZE[1] * scale) / 2
    tab.page.mouse.click(left + across * scale, top + down * scale)


def test_a_face_is_chosen_and_swapped(window: Window, portraits: tuple[Path, Path], tmp_path: Path) -> None:
    page, tab = window.page, opened(window, portraits)
    numbers = tab.get_by_alt_text("your photo with a numbered box around every face")
    expect(numbers).to_be_visible()
    click_at(tab, numbers, 520, 170)
    expect(tab.get_by_text("Face 2 will be replaced.")).to_be_visible()
    expect(number(tab, "Face")).to_have_value("2")
    tab.get_by_role("tab", name="Swap", exact=True).click()
    tab.get_by_label("classical").first.check()
    press_run(tab)
    expect(page.get_by_text("Please confirm that everybody")).to_be_visible()
    tab.get_by_label(CONSENT).check()
    run(tab)
    expect(tab.locator(".lens figure").filter(has_text="68 landmarks")).to_be_visible()
    path = download(tab, tmp_path / "out.png")
    assert COMPOSITE.encode() in path.read_bytes()
    with Image.open(path) as after, Image.open(portraits[0]) as before:
        half = (0, 0, 350, 340)
        assert after.convert("RGB").crop(half).tobytes() == before.crop(half).tobytes(), "the other face stays"
    tab.get_by_role("button", name="Send to Super-resolution").click()
    expect(page.get_by_role("tab", name="Enlarge", exact=True)).to_have_attribute("aria-selected", "true")


def test_side_by_side(window: Window, portraits: tuple[Path, Path]) -> None:
    tab = opened(window, portraits)
    tab.get_by_label(CONSENT).check()
    tab.get_by_role("tab", name="Side by side", exact=True).click()
    beside = tab.get_by_role("tabpanel").filter(has_text="What is compared").first
    beside.get_by_label("patches").uncheck()
    run(beside)
    for title in ("your photo", "image editor", "warp, light, blend"):
        expect(beside.locator(".lens figcaption").filter(has_text=title)).to_be_visible()


def test_uploads_go_with_their_visitor_and_examples_stay(
    blank: Window, app_url: str, portraits: tuple[Path, Path]
) -> None:
    cache = Path(os.environ["GRADIO_TEMP_DIR"])

    def present() -> set[Path]:
        # Unlike Path.rglob, this goes on where another test's folder goes meanwhile.
        return {Path(at) / name for at, _, names in os.walk(cache) for name in names}

    before = present()
    examples = {path for path in before if path.name in ("astronaut.jpg", "moltedo.jpg", "cat.jpg")}
    assert examples
    show_hub(blank.page, app_url)
    tab = opened(blank, portraits)
    tab.locator(".pairs .thumbnail-item").first.click()  # an example, which the page itself has
    expect(tab.get_by_text("One face was found.")).to_be_visible()
    uploads = {path for path in present() - before if path.name in ("both.png", "identity.png")}
    assert len({path.stat().st_ino for path in uploads}) == 2, "each has a name that only this visit knows, too"
    blank.page.goto("about:blank")
    wait_until(lambda: not uploads & present())
    assert examples <= present()
