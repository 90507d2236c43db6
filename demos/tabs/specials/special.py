"""Base of the special parts that a view may have; each kind is in a module of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from demos.components.controls import Controls
from demos.components.output_panel import OutputPanel

if TYPE_CHECKING:
    from demos.tabs.task_view import TaskView


class Special:
    """Hooks of the builder, in the order in which it calls them.

    Args:
        view: that it belongs to.
    """

    claims: Sequence[str] = ()
    """Inputs whose uploads it places itself."""
    proposals: Mapping[str, Sequence[str]] = {}
    """Values that are proposed for parameters that are texts."""

    endpoints: Sequence[Controls] = ()
    """Controls of further tasks that it serves, which have an endpoint, too."""

    def __init__(self, view: TaskView) -> None:
        self.view, self.site, self.controls = view, view.site, view.controls

    def place_inputs(self) -> None:
        """Lay out what stands below uploads and examples."""

    def place_advanced(self) -> None:
        """Lay out what stands above the advanced settings."""

    def place_outputs(self, panel: OutputPanel) -> None:
        """Lay out what belongs to the first task's outputs."""

    def connect(self) -> None:
        """Bind its events; all components are there, no panel is connected."""
