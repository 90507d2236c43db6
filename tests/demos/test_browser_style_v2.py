"""Style V2 in a real browser: styles by their pictures, a card that comes back, a video, a camera."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engine.imaging.picture import read_recipe
from tests.support.videos import moving_sun


def view(page: Page, name: str, words: str) -> Locator:
    page.get_by_role("tab", name="Style V2").click()
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel").filter(has_text=words).last


def small(tab: Locator, label: str, value: str) -> None:
    field = tab.get_by_label(f"number input for {label}", exact=True).first
    field.fill(value)
    field.blur()


def test_a_style_is_chosen_by_its_picture(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = view(page, "Photo", "Where the style goes")
    tab.locator("[data-testid=file-upload]").first.set_input_files(files[0])
    small(tab, "Size", "96")
    tab.locator(".styles button", has_text="The Scream").click()
    expect(tab.get_by_label("Style", exact=True)).to_have_value("scream")
    expect(tab.get_by_text("This takes about")).to_be_visible(timeout=20_000)
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("tab", name="Before and after")).to_have_attribute("aria-selected", "true")
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (96, 72)
    assert read_recipe(tmp_path / "out.png") is None
    tab.get_by_role("button", name="Send to Inpainting").click()
    expect(page.locator(".painter .stage img").filter(visible=True)).to_be_visible(timeout=20_000)


def test_a_painted_region_keeps_the_rest(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = view(page, "Photo", "Where the style goes")
    tab.locator("[data-testid=file-upload]").first.set_input_files(files[0])
    small(tab, "Size", "96")
    tab.get_by_role("button", name="Where the style goes").click()
    canvas = tab.locator(".painter canvas")
    expect(canvas).to_be_visible(timeout=20_000)
    tab.get_by_role("button", name="Box", exact=True).click()
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # the accordion still opens
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] - 2)
    page.mouse.up()
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as made, Image.open(files[0]) as before:
        for at, same in (((90, 10), True), ((10, 10), False)):
            apart = [abs(one - other) for one, other in zip(made.getpixel(at), before.getpixel(at), strict=True)]  # type: ignore[arg-type]
            assert (sum(apart) < 12) is same, (at, apart)


def test_a_mask_from_a_file_is_painted(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = view(page, "Photo", "Where the style goes")
    tab.locator("[data-testid=file-upload]").first.set_input_files(files[0])
    tab.get_by_role("button", name="Where the style goes").click()
    canvas = tab.locator(".painter canvas")
    expect(canvas).to_be_visible(timeout=20_000)
    mask = Image.new("L", (96, 72))
    mask.paste(255, (0, 0, 48, 72))
    mask.save(tmp_path / "mask.png")
    tab.locator("[data-testid=file-upload]").last.set_input_files(tmp_path / "mask.png")
    covered = "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
    covered += " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 127; return n / (d.length / 4); }"
    for _ in range(100):
        if canvas.evaluate(covered) > 0:
            break
        page.wait_for_timeout(200)
    assert 0.45 < canvas.evaluate(covered) < 0.55


def test_a_taught_style_is_sent_to_the_photo(page: Page, files: tuple[Path, Path]) -> None:
    tab = view(page, "Teach a style", "Teach the network a painting")
    for index, path in enumerate((files[1], files[0])):
        tab.locator("[data-testid=file-upload]").nth(index).set_input_files(path)
        expect(tab.get_by_label("Remove Image")).to_have_count(index + 1)
    small(tab, "Iterations", "3")
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done in")).to_be_visible(timeout=90_000)
    tab.get_by_role("button", name="Send to Photo").click()
    expect(page.get_by_role("tab", name="Photo", exact=True)).to_have_attribute("aria-selected", "true", timeout=20_000)
    expect(page.get_by_label("Remove Image").filter(visible=True)).to_have_count(1, timeout=20_000)


def test_a_video_is_painted(page: Page, tmp_path: Path) -> None:
    tab = view(page, "Video", "Every frame in one pass")
    tab.locator("[data-testid=file-upload]").first.set_input_files(moving_sun(tmp_path / "a.mp4"))
    expect(tab.get_by_text("96 x 72, 1.0 s, about 10 frames, with sound.")).to_be_visible(timeout=20_000)
    small(tab, "Size", "96")
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Done: 10 frames")).to_be_visible(timeout=90_000)
    expect(tab.locator("video").last).to_be_visible()


def test_a_camera_is_painted(page: Page) -> None:
    tab = view(page, "Camera", "Allow the camera")
    small(tab, "Size", "160")
    tab.get_by_text("Click to Access Webcam").click()
    tab.get_by_role("button", name="capture photo").click()
    expect(tab.get_by_text("ms a frame")).to_be_visible(timeout=60_000)
    expect(tab.get_by_alt_text("the camera's last frame, painted")).to_be_visible(timeout=20_000)
    tab.get_by_role("button", name="capture photo").click()
