"""Super-resolution's tab that shows the whole result pixel for pixel."""

from __future__ import annotations

from demos.components.close_view import CloseView
from demos.components.output_panel import OutputPanel
from demos.tabs.specials.special import Special


class CloseTab(Special):
    """A tab of the panel."""

    def place_outputs(self, panel: OutputPanel) -> None:
        """See :meth:`Special.place_outputs`."""
        self._view = CloseView(panel)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        self._view.connect()
