"""Style V2 in a real browser: styles by their pictures, a card that comes back, a video, a camera."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support.asking import wait_until
from tests.support.browsing import (
    Window,
    download,
    empty,
    give,
    marked_share,
    open_tab,
    painter,
    run,
    set_numbers,
    unfold,
    uploads,
)
from tests.support.videos import moving_sun

REGION = "Where the style goes"


def photo_tab(page: Page, photo: Path) -> Locator:
    tab = open_tab(page, "Style V2", "Photo")
    give(tab, photo)
    set_numbers(tab, size=96)
    return tab


def test_a_style_is_chosen_by_its_picture(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = photo_tab(page, files[0])
    tab.locator(".styles button", has_text="The Scream").click()
    expect(tab.get_by_label("Style", exact=True)).to_have_value("The Scream")
    expect(tab.get_by_text("This takes about")).to_be_visible()
    run(tab)
    expect(tab.get_by_role("tab", name="Result", exact=True)).to_have_attribute("aria-selected", "true")
    path = download(tab, tmp_path / "out.png")
    with Image.open(path) as image:
        assert image.size == (96, 72)
    assert read_recipe(path) is None
    tab.get_by_role("button", name="Send to Inpainting").click()
    expect(page.locator(".painter .stage img").filter(visible=True)).to_be_visible()


def chosen(tab: Locator) -> list[str]:
    """Captions of the marked pictures of all galleries."""
    script = """buttons => buttons.filter((each) => {
      const parts = getComputedStyle(each).outlineColor.match(/[0-9.]+/g);
      return parts.length === 3 || Number(parts[3]) > 0;
    }).map((each) => each.innerText.trim())"""
    return list(tab.locator(".styles .thumbnail-item").evaluate_all(script))


def test_the_gallery_marks_what_counts(window: Window, files: tuple[Path, Path]) -> None:
    tab = photo_tab(window.page, files[0])
    wait_until(lambda: len(chosen(tab)) == 1)
    tab.get_by_label("Style", exact=True).click()
    window.page.get_by_role("option", name="Pale wash").click()
    wait_until(lambda: chosen(tab) == ["Pale wash"])
    unfold(tab, "Paintings to choose from")
    irises = tab.locator(".styles button", has_text="Irises")
    irises.click()
    wait_until(lambda: len(chosen(tab)) == 1 and "Irises" in chosen(tab)[0])
    tab.locator(".styles button", has_text="Udnie").first.click()
    wait_until(lambda: chosen(tab) == ["Udnie"])


def test_a_painted_region_keeps_the_rest(window: Window, files: tuple[Path, Path], tmp_path: Path) -> None:
    page, tab = window.page, photo_tab(window.page, files[0])
    unfold(tab, REGION)
    canvas = painter(tab)
    window.settle()  # the photo of this test is in the painter
    tab.locator(".painter").get_by_role("button", name="Clear").click()
    tab.locator(".painter").get_by_role("button", name="Box").click()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] - 2)
    page.mouse.up()
    run(tab)
    path = download(tab, tmp_path / "out.png")
    with Image.open(path) as after, Image.open(files[0]) as before:
        for at, same in (((90, 10), True), ((10, 10), False)):
            apart = [abs(one - other) for one, other in zip(after.getpixel(at), before.getpixel(at), strict=True)]  # type: ignore[arg-type]
            assert (sum(apart) < 12) is same, (at, apart)


def test_a_mask_from_a_file_is_painted(window: Window, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = photo_tab(window.page, files[0])
    unfold(tab, REGION)
    canvas = painter(tab)
    window.settle()
    assert marked_share(canvas) == 0
    mask = Image.new("L", (96, 72))
    mask.paste(255, (0, 0, 48, 72))
    mask.save(tmp_path / "mask.png")
    uploads(tab).last.set_input_files(tmp_path / "mask.png")
    wait_until(lambda: marked_share(canvas) > 0)
    assert 0.45 < marked_share(canvas) < 0.55


def test_a_taught_style_is_sent_to_the_photo(page: Page, files: tuple[Path, Path]) -> None:
    empty(open_tab(page, "Style V2", "Photo"))
    tab = open_tab(page, "Style V2", "Teach a style")
    give(tab, files[1], files[0])
    set_numbers(tab, iterations=3)
    run(tab)
    tab.get_by_role("button", name="Send to Style V2").click()
    expect(page.get_by_role("tab", name="Photo", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Remove Image").filter(visible=True)).to_have_count(1)


def test_a_video_is_painted(page: Page, tmp_path: Path) -> None:
    tab = open_tab(page, "Style V2", "Video")
    uploads(tab).first.set_input_files(moving_sun(tmp_path / "a.mp4"))
    expect(tab.get_by_text("96 x 72, 1.0 s, about 10 frames, with sound")).to_be_visible()
    set_numbers(tab, size=96)
    run(tab, "Done: 10 frames")
    expect(tab.locator("video").last).to_be_visible()


def test_a_camera_is_painted(page: Page) -> None:
    open_tab(page, "Style V2", "Camera")
    tab = page.get_by_role("tabpanel").filter(has_text="Allow the camera").last
    set_numbers(tab, size=160)
    tab.get_by_text("Click to Access Webcam").click()
    tab.get_by_role("button", name="capture photo").click()
    expect(tab.get_by_text("ms a frame")).to_be_visible()
    expect(tab.get_by_alt_text("the camera's last frame, painted")).to_be_visible()
    tab.get_by_role("button", name="capture photo").click()
