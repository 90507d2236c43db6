"""The tab of style V3: transfer, and V1 beside V3."""

from __future__ import annotations

from demos.components.comparison_view import ComparisonView
from demos.components.match_view import MatchView
from demos.components.style_tab import StyleTab
from engine.tasks.style_comparison import STYLE_COMPARISON
from engine.tasks.style_v3 import STYLE_V3

TEXT = (
    "A Gram matrix forgets where things are. Here **every patch of features is pulled to its nearest patch of the "
    "painting**, so an eye is made of painted eyes and a line stays a line: parts stay whole. It is at its best "
    "when photo and painting show alike things. <span class='quiet'>Li & Wand 2016.</span>"
)
COMPARISON_TEXT = (
    "**The same pair, three ways.** V1 matches Gram matrices, statistics of the whole picture: parts of the "
    "painting appear anywhere. V2 does that in one pass of a network. V3 matches patches: what is together in the "
    "painting stays together."
)


SEND_TO = ("Super-resolution", "Style V1", "Style V2", "Inpainting")


def build() -> StyleTab:
    """Lay out the tab inside the current Blocks."""
    tab = StyleTab(STYLE_V3, TEXT, send_to=SEND_TO)
    matches = MatchView(tab.panel)
    matches.connect(tab.connect())
    return tab


def build_comparison() -> StyleTab:
    """Lay out the styles side by side inside the current Blocks."""
    tab = StyleTab(STYLE_COMPARISON, COMPARISON_TEXT, first_tab="facts")
    view = ComparisonView()
    view.connect(tab.panel.result, tab.connect())
    return tab
