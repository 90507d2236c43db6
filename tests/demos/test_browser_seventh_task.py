"""A task that the hub does not have becomes a tab and an endpoint by its record and its tab's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demos.hub import build
from demos.serving.server import launch_options
from demos.serving.site import Site
from demos.tabs.records import Card, TabSpec, ViewSpec
from demos.tabs.table import TABS
from engine import Runtime, open_picture
from engine.contracts.messages import Message
from tests.test_seventh_task import HUB

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

TAB = TabSpec(
    id="pencil",
    title=Message("Pencil"),
    views=[ViewSpec(id="pencil", title=Message("Pencil"), tasks=["pencil-sketch"])],
    card=Card(Message("Drawn"), Message("A photo becomes a drawing."), Message("a cat, and the same cat drawn")),
)


@pytest.fixture(scope="module")
def page_url(runtime: Runtime) -> Iterator[str]:
    """The hub with one more tab, served by this process."""
    site = Site(runtime, HUB)
    built = build(site, (*TABS, TAB))
    built.page.launch(
        prevent_thread_lock=True, quiet=True, **built.looks, **launch_options(site, built.front, runtime.settings)
    )
    yield built.page.local_url.rstrip("/")
    built.page.close()


def test_it_is_an_endpoint(page_url: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    from gradio_client import handle_file

    from tests.support.api_client import api_client

    client = api_client(page_url, download_files=str(tmp_path))
    drawing, facts = client.predict(handle_file(str(files[0])), stroke=2.5, api_name="/pencil_sketch")
    assert open_picture(drawing).size == open_picture(files[0]).size
    assert facts["parameters"]["stroke"] == 2.5
    client.close()


def test_it_is_a_tab(page_url: str, context: BrowserContext, files: tuple[Path, Path]) -> None:
    from playwright.sync_api import expect

    page = context.new_page()
    page.goto(f"{page_url}/?task=pencil-sketch&stroke=3.5")
    expect(page.get_by_label("number input for Stroke")).to_have_value("3.5")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Drop an image file here").click()
    chooser.value.set_files(str(files[0]))
    expect(page.get_by_text("Choose a picture, or one of the examples.").locator("visible=true")).to_have_count(0)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Done in")).to_be_visible()
    page.close()
