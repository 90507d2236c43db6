"""Style V3's tab that shows where in the painting the patches of a result came from."""

from __future__ import annotations

from demos.components.match_view import MatchView
from demos.components.output_panel import OutputPanel
from demos.tabs.specials.special import Special


class MatchTab(Special):
    """A tab of the panel."""

    def place_outputs(self, panel: OutputPanel) -> None:
        """See :meth:`Special.place_outputs`."""
        self._matches = MatchView(panel)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        self._matches.connect()
