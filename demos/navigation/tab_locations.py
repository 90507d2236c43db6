"""Where a task is on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import QUIET, for_outputs
from demos.components.output_panel import OutputPanel

WAIT = """async (id) => {
  if (!id) return;
  const soon = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  for (let tries = 0; tries < 100 && !document.getElementById(id); tries += 1) await soon(50);
  await soon(100);
  window.scrollTo({top: 0});
}"""
"""JavaScript of the page: wait until a component is there, and go to the top; nothing without one."""


@dataclass(frozen=True)
class TabLocation:
    """A task's inputs and outputs, and how to get there."""

    controls: Controls
    panel: OutputPanel
    tabs: Sequence[tuple[gr.Tabs, str]]
    """Groups of tabs, and which one of each has to be open to see it."""

    def upload(self, name: str = "") -> Any:
        """The component that takes files for an input; for the first one without a name."""
        uploads = self.controls.upload_components
        return uploads[name or next(iter(uploads))]

    @property
    def elem_id(self) -> str:
        """Id in the page of its Run button, which is there when the tab is open."""
        button = self.panel.layout.run
        button.elem_id = button.elem_id or f"at-{self.controls.task.name}"
        return str(button.elem_id)

    @property
    def groups(self) -> list[gr.Tabs]:
        """The groups of tabs that it is in."""
        return [tabs for tabs, _ in self.tabs]

    def open(self, trigger: Any) -> Any:
        """Open the tabs and wait until they are there; what is put into them has to follow with ``.then``.

        Gradio makes what is in a tab when it is opened. A value that is given before that is announced as changed again
        with every other change in the tab, for ever (6.31).
        """
        selected = [name for _, name in self.tabs]
        opened = trigger(
            lambda: for_outputs([gr.update(selected=name) for name in selected]), None, self.groups, **QUIET
        )
        return opened.then(None, None, None, js=f"async () => {{ await ({WAIT})('{self.elem_id}'); }}", **QUIET)


Locations = Mapping[str, TabLocation]
"""Task -> where it is."""
