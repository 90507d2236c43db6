"""A real browser on the hub: pages that watch for errors, and what every visitor does on them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.asking import PATIENCE
from tests.support.page_scripts import TEXTS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Request

OWN = ("data:", "blob:")
"""Addresses that are part of the page."""
ENDLESS = "/heartbeat/"
"""Part of the address of the one request that is open as long as the page."""
STREAM, LONGEST_EVENT = "/queue/data", 4.0
"""Gradio's stream of events, which it sometimes leaves open after the last one; seconds that an event may take."""
IDLE = "() => new Promise((done) => requestIdleCallback(() => setTimeout(done), {timeout: 1000}))"
"""JavaScript that ends when the page has drawn what there is, and has nothing else to do."""
MARKED = """canvas => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let index = 3; index < data.length; index += 4) count += data[index] > 127;
    return 4 * count / data.length;
}"""
CUT = ("AbortError", "Connection errored out")
"""Gradio's own words when its stream is cut by another page in the same window."""
PLACES = "[data-testid=file-upload]"
"""Inputs for files; they are there, unseen, when they are filled, too."""
REMOVERS = "[aria-label='Remove Image'], [aria-label=Clear]"
"""Buttons of filled inputs for one picture or video, and of those for many."""


@dataclass
class Window:
    """A browser's page, and what happens on it besides what is seen."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Requests to other hosts."""
    asked: list[str] = field(default_factory=list)
    """Addresses of the requests that make handlers of the page work."""
    unanswered: dict[Request, float] = field(default_factory=dict)
    """Requests under way, and when each began."""

    @classmethod
    def opened(cls, context: BrowserContext, url: str) -> Window:
        """A window that shows nothing yet."""
        window = cls(context.new_page(), url)
        page = window.page
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        page.on("console", lambda line: window.errors.append(line.text) if line.type == "error" else None)
        page.on("request", window._began)
        for event in ("requestfinished", "requestfailed"):
            page.on(event, lambda request: window.unanswered.pop(request, None))
        return window

    def _began(self, request: Request) -> None:
        address = request.url
        if not address.startswith((*OWN, self.url)):
            self.foreign.append(address)
        if "queue/join" in address or "/run/" in address:
            self.asked.append(address)
        if ENDLESS not in address and not address.startswith(OWN):
            self.unanswered[request] = time.monotonic()

    def settle(self) -> None:
        """Wait until every request is answered, and the page does no more than wait for its visitor."""
        self.page.bring_to_front()  # what is behind another window does next to nothing
        end, quiet = time.monotonic() + PATIENCE, 0
        while quiet < 3:
            self.page.evaluate(IDLE)
            quiet = 0 if any(map(self._awaited, self.unanswered.items())) else quiet + 1
            assert time.monotonic() < end, [each.url for each in self.unanswered]

    def _awaited(self, request: tuple[Request, float]) -> bool:
        """Whether a request is worth waiting for."""
        return STREAM not in request[0].url or time.monotonic() - request[1] < LONGEST_EVENT

    def check(self) -> None:
        """A test fails on any error in the console and on any request to another host."""
        errors, foreign = [*self.errors], [*self.foreign]
        self.errors.clear()
        self.foreign.clear()
        assert not [error for error in errors if not any(word in error for word in CUT)]
        assert not foreign


def show_hub(page: Page, address: str) -> None:
    """Load the hub."""
    page.goto(address, wait_until="commit")
    expect(page.get_by_role("heading", name="Pentimento")).to_be_visible()


def open_tab(page: Page, *names: str) -> Locator:
    """Open a tab, then one inside of it; the innermost panel that takes files."""
    for name in names:
        page.get_by_role("tab", name=name, exact=True).filter(visible=True).first.click()
    return page.get_by_role("tabpanel").filter(visible=True, has=page.locator(PLACES)).last


def uploads(tab: Locator) -> Locator:
    """The inputs for files, empty ones and others."""
    return tab.locator(PLACES)


def give(tab: Locator, *paths: Path) -> None:
    """Upload files to the first places of a tab, in turn, in place of what is there."""
    empty(tab)
    for index, path in enumerate(paths):
        uploads(tab).nth(index).set_input_files(path)
        expect(tab.locator(REMOVERS).filter(visible=True)).to_have_count(index + 1)


def empty(tab: Locator) -> None:
    """Take all files out of a tab."""
    removers = tab.locator(REMOVERS).filter(visible=True)
    for left in range(removers.count(), 0, -1):
        removers.first.click()
        expect(removers).to_have_count(left - 1)


def unfold(tab: Locator, name: str) -> None:
    """Open an accordion if it is closed."""
    button = tab.locator("button.label-wrap", has_text=name).filter(visible=True).first
    if "open" not in (button.get_attribute("class") or "").split():
        button.click()
        tab.page.evaluate(IDLE)  # what is typed before a control is there in full is forgotten


def number(tab: Locator, label: str) -> Locator:
    """The field of a setting that is a number."""
    return tab.get_by_label(f"number input for {label}", exact=True).filter(visible=True).first


def set_numbers(tab: Locator, **values: float) -> None:
    """Settings that are numbers, by their labels."""
    for name, value in values.items():
        place = number(tab, name.capitalize())
        place.fill(str(value))
        place.blur()


def status(tab: Locator) -> Locator:
    """The line that tells of the run, once it is another one than before :func:`begin_anew`."""
    return tab.locator(".status:not([data-before])").filter(visible=True)


def begin_anew(tab: Locator) -> None:
    """What the line says of the run before does not count any more."""
    tab.locator(".status").evaluate_all("lines => lines.forEach((line) => { line.dataset.before = ''; })")


def press_run(tab: Locator, name: str = "Run") -> None:
    """Begin a run."""
    begin_anew(tab)
    tab.get_by_role("button", name=name, exact=True).filter(visible=True).first.click()


def run(tab: Locator, words: str = "Done in") -> None:
    """Run to the end."""
    press_run(tab)
    expect(status(tab).filter(has_text=words)).to_be_visible()


def download(tab: Locator, path: Path, *, name: str = "Download") -> Path:
    """Save what a button gives as a file."""
    with tab.page.expect_download() as event:
        tab.get_by_role("button", name=name, exact=True).filter(visible=True).first.click()
    event.value.save_as(path)
    return path


def painter(tab: Locator) -> Locator:
    """The painter's canvas, once it lies still in the window."""
    canvas = tab.locator(".painter canvas")
    expect(canvas).to_be_visible()
    canvas.hover()
    return canvas


def marked_share(canvas: Locator) -> float:
    """Share of a painter's picture that is marked."""
    return float(canvas.evaluate(MARKED))


def seen_everywhere(page: Page) -> set[str]:
    """All texts of the page's tabs, with everything unfolded."""
    texts: set[str] = set()
    outermost = _tabs(page, 0)
    for index in range(outermost.count()):
        outermost.nth(index).click()
        texts |= _seen(page)
        depth = 1
        while depth < page.get_by_role("tablist").filter(visible=True).count():
            for each in _tabs(page, depth).filter(visible=True).all():
                each.click()
                texts |= _seen(page)
            depth += 1
    return texts


def _tabs(page: Page, depth: int) -> Locator:
    return page.get_by_role("tablist").filter(visible=True).nth(depth).get_by_role("tab")


def _seen(page: Page) -> set[str]:
    closed = page.locator("button.label-wrap:not(.open)").filter(visible=True)
    for _ in range(closed.count()):
        closed.first.click()
    page.evaluate(IDLE)
    return {*page.evaluate(TEXTS)}
