"""The hub under a path of a larger site whose proxy strips that path, or keeps it."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Server, served
from tests.support import pictures
from tests.support.browsing import give, open_tab, run, set_numbers
from tests.support.site_proxy import larger_site

PATH = "/tools/hub"
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served("sub-path", GRADIO_ROOT_PATH=PATH) as one:
        yield one


def sent(address: str, data: bytes, kind: str) -> bytes:
    headers = {"content-type": kind, "accept": "application/json, text/event-stream"}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as answer:
        body: bytes = answer.read()
    return body


@pytest.mark.parametrize("strips", [True, False])
def test_everything_works_under_a_path(server: Server, strips: bool, context: BrowserContext, tmp_path: Path) -> None:
    with larger_site(server.url, PATH, strips=strips) as site:
        page = context.new_page()
        page.goto(f"{site}{PATH}/?lang=zh", wait_until="commit")
        expect(page.get_by_role("tab", name="超分辨率")).to_be_visible()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("tab", name="Super-resolution")).to_be_visible()
        assert page.url.startswith(f"{site}{PATH}/")
        page.get_by_role("tab", name="For programs").click()
        expect(page.get_by_text(f"{site}{PATH}/gradio_api/mcp/").first).to_be_visible()
        tab = open_tab(page, "Super-resolution", "Enlarge")
        large = tmp_path / "large.bmp"  # larger than a request that is no upload may be
        Image.frombytes("RGB", (2200, 2000), os.urandom(2200 * 2000 * 3)).save(large)
        give(tab, large)
        give(tab, pictures.saved(pictures.scene(), tmp_path / "photo.png"))
        tab.get_by_label("Method", exact=True).click()
        page.get_by_role("option", name="bicubic").click()
        set_numbers(tab, scale=2)
        run(tab)
        page.close()
        hello = sent(f"{site}{PATH}/gradio_api/mcp/", json.dumps(HELLO).encode(), "application/json")
        assert b"serverInfo" in hello
