"""The one builder of views: uploads and settings on the left, outputs on the right, made from the tasks' records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.comparison_view import ComparisonView
from demos.components.controls import SLOTS, Controls, slots
from demos.components.endpoint import publish
from demos.components.estimates import EstimateLine, UploadNotes
from demos.components.events import QUIET, for_outputs
from demos.components.following import EstimateFollower
from demos.components.output_panel import OutputPanel
from demos.examples import place_examples
from demos.i18n.language import mark
from demos.navigation.tab_locations import TabLocation
from demos.serving.site import Site
from demos.tabs.records import ViewSpec
from engine.contracts.messages import Message, declared
from engine.contracts.parameters import preset_label
from engine.contracts.task import InputSpec

HEIGHT, FURTHER_HEIGHT = 240, 180
"""Heights of the first uploads and of further ones in pixels."""
IN_A_ROW = 2
"""Uploads beside each other at the top; others are folded away."""
BALANCED = "Balanced"
"""The preset that stands for the defaults."""


class TaskView:
    """A view of one or several tasks, laid out inside the current Blocks.

    Args:
        site: that the page is for.
        spec: of the view.
    """

    def __init__(self, site: Site, spec: ViewSpec) -> None:
        self.site, self.spec = site, spec
        first, *others = (site.tasks[name] for name in spec.tasks)
        self._every = [Controls(first, site, spec.quick), *(Controls(each, site) for each in others)]
        self.controls = self._every[0]
        """Controls of the view's first task."""
        self._lines: list[EstimateLine] = []
        self._panels: list[OutputPanel] = []
        self._comparisons: list[ComparisonView] = []
        self._ways: gr.Tabs | None = None
        self._preset: gr.Radio | None = None
        if spec.intro:
            gr.Markdown(mark(spec.intro))
        self._special = [each(self) for each in spec.special]
        with gr.Row():
            with gr.Column(scale=5):
                self._place_inputs()
            with gr.Column(scale=6):
                self._place_outputs()
        if spec.compares and len(self._panels) == 1:
            self._comparisons.append(ComparisonView(self._panels[0]))

    def _place_inputs(self) -> None:
        task, claimed = self.controls.task, {name for each in self._special for name in each.claims}
        specs = [each for each in task.inputs if each.name not in claimed]
        with gr.Row():
            for each in specs[:IN_A_ROW]:
                self.controls.upload(each.name, height=HEIGHT)
        self._notes = UploadNotes(self.controls)
        place_examples(task.examples, self.controls)
        for special in self._special:
            special.place_inputs()
        for each in specs[IN_A_ROW:]:
            with gr.Accordion(mark(each.label), open=False):
                self.controls.upload(each.name, height=FURTHER_HEIGHT)
        self._place_settings()
        for controls in self._every[1:]:
            controls.share(self.controls)

    def _place_settings(self) -> None:
        presets = self.controls.task.parameters.presets
        if presets:
            choices = [(mark(preset_label(self.controls.task.parameters, name)), name) for name in presets]
            value = BALANCED if BALANCED in presets else None
            self._preset = gr.Radio(choices, value=value, label=mark(Message("Preset")))
        if self.spec.folded:
            with gr.Accordion(mark(Message("Settings")), open=False):
                self._place_shared()
        else:
            self._place_shared()
        for spec in self.controls.task.inputs:
            self._place_further(spec)
        self._place_named()
        if self.controls.fields(advanced=True):
            with gr.Accordion(mark(Message("Advanced")), open=False):
                for each in self._special:
                    each.place_advanced()
                for field in self.controls.fields(advanced=True):  # those that are not there yet
                    self.controls.control(field)

    def _place_shared(self) -> None:
        """Settings that all tasks of the view have."""
        others = [controls.task.parameters.model_fields for controls in self._every[1:]]
        for field in self.controls.fields(advanced=False):
            if all(field in fields for fields in others):
                self._place_control(self.controls, field)

    def _place_control(self, controls: Controls, field: str) -> None:
        proposals = [value for each in self._special for value in each.proposals.get(field, ())]
        controls.control(field, proposals=proposals)

    def _place_further(self, spec: InputSpec) -> None:
        """Further pictures of an input, and what a task wants to know of each of them, such as its weight."""
        if not 1 < spec.most <= SLOTS:
            return
        assert spec.further is not None, f"{spec.name} takes several pictures and has no title for them"
        with gr.Accordion(mark(spec.further), open=False):
            with gr.Row():
                for index in range(1, slots(spec)):
                    self.controls.upload(spec.name, index, height=FURTHER_HEIGHT)
            for field in self.controls.fields_per(spec.name):
                for index in range(spec.most):
                    self.controls.control(field, index)

    def _place_named(self) -> None:
        """Parameters with a number for each of some names, such as the blend of styles."""
        for field, count in self.controls.fields_by_name().items():
            info = self.controls.task.parameters.model_fields[field]
            with gr.Accordion(mark(declared(str(info.title))), open=False):
                gr.Markdown(mark(declared(str(info.description))), elem_classes=["quiet"])
                for index in range(count):
                    self.controls.control(field, index)

    def _place_outputs(self) -> None:
        if len(self._every) == 1:
            self._place_panel(self.controls)
            return
        with gr.Tabs() as self._ways:
            for controls, (name, title) in zip(self._every, self.spec.ways, strict=True):
                with gr.Tab(mark(title), id=name):
                    for field in (*controls.fields(advanced=False), *controls.fields(advanced=True)):
                        self._place_control(controls, field)
                    self._place_panel(controls)
                    if self.spec.compares:
                        self._comparisons.append(ComparisonView(self._panels[-1]))

    def _place_panel(self, controls: Controls) -> None:
        main = controls is self.controls
        self._lines.append(EstimateLine(controls, self.spec.hint))
        first = self.spec.first if main else "facts"
        panel = OutputPanel(controls, first=first, goes_on=main and self.spec.goes_on)
        self._panels.append(panel)
        if main:
            for each in self._special:
                each.place_outputs(panel)

    @property
    def panel(self) -> OutputPanel:
        """The first task's outputs."""
        return self._panels[0]

    def locations(self, tabs: list[tuple[gr.Tabs, str]]) -> Iterator[tuple[str, TabLocation]]:
        """Every task of the view with its place; ``tabs`` are those around the view."""
        for index, (controls, panel) in enumerate(zip(self._every, self._panels, strict=True)):
            way = [(self._ways, self.spec.ways[index][0])] if self._ways is not None else []
            yield controls.task.name, TabLocation(controls, panel, [*tabs, *way])

    def connect(self) -> None:
        """Bind all events and make the endpoints."""
        if self._preset is not None:
            self._connect_presets(self._preset)
        for each in self._special:
            each.connect()
        self._notes.connect()
        for controls, line, panel in zip(self._every, self._lines, self._panels, strict=True):
            panel.followers.append(EstimateFollower(line))
            panel.connect()
            line.connect(self._notes.extents)
            publish(controls)
        for comparison in self._comparisons:
            comparison.connect()

    def _connect_presets(self, preset: gr.Radio) -> None:
        """Choosing a preset moves the controls whose values it names in any of its choices."""
        kind = self.controls.task.parameters
        changed = sorted({name for values in kind.presets.values() for name in values})
        defaults = kind()

        def chosen(name: str) -> Any:
            return for_outputs([kind.presets.get(name, {}).get(each, getattr(defaults, each)) for each in changed])

        preset.input(chosen, [preset], [self.controls[each] for each in changed], **QUIET)
