"""Where a task is on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.output_panel import OutputPanel

OPEN = """async (place) => {
  if (!place) return;
  const soon = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const there = async (seen) => {
    for (let tries = 0; tries < 600 && !seen(); tries += 1) await soon(50);
    return seen();
  };
  const [id, ...tabs] = place.split(' ');
  for (const name of tabs) {
    const seen = () => [...document.querySelectorAll(`[role=tab][data-tab-id="${name}"]`)]
      .find((tab) => tab.checkVisibility());
    const tab = await there(seen);
    if (tab && tab.getAttribute('aria-selected') !== 'true') tab.click();
  }
  await there(() => document.getElementById(id));
  await soon(100);
  window.scrollTo({top: 0});
}"""
"""JavaScript of the page: open the tabs of a :attr:`TabLocation.place` and wait until it is there; nothing for ""."""


@dataclass(frozen=True)
class TabLocation:
    """A task's inputs and outputs, and how to get there."""

    controls: Controls
    panel: OutputPanel
    tabs: Sequence[str]
    """Ids of the tabs that have to be open to see it, the outermost first."""

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
    def place(self) -> str:
        """For :data:`OPEN`: the id of its Run button, and the ids of the tabs that lead there."""
        return " ".join([self.elem_id, *self.tabs])

    def open(self, trigger: Any) -> Any:
        """Open the tabs and wait until they are there; what is put into them has to follow with ``.then``.

        Gradio makes what is in a tab when it is opened. A value that is given before that is announced as changed again
        with every other change in the tab, for ever (6.31).
        """
        return trigger(None, None, None, js=f"() => ({OPEN})('{self.place}')", queue=False, **PRIVATE)


Locations = Mapping[str, TabLocation]
"""Task -> where it is."""
