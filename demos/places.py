"""Where a task is on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.controls import Controls

if TYPE_CHECKING:
    from demos.panel import Panel


@dataclass(frozen=True)
class Place:
    """A task's inputs and outputs, and how to get there."""

    controls: Controls
    tabs: Sequence[tuple[gr.Tabs, str]]
    """Groups of tabs, and which one of each has to be open to see it."""
    panel: Panel | None = None
    """Its outputs, where they are of the usual kind."""
    takes: str = ""
    """Upload that a picture which is sent there goes to; empty for the first one."""

    @property
    def upload(self) -> Any:
        """The component of :attr:`takes`."""
        uploads = self.controls.uploads_placed
        return uploads[self.takes or next(iter(uploads))]

    @property
    def opened(self) -> list[Any]:
        """Updates of the groups of tabs, in their order."""
        return [gr.update(selected=name) for _, name in self.tabs]
