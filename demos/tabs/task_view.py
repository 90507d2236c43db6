"""The one builder of views, made from the tasks' records: inputs, the result beside them, settings.

On a narrow screen the three stand below each other; the style sheet (:mod:`demos.components.theme`) places them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.comparison_view import ComparisonView
from demos.components.controls import SLOTS, Controls, slots
from demos.components.estimates import EstimateLine, UploadNotes
from demos.components.events import QUIET, for_outputs
from demos.components.following import EstimateFollower
from demos.components.output_panel import OutputPanel
from demos.examples import place_examples
from demos.i18n.language import mark
from demos.navigation.sharing import BUTTON
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
TAKE = Message("Use the pictures of another tab")
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
        self._preset: gr.Radio | None = None
        if spec.intro:
            gr.Markdown(mark(spec.intro), elem_classes=["intro"])
        self._special = [each(self) for each in spec.special]
        with gr.Row(elem_classes=["view"]):
            with gr.Column(elem_classes=["inputs"]):
                self._place_inputs()
            with gr.Column(elem_classes=["settings"]):
                self._place_settings()
            with gr.Column(elem_classes=["outputs"]):
                self._place_outputs()
        if spec.compares and len(self._panels) == 1:
            self._comparisons.append(ComparisonView(self._panels[0]))

    def _place_inputs(self) -> None:
        task, claimed = self.controls.task, {name for each in self._special for name in each.claims}
        specs = [each for each in task.inputs if each.name not in claimed]
        with gr.Row():
            for each in specs[:IN_A_ROW]:
                self.controls.upload(each.name, height=HEIGHT, min_width=130, elem_classes=["upload"])
        self.take = gr.Button(mark(TAKE), size="sm", elem_classes=[BUTTON])
        """Takes over what other views have."""
        self._notes = UploadNotes(self.controls)
        place_examples(task.examples, self.controls)
        for special in self._special:
            special.place_inputs()
        for each in specs[IN_A_ROW:]:
            with gr.Accordion(mark(each.label), open=False):
                self.controls.upload(each.name, height=FURTHER_HEIGHT)

    def _place_settings(self) -> None:
        presets = self.controls.task.parameters.presets
        if presets:
            choices = [(mark(preset_label(self.controls.task.parameters, name)), name) for name in presets]
            value = BALANCED if BALANCED in presets else None
            self._preset = gr.Radio(choices, value=value, label=mark(Message("Preset")))
        if not self.spec.folded:
            self._place_shared()
        if self._has_more():
            title = Message("Settings") if self.spec.folded else Message("More settings")
            with gr.Accordion(mark(title), open=False):
                self._place_folded()
        for controls in self._every[1:]:
            controls.share(self.controls)

    def _place_folded(self) -> None:
        """All settings that are not in sight."""
        self._place_shared()  # those that are not there yet
        for spec in self.controls.task.inputs:
            self._place_further(spec)
        self._place_named()
        for each in self._special:
            each.place_advanced()
        for field in self.controls.fields(advanced=True):
            self.controls.control(field)

    def _has_more(self) -> bool:
        """Whether there is anything to fold away."""
        controls = self.controls
        further = any(1 < each.most <= SLOTS for each in controls.task.inputs)
        return bool(self.spec.folded or further or controls.fields_by_name() or controls.fields(advanced=True))

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
        with gr.Tabs(overflow_behavior="wrap"):
            for controls, (name, title) in zip(self._every, self.spec.ways, strict=True):
                with gr.Tab(mark(title), id=name):
                    self._place_panel(controls)
                    for field in controls.fields(advanced=False):
                        self._place_control(controls, field)
                    self._place_advanced(controls)
                    if self.spec.compares:
                        self._comparisons.append(ComparisonView(self._panels[-1]))

    def _place_advanced(self, controls: Controls) -> None:
        """Settings of one way that few want to see."""
        if fields := controls.fields(advanced=True):
            with gr.Accordion(mark(Message("Advanced")), open=False):
                for field in fields:
                    controls.control(field)

    def _place_panel(self, controls: Controls) -> None:
        main = controls is self.controls
        self._lines.append(EstimateLine(controls, self.spec.hint))
        beside = self.spec.beside if main else ()
        panel = OutputPanel(controls, beside=beside, goes_on=main and self.spec.goes_on)
        self._panels.append(panel)
        if main:
            for each in self._special:
                each.place_outputs(panel)

    @property
    def panel(self) -> OutputPanel:
        """The first task's outputs."""
        return self._panels[0]

    def locations(self, tabs: list[str]) -> Iterator[tuple[str, TabLocation]]:
        """Every task of the view with its place; ``tabs`` are the ids of those around the view."""
        for index, (controls, panel) in enumerate(zip(self._every, self._panels, strict=True)):
            way = [self.spec.ways[index][0]] if self.spec.ways else []
            yield controls.task.name, TabLocation(controls, panel, [*tabs, *way])

    @property
    def endpoints(self) -> list[Controls]:
        """Controls of all tasks that have an endpoint."""
        return [*self._every, *(controls for each in self._special for controls in each.endpoints)]

    def connect(self) -> None:
        """Bind all events."""
        if self._preset is not None:
            self._connect_presets(self._preset)
        for each in self._special:
            each.connect()
        self._notes.connect()
        for line, panel in zip(self._lines, self._panels, strict=True):
            panel.followers.append(EstimateFollower(line))
            panel.connect()
            line.connect(self._notes.opened)
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
