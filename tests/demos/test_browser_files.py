"""Files that are written here, opened by a browser."""

from __future__ import annotations

import base64

from playwright.sync_api import BrowserContext

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
