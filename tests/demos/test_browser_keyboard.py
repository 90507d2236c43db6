"""The page without a mouse, in a real browser: everything is reached, seen, named, and done by keys."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.asking import wait_until
from tests.support.browsing import Window, marked_share, show_hub

FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const drawn = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  return [element.getAttribute('aria-label') || element.innerText || element.name, drawn];
}"""
"""JavaScript: the name of what has the focus, and whether that is seen."""
MOST = 90
"""Presses of Tab that lead from anywhere in a tab to anything else."""


def walk(page: Page, name: str) -> list[str]:
    """Press Tab until something of that name has the focus; the names of what is passed and not seen to have it."""
    unseen = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        label, drawn = page.evaluate(FOCUSED)
        if page.evaluate("document.activeElement !== document.body") and not drawn:
            unseen.append(label)
        if (label or "").startswith(name):
            return unseen
    raise AssertionError(f"{name!r} is never reached")


def test_something_is_erased_without_a_mouse(blank: Window, app_url: str) -> None:
    page = blank.page
    show_hub(page, app_url)
    page.get_by_role("tab", name="Inpainting", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Example 2").filter(visible=True)).to_be_visible()
    unseen = walk(page, "Example 2")
    page.keyboard.press("Enter")
    canvas = page.locator(".painter canvas").filter(visible=True)
    expect(canvas).to_be_visible()
    unseen += walk(page, "painter of the mask")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.down(" ")
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    page.keyboard.up(" ")
    wait_until(lambda: 0.01 < marked_share(canvas) < 0.2)
    unseen += walk(page, "Run")
    assert unseen == []
    page.keyboard.press("Control+Enter")
    expect(page.locator(".status").filter(has_text="Done in", visible=True)).to_be_visible()
    before = marked_share(canvas)
    walk(page, "painter of the mask")
    page.keyboard.press("Control+z")
    wait_until(lambda: marked_share(canvas) < before)


def test_styles_have_names(blank: Window, app_url: str) -> None:
    page = blank.page
    show_hub(page, app_url)
    page.get_by_role("tab", name="Style V2", exact=True).click()
    expect(page.get_by_role("button", name="Starry Night", exact=True).filter(visible=True)).to_be_visible()
