"""A visit, in a real browser: links before the page is ready, one canvas, a phone, pictures that go on, history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support import pictures
from tests.support.asking import wait_until
from tests.support.browsing import (
    PLACES,
    Window,
    begin_anew,
    download,
    give,
    marked_share,
    open_tab,
    press_run,
    run,
    set_numbers,
    show_hub,
    status,
    unfold,
)
from tests.support.videos import moving_sun

PHONE: Any = {"width": 390, "height": 844}
WIDE: Any = {"width": 1440, "height": 900}
WARM_BYTES = 220_000
"""Most bytes that the page loads when it has been loaded before."""
PUT = """async ([element, kind, address]) => {
  const picture = await (await fetch(address)).blob(), files = new DataTransfer();
  files.items.add(new File([picture], kind + '.jpg', {type: 'image/jpeg'}));
  const options = {bubbles: true, cancelable: true};
  element.dispatchEvent(kind === 'drop' ? new DragEvent('drop', {...options, dataTransfer: files})
    : new ClipboardEvent('paste', {...options, clipboardData: files}));
}"""
"""JavaScript: drop or paste a picture that the server has onto an element."""


def edges(place: Locator) -> tuple[float, float]:
    """Upper and lower edge in the window, in pixels."""
    box = place.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


def run_button(page: Page) -> Locator:
    return page.locator("button.run").filter(visible=True)


def canvas(page: Page) -> Locator:
    return page.locator(".canvas").filter(visible=True)


def source(tab: Locator) -> str:
    return tab.locator(".upload img").first.get_attribute("src") or ""


def test_home_works_before_gradio_does(blank: Window, app_url: str) -> None:
    """None of Gradio's scripts is loaded: the links are there, with their pictures."""
    blank.page.route("**/assets/*.js", lambda route: route.abort())
    blank.page.goto(app_url, wait_until="commit")
    cards = blank.page.locator("a.card")
    expect(cards).to_have_count(6)
    first = cards.first.locator("img")
    wait_until(lambda: first.evaluate("image => image.complete && image.naturalWidth") > 300)
    with blank.page.expect_navigation(wait_until="commit"):
        cards.nth(4).locator("img").click()
    assert blank.page.url.endswith("?try=inpainting")
    blank.page.unroute("**/assets/*.js")
    blank.page.goto(blank.page.url)
    tab = blank.page.get_by_role("tabpanel").filter(has_text="Paint over what should go").last
    painted = tab.locator(".painter canvas")
    expect(painted).to_be_visible()
    wait_until(lambda: 0.05 < marked_share(painted) < 0.3)
    run(tab)  # one click, and there is a result
    blank.errors.clear()  # of what was aborted


def test_nothing_moves_in_a_run(page: Page, files: tuple[Path, Path]) -> None:
    page.set_viewport_size(WIDE)
    for names in (("Style V2", "Photo"), ("Super-resolution", "Enlarge")):
        tab = open_tab(page, *names)
        give(tab, files[0])
        if names[0] == "Style V2":
            set_numbers(tab, size=96)
        page.evaluate("window.scrollTo(0, 0)")
        expect(tab.get_by_text("This takes about")).to_be_visible()
        before = edges(canvas(page)), edges(run_button(page))
        assert 0 < before[0][0] < before[1][1] < WIDE["height"]
        run(tab)
        expect(canvas(page).locator("img")).to_be_visible()
        assert (edges(canvas(page)), edges(run_button(page))) == before
        assert page.evaluate("window.scrollY") == 0
        expect(page.get_by_text('"device"')).to_have_count(0)  # raw figures are behind "What happened"
        expect(run_button(page)).to_be_enabled()


def test_everything_is_in_reach_on_a_phone(page: Page, files: tuple[Path, Path]) -> None:
    page.set_viewport_size(PHONE)
    tabs = page.get_by_role("tablist").first.get_by_role("tab")
    expect(tabs).to_have_count(8)
    for each in tabs.all():
        expect(each).to_be_visible()
    tab = open_tab(page, "Style V2", "Photo")
    give(tab, files[0])
    set_numbers(tab, size=96)
    page.evaluate("window.scrollTo(0, 0)")
    assert edges(run_button(page))[1] <= PHONE["height"]
    uploads = edges(tab.locator(".upload").first)
    assert uploads[0] < PHONE["height"] / 2
    run(tab)
    wait_until(lambda: edges(canvas(page))[0] >= 0 and edges(canvas(page))[1] <= PHONE["height"])
    assert edges(run_button(page))[1] <= PHONE["height"], "Run stays in reach"
    preset = tab.get_by_text("Preset", exact=True)
    assert edges(tab.locator(".upload").first)[1] < edges(canvas(page))[0] < edges(preset)[0]


def test_what_follows_a_result_does_not_push_it_away_on_a_phone(blank: Window, app_url: str) -> None:
    page = blank.page
    page.set_viewport_size(PHONE)
    page.goto(f"{app_url}/?try=inpainting")
    tab = page.get_by_role("tabpanel").filter(has_text="Paint over what should go").last
    expect(tab.locator(".painter canvas")).to_be_visible()
    blank.settle()
    run(tab)
    expect(tab.locator(".lens .pane").first).to_be_visible()  # the comparison below has come, and the page is longer
    blank.settle()
    assert edges(canvas(page))[0] >= 0
    assert edges(canvas(page))[1] <= PHONE["height"]


def test_a_picture_replaces_a_picture(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = open_tab(page, "Style V2", "Photo")
    give(tab, files[0])
    seen = source(tab)

    def replaced() -> bool:
        nonlocal seen
        now = source(tab)
        seen, before = now or seen, seen
        return bool(now) and now != before

    other = pictures.saved(pictures.scene(80, 60), tmp_path / "other.png")
    with page.expect_file_chooser() as chooser:
        tab.locator("[data-testid=source-select] button").filter(visible=True).first.click()
    chooser.value.set_files(other)
    wait_until(replaced)
    shown = tab.locator(".upload .image-frame").first
    page.mouse.move(1, 1)
    for kind in ("drop", "paste"):
        page.evaluate(PUT, [shown.element_handle(), kind, "/cards/style-v1.jpg"])
        wait_until(replaced)
        assert kind in seen
    expect(tab.locator(".upload img")).to_have_count(1)


def test_pictures_of_another_tab_are_taken_by_choice(page: Page, files: tuple[Path, Path]) -> None:
    give(open_tab(page, "Style V1", "Transfer"), *files)
    tab = open_tab(page, "Style V3", "Styles side by side")
    expect(tab.locator(".upload img")).to_have_count(0)  # nothing comes by itself
    tab.get_by_role("button", name="Use the pictures of another tab").click()
    expect(tab.locator(".upload img")).to_have_count(2)
    expect(tab.get_by_text("This takes about")).to_be_visible()
    expect(tab.get_by_role("button", name="Use the pictures of another tab")).to_be_hidden()


def test_what_is_active_is_said_and_replaced(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Style V2", "Photo")
    give(tab, files[0])
    set_numbers(tab, size=96)
    unfold(tab, "More settings")
    unfold(tab, "Blend")
    tab.get_by_label("number input for Great wave", exact=True).fill("1")
    tab.get_by_label("number input for Great wave", exact=True).blur()
    expect(tab.get_by_text("The Great Wave (1)")).to_be_visible()
    begin_anew(tab)
    tab.locator(".styles button", has_text="The Scream").click()
    expect(tab.get_by_text("Painted like The Scream.")).to_be_visible()
    expect(tab.get_by_label("number input for Great wave", exact=True)).to_have_value("0")
    expect(status(tab).filter(has_text="Done in")).to_be_visible()  # a click on a style paints


def test_history_shows_restores_and_sends_on(page: Page, files: tuple[Path, Path], tmp_path: Path) -> None:
    tab = open_tab(page, "Style V2", "Photo")
    give(tab, files[0])
    set_numbers(tab, size=160)
    run(tab)
    set_numbers(tab, size=96)
    tab = open_tab(page, "Style V2", "Video")
    tab.locator(PLACES).first.set_input_files(moving_sun(tmp_path / "sun.mp4"))
    expect(tab.get_by_text("This takes about")).to_be_visible()
    set_numbers(tab, size=96)
    run(tab, "Done:")
    body = page.locator("body")
    unfold(body, "This visit's results")
    results = page.locator(".history .thumbnail-item")
    results.first.click()  # the newest one
    expect(page.get_by_role("button", name="Download this result")).to_be_visible()
    path = download(body, tmp_path / "again.mp4", name="Download this result")
    assert path.read_bytes()[4:8] == b"ftyp"
    results.nth(1).click()
    expect(page.get_by_text("160 x 120 pixels")).to_be_visible()
    with Image.open(download(body, tmp_path / "again.png", name="Download this result")) as image:
        assert image.size == (160, 120)
    page.get_by_role("button", name="Its settings again").click()
    photo = page.get_by_role("tabpanel").filter(has_text="One pass of a network").last
    expect(photo.get_by_label("number input for Size", exact=True).filter(visible=True)).to_have_value("160")
    page.get_by_label("Send to", exact=True).filter(visible=True).click()
    page.get_by_role("option", name="Super-resolution").click()
    expect(page.locator(".upload img").filter(visible=True)).to_be_visible()


def test_a_stop_at_the_end_ends_in_a_result(page: Page, files: tuple[Path, Path]) -> None:
    tab = open_tab(page, "Style V1", "Transfer")
    give(tab, *files)
    unfold(tab, "Settings")
    set_numbers(tab, size=64, iterations=40)
    expect(tab.get_by_text("This takes about")).to_be_visible()
    press_run(tab)
    stop = tab.get_by_role("button", name="Stop and keep the best").filter(visible=True)
    expect(stop).to_be_enabled()
    stop.evaluate("button => button.click()")  # at once, whether the run has ended meanwhile or not
    done = status(tab).filter(has_text="Stopped with the best").or_(status(tab).filter(has_text="Done in"))
    expect(done).to_be_visible()
    expect(run_button(page)).to_be_enabled()
    expect(stop).to_be_disabled()


@pytest.mark.parametrize("zoomed", [1, 3])
def test_a_mask_is_painted_at_the_pictures_own_pixels(window: Window, zoomed: int, tmp_path: Path) -> None:
    """A stroke of the same width in the window covers less of the picture when that is enlarged."""
    page = window.page
    tab = open_tab(page, "Inpainting")
    give(tab, pictures.saved(pictures.scene(1600, 1200), tmp_path / f"large{zoomed}.png"))
    painted = tab.locator(".painter canvas")
    expect(painted).to_be_visible()
    window.settle()  # the picture of this test is in the editor
    assert painted.evaluate("canvas => [canvas.width, canvas.height]") == [1600, 1200]
    for _ in range(zoomed - 1):
        tab.get_by_role("button", name="Zoom in").filter(visible=True).click()
    painted.scroll_into_view_if_needed()  # which waits until the zoom has come to its end
    frame, stage = tab.locator(".painter .window").bounding_box(), painted.bounding_box()
    assert frame is not None
    assert stage is not None
    assert (stage["width"] > 1.4 * frame["width"]) == (zoomed > 1)
    page.mouse.move(frame["x"] + 100, frame["y"] + 100)
    page.mouse.down()
    page.mouse.move(frame["x"] + 200, frame["y"] + 100, steps=4)
    page.mouse.up()
    share = marked_share(painted)
    expected = 140 * 40 / (stage["width"] * stage["height"])
    assert 0.7 * expected < share < 1.3 * expected


def test_a_warm_page_is_light(context: BrowserContext, blank: Window, app_url: str) -> None:
    """What does not change is in the browser's cache; the page itself is compressed."""
    show_hub(blank.page, app_url)
    blank.settle()
    devtools = context.new_cdp_session(blank.page)
    devtools.send("Network.enable")
    loaded: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    show_hub(blank.page, app_url)
    blank.settle()
    assert 0 < sum(loaded) < WARM_BYTES


def test_an_object_is_marked_with_a_click(window: Window) -> None:
    tab = open_tab(window.page, "Inpainting")
    give(tab, pictures.EXAMPLES / "astronaut.jpg")
    painted = tab.locator(".painter canvas")
    expect(painted).to_be_visible()
    window.settle()
    wait_until(lambda: painted.evaluate("canvas => canvas.width") == 512)
    tab.locator(".painter").get_by_role("button", name="Object").filter(visible=True).click()
    box = painted.bounding_box()
    assert box is not None
    painted.click(position={"x": 0.8 * box["width"], "y": 0.28 * box["height"]})
    wait_until(lambda: 0.01 < marked_share(painted) < 0.15)  # the rocket, and not the astronaut
