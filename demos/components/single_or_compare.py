"""A tab whose pictures and settings serve two ways: one method, or several of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from demos.components import estimates as told
from demos.components.comparison_view import ComparisonView
from demos.components.controls import Controls
from demos.components.output_panel import Panel
from engine.contracts.task import Task


class TwoWays:
    """What such a tab is made of; the tab places the pictures, and calls the rest in its layout.

    Args:
        one: the task with one method.
        several: the task that compares methods.
        hint: shown before there is anything to run.
        send_to: see :class:`demos.components.output_panel.Panel`.
        proposals: for parameters that are texts, see :meth:`demos.components.controls.Controls.control`.
    """

    def __init__(
        self, one: Task, several: Task, *, hint: str, send_to: Sequence[str],
        proposals: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self.controls, self.side_by_side = Controls(one), Controls(several)
        self._hint, self._send_to, self._proposals = hint, send_to, proposals or {}

    def place_settings(self) -> None:
        """What both ways share: one component serves both tasks."""
        common = set(self.side_by_side.missing(advanced=False)) & set(self.controls.missing(advanced=False))
        for field in self.controls.missing(advanced=False):
            if field in common:
                self.controls.control(field)
        with gr.Accordion("Advanced", open=False):
            for field in self.controls.fields(advanced=True):
                self.controls.control(field)
        self.side_by_side.share(self.controls)

    def place_ways(self, name: str) -> None:
        """The two views with their outputs; ``name`` is the first one's."""
        self.first = name.lower()
        with gr.Tabs() as self.ways:
            with gr.Tab(name, id=self.first):
                self.panel, self._expected = self._place_run(self.controls, send=True)
                self._stages = ComparisonView()
            with gr.Tab("Side by side", id=self.side_by_side.task.name):
                self.compared, self._compared_expected = self._place_run(self.side_by_side, send=False)
                self._view = ComparisonView()

    def _place_run(self, controls: Controls, *, send: bool) -> tuple[Panel, gr.Markdown]:
        for field in controls.missing(advanced=False):
            controls.control(field, choices=self._proposals.get(field, ()))
        expected = gr.Markdown(self._hint, elem_classes=["quiet", "notes"])
        first = Panel(controls.task, first="compare" if send else "facts", send_to=self._send_to if send else ())
        return first, expected

    def connect_runs(self, notes: gr.Markdown) -> None:
        """Bind both ways; ``notes`` says what was done with the pictures."""
        runs = self.panel.connect(self.controls)
        self._stages.connect(self.panel.result, runs)
        sizes = told.connect_notes(self.controls, notes)
        told.connect_time(self.controls, sizes, self._expected, runs)
        compared = self.compared.connect(self.side_by_side)
        self._view.connect(self.compared.result, compared)
        told.connect_time(self.side_by_side, sizes, self._compared_expected, compared)
