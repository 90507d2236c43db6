"""The face swap in a real browser: consent, a face chosen by a click, stages, files that go with their visitor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engine.imaging.raster import COMPOSITE
from tests.support import pictures


@pytest.fixture
def portraits(tmp_path: Path) -> tuple[Path, Path]:
    """Two faces beside each other, and the identity; made for this test alone, so that their files are, too."""
    both = Image.new("RGB", (700, 340), (120, 120, 121))
    for left, name in ((20, "astronaut"), (360, "young_woman")):
        both.paste(pictures.face(320, 320, name), (left, 10))
    return (
        pictures.saved(both, tmp_path / "both.png"),
        pictures.saved(pictures.face(300, 300, "moltedo"), tmp_path / "identity.png"),
    )


def opened(page: Page, portraits: tuple[Path, Path]) -> Locator:
    page.get_by_role("tab", name="Face swap", exact=True).click()
    tab = page.get_by_role("tabpanel").filter(has_text="Another identity").first
    for index, path in enumerate(portraits):
        tab.locator("[data-testid=file-upload]").nth(index).set_input_files(path)
    expect(tab.get_by_text("2 faces were found")).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1000)  # other pictures take consent back; who ticks it in the same second has to do so again
    return tab


def test_a_face_is_chosen_and_swapped(page: Page, portraits: tuple[Path, Path], tmp_path: Path) -> None:
    tab = opened(page, portraits)
    numbers = tab.get_by_alt_text("your photo with a numbered box around every face")
    expect(numbers).to_be_visible(timeout=20_000)
    numbers.scroll_into_view_if_needed()
    box = numbers.bounding_box()
    assert box is not None
    scale = min(box["width"] / 700, box["height"] / 340)  # the picture lies in the middle of its room
    left = box["x"] + (box["width"] - 700 * scale) / 2
    top = box["y"] + (box["height"] - 340 * scale) / 2
    page.mouse.click(left + 520 * scale, top + 170 * scale)
    expect(tab.get_by_text("Face 2 will be replaced.")).to_be_visible(timeout=10_000)
    expect(tab.get_by_label("number input for Face", exact=True)).to_have_value("2", timeout=10_000)
    tab.get_by_label("classical").first.check()
    run = tab.get_by_role("button", name="Run").first
    run.click()
    expect(page.get_by_text("Please confirm that everybody")).to_be_visible(timeout=20_000)
    tab.get_by_label("Everybody who can be seen here agrees").check()
    run.click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    expect(tab.locator(".lens figure").filter(has_text="68 landmarks")).to_be_visible(timeout=20_000)
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").first.click()
    download.value.save_as(tmp_path / "out.png")
    assert COMPOSITE.encode() in (tmp_path / "out.png").read_bytes()
    with Image.open(tmp_path / "out.png") as made, Image.open(portraits[0]) as before:
        half = (0, 0, 350, 340)
        assert made.convert("RGB").crop(half).tobytes() == before.crop(half).tobytes(), "the other face stays"
    tab.get_by_role("button", name="Send to Super-resolution").click()
    expect(page.get_by_role("tab", name="Enlarge", exact=True)).to_have_attribute("aria-selected", "true")


def test_side_by_side(page: Page, portraits: tuple[Path, Path]) -> None:
    tab = opened(page, portraits)
    tab.get_by_label("Everybody who can be seen here agrees").check()
    tab.get_by_role("tab", name="Side by side").click()
    beside = tab.get_by_role("tabpanel").filter(has_text="What is compared").first
    beside.get_by_label("patches").uncheck()
    beside.get_by_role("button", name="Run").click()
    expect(beside.get_by_text("Done in")).to_be_visible(timeout=60_000)
    for title in ("your photo", "image editor", "warp, light, blend"):
        expect(beside.locator(".lens figcaption").filter(has_text=title)).to_be_visible(timeout=20_000)


def test_uploads_go_with_their_visitor_and_examples_stay(page: Page, portraits: tuple[Path, Path]) -> None:
    cache = Path(os.environ["GRADIO_TEMP_DIR"])

    def there() -> set[Path]:
        return {path for path in cache.rglob("*") if path.is_file()}

    examples = {path for path in there() if path.name in ("astronaut.jpg", "moltedo.jpg", "cat.jpg")}
    assert examples
    tab = opened(page, portraits)
    page.wait_for_timeout(3000)
    tab.locator("tr.tr-body").first.click()  # an example, which the page itself has
    expect(tab.get_by_text("One face was found.")).to_be_visible(timeout=20_000)
    uploads = {path for path in there() if path.name in ("both.png", "identity.png")}
    assert uploads
    page.goto("about:blank")
    for _ in range(100):
        if not uploads & there():
            break
        page.wait_for_timeout(200)
    assert not uploads & there()
    assert examples <= there()
