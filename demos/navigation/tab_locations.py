"""Where a task is on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import QUIET, given

if TYPE_CHECKING:
    from demos.components.output_panel import Panel


WAIT = """async (id) => {
  if (!id) return;
  const soon = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  for (let tries = 0; tries < 100 && !document.getElementById(id); tries += 1) await soon(50);
  await soon(100);
  window.scrollTo({top: 0});
}"""
"""In the page: wait until a component is there, and go to the top; nothing without one."""


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
    mark: Any = None
    """A component that is there when the tab is; None for :attr:`upload`."""

    @property
    def upload(self) -> Any:
        """The component of :attr:`takes`."""
        uploads = self.controls.uploads_placed
        return uploads[self.takes or next(iter(uploads))]

    @property
    def at(self) -> str:
        """Its id in the page."""
        marked = self.mark or self.upload
        marked.elem_id = marked.elem_id or f"at-{self.controls.form.name}"
        return str(marked.elem_id)

    @property
    def groups(self) -> list[gr.Tabs]:
        """Of the tabs."""
        return [tabs for tabs, _ in self.tabs]

    @property
    def opened(self) -> Any:
        """What opens the tabs, for :attr:`groups`."""
        return given([gr.update(selected=name) for _, name in self.tabs])

    def open(self, trigger: Any) -> Any:
        """Open the tabs and wait until they are there; what is put into them has to follow with ``.then``.

        Gradio makes what is in a tab when it is opened. A value that is given before that is announced as changed again
        with every other change in the tab, for ever (6.31).
        """
        opened = trigger(lambda: self.opened, None, self.groups, **QUIET)
        return opened.then(None, None, None, js=f"async () => {{ await ({WAIT})('{self.at}'); }}", **QUIET)
