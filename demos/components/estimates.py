"""Notes before Run is pressed: the changes made to the uploads when they were opened, and how long a run will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import gradio as gr

from demos.components.controls import Controls, slot_name, slots
from demos.components.events import DOORS, LATEST
from demos.components.status import seconds
from demos.components.uploads import SEPARATOR, Upload, Uploads, notes_line
from demos.i18n.language import mark, say
from engine import PentimentoError
from engine.contracts.messages import Listing, Message, Text
from engine.contracts.parameters import Parameters
from engine.contracts.task import Extent, Extents, Inputs
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status

PNG_BYTES = 0.9
"""Bytes of a PNG for each pixel of an enlarged photo; 0.4 to 1.4 were measured."""
WAIT_SECONDS = 2.0
"""How long an estimate waits for the first measurement of the machine, which is made when the server starts."""


class Opened(NamedTuple):
    """What is known of an upload once it has been opened."""

    note: str
    """Sentences for a person about what was changed in it; may be empty."""
    extents: tuple[Extent, ...]
    """What of its pictures counts for the time; none where there is nothing usable."""


class UploadNotes:
    """The line that says what was done with the uploads; each is opened when it changes itself.

    Args:
        controls: whose uploads, which are placed before :meth:`connect`.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._line = gr.Markdown(elem_classes=["quiet", "notes"])
        self.opened: dict[str, gr.State] = {}
        """Upload -> :class:`Opened`, or None."""

    def connect(self) -> None:
        """Bind the uploads."""
        uploads = self._controls.uploads
        self.opened = {name: gr.State(None) for name in uploads}
        for name, upload in uploads.items():
            upload.change(self._opened(name), [upload], [self.opened[name]], **LATEST, **DOORS)
        changes = [each.change for each in self.opened.values()]
        gr.on(changes, _joined, [*self.opened.values()], [self._line], queue=False, **LATEST)

    def _opened(self, name: str) -> Any:
        """A handler for one upload: its value -> what is known of it."""
        spec, index = self._controls.input_of(name), int(name.rpartition("_")[2]) if name[-1].isdigit() else 1
        label: Text = spec.label if index == 1 else Message("{label} {number}", label=spec.label, number=index)

        def opened(value: Upload | Uploads) -> Opened:
            media = value if isinstance(value, list) else [value]
            usable = [each for each in media if each is not None and not isinstance(each, PentimentoError)]
            return Opened(notes_line(label, value), tuple(spec.extent(each) for each in usable))

        return opened


class EstimateLine:
    """The line that says how long a run takes.

    Args:
        controls: whose settings.
        hint: shown before there is anything to run.
    """

    def __init__(self, controls: Controls, hint: Message) -> None:
        self._controls = controls
        self._line = gr.Markdown(mark(hint), elem_classes=["quiet", "notes"])

    @property
    def outputs(self) -> list[Any]:
        """Components that :meth:`after_run` changes."""
        return [self._line]

    def connect(self, opened: Mapping[str, gr.State]) -> None:
        """Keep the line true.

        Args:
            opened: of :class:`UploadNotes`, of these controls or of others that share their uploads.
        """
        settings = self._controls.settings

        def changed(*values: Any) -> str:
            present = {name: each.extents for name, each in zip(opened, values, strict=False) if each and each.extents}
            return self._sentence(present, dict(zip(settings, values[len(opened) :], strict=True)))

        # One event for uploads and settings: of two, the slower one could show the estimate for settings that are gone.
        inputs: list[Any] = [*opened.values(), *settings.values()]
        gr.on([each.change for each in inputs], changed, inputs, [self._line], queue=False, **LATEST)

    def after_run(self, inputs: Inputs, parameters: Parameters) -> dict[Any, Any]:
        """In a handler: the line once a run has taught the engine how quick this machine is."""
        quick = self._controls.quick(parameters)
        return {self._line: self._estimate(quick, self._controls.task.extents(inputs))}

    def _sentence(self, present: Mapping[str, Sequence[Extent]], settings: Mapping[str, Any]) -> str:
        task = self._controls.task
        by_slot = {spec.name: [slot_name(spec.name, index) for index in range(slots(spec))] for spec in task.inputs}
        extents = {name: [each for slot in names for each in present.get(slot, ())] for name, names in by_slot.items()}
        filled = {
            name: [index for index, slot in enumerate(names) if slot in present] for name, names in by_slot.items()
        }
        missing: list[Text] = [spec.label for spec in task.inputs if len(extents[spec.name]) < spec.least]
        if missing:
            labels = reduce(lambda first, second: Message("{first} and {second}", first=first, second=second), missing)
            return say(Message("Choose a file for {inputs}, or an example.", inputs=labels))
        try:
            return self._estimate(self._controls.quick(self._controls.parameters(settings, filled)), extents)
        except PentimentoError as error:
            return say(error.message)

    def _estimate(self, parameters: Parameters, extents: Extents) -> str:
        task, runtime = self._controls.task, self._controls.site.runtime
        try:
            estimate = runtime.estimate(task, parameters, extents, wait=WAIT_SECONDS)
        except PentimentoError as error:
            return say(error.message)
        if estimate is None:
            return say(Message("The device is busy; the time is measured when it is free."))
        sentence = say(Message("This takes about {time} here.", time=seconds(estimate)))
        choice = task.choice(parameters, extents)
        sentence = sentence if choice is None else f"{say(choice)} {sentence}"
        return sentence + self._size(parameters, extents) + self._downloads(parameters)

    def _size(self, parameters: Parameters, extents: Extents) -> str:
        """Sentence about what comes out; empty where it is as large as what goes in, or where only the run knows."""
        size = self._controls.task.result_size(parameters, extents)
        given = next(iter(extents.values()))
        if size is None or size == given[0].size:
            return ""
        width, height = size
        megabytes = width * height * PNG_BYTES / 1e6
        values = {
            "width": width,
            "height": height,
            "megabytes": f"{megabytes:.0f}" if megabytes > 9 else f"{megabytes:.1f}",
        }
        return " " + say(Message("The result has {width} x {height} pixels, about {megabytes} MB as PNG.", **values))

    def _downloads(self, parameters: Parameters) -> str:
        """Sentence about the weights that have to be downloaded first; empty where all of them are here."""
        entries = [catalogue()[name] for name in self._controls.task.weights(parameters)]
        missing = [each for each in entries if self._controls.site.runtime.store.status(each) is Status.MISSING]
        if not missing:
            return ""
        files = Listing([f"{each.title} ({each.megabytes})" for each in missing])
        return " " + say(Message("First {files} comes from the Hub.", files=files))


def _joined(*uploads: Opened | None) -> str:
    return SEPARATOR.join(each.note for each in uploads if each and each.note)
