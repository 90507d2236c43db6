"""Files that are written here, opened by a browser."""

from __future__ import annotations

import base64
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.support.browsing import Window, download, give, open_tab, press_run, run, set_numbers
from tests.support.rasters import MATRIX, raster, written

OPENED = """async (addresses) => Promise.all(addresses.map(async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image.naturalWidth;
}))"""
"""JavaScript: the width of every picture, once it is decoded."""


def test_every_written_file_opens_in_a_browser(context: BrowserContext) -> None:
    files = [
        f"data:image/{kind};base64,{base64.b64encode(written(raster(channels, depth, profile), kind)).decode()}"
        for channels, depth, profile, kind in MATRIX
    ]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    assert page.evaluate(OPENED, files) == [96] * len(files)
    assert not complaints
    page.close()


def test_a_long_strip_is_enlarged_or_refused_before_the_work(window: Window, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((40_000, 16)).convert("RGB").save(tmp_path / "strip.png")
    page = window.page
    tab = open_tab(page, "Super-resolution", "Enlarge")
    give(tab, tmp_path / "strip.png")
    tab.get_by_label("Method", exact=True).click()
    page.get_by_role("option", name="Interpolated").click()
    set_numbers(tab, scale=2)
    tab.get_by_label("JPEG", exact=True).check()
    press_run(tab)
    expect(page.get_by_text("JPEG files hold at most 65500 pixels a side")).to_be_visible()
    tab.get_by_label("PNG", exact=True).check()
    run(tab)
    with Image.open(download(tab, tmp_path / "result.png")) as image:
        assert image.size == (80_000, 32)
    tab.get_by_label("JPEG", exact=True).check()  # a format that cannot hold what is there gives no file
    expect(tab.get_by_role("button", name="Download", exact=True)).to_be_disabled()
    tab.get_by_label("PNG", exact=True).check()
    expect(tab.get_by_role("button", name="Download", exact=True)).to_be_enabled()
