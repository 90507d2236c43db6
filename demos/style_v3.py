"""The tab of style V3: transfer, and V1 beside V3."""

from __future__ import annotations

from demos.controls import Controls
from demos.matches import MatchView
from demos.stylisation import StyleTab
from engine.tasks.style_comparison import STYLE_COMPARISON
from engine.tasks.style_v3 import STYLE_V3

TEXT = (
    "A Gram matrix forgets where things are. Here **every patch of features is pulled to its nearest patch of the "
    "painting**, so an eye is made of painted eyes and a line stays a line: parts stay whole. It is at its best "
    "when photo and painting show alike things. <span class='quiet'>Li & Wand 2016.</span>"
)
COMPARISON_TEXT = (
    "**The same pair, both ways.** V1 matches Gram matrices, statistics of the whole picture: parts of the "
    "painting appear anywhere. V3 matches patches: what is together in the painting stays together."
)


def build() -> Controls:
    """Lay out the tab inside the current Blocks; returns its inputs."""
    tab = StyleTab(STYLE_V3, TEXT)
    matches = MatchView(tab.panel)
    matches.connect(tab.connect())
    return tab.controls


def build_comparison() -> None:
    """Lay out V1 beside V3 inside the current Blocks."""
    StyleTab(STYLE_COMPARISON, COMPARISON_TEXT).connect()
