"""What the page says before Run is pressed: what the door did with the pictures, and how long a run will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from demos.components import theme as look
from demos.components.controls import Controls, numbered, slots
from demos.components.output_panel import RunEvents
from demos.components.uploads import Upload, Uploads, notes_line
from demos.i18n.language import say
from demos.serving import sessions as visits
from engine import PentimentoError, Picture, estimate
from engine.contracts.task import PictureInput
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status, status

DOORS: dict[str, Any] = {"concurrency_id": "door", "concurrency_limit": 2}
"""Pictures that are decoded at the same time: each may take some hundred megabytes while it is."""


def _downloads(names: Sequence[str]) -> str:
    """What has to come from the Hub first; empty where everything is here."""
    missing = [entry for entry in (catalogue()[name] for name in names) if status(entry) is Status.MISSING]
    if not missing:
        return ""
    return " " + say("First {} comes from the Hub.", ", ".join(f"{each.title} ({each.megabytes})" for each in missing))


_QUIET: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private"}


def connect(controls: Controls, notes: gr.Markdown, expected: gr.Markdown, runs: Sequence[RunEvents]) -> None:
    """Keep both lines true: :func:`connect_notes`, then :func:`connect_time`."""
    connect_time(controls, connect_notes(controls, notes), expected, runs)


def connect_notes(controls: Controls, notes: gr.Markdown) -> dict[str, gr.State]:
    """Keep the line true that says what was done with the pictures; each is opened when it changes itself.

    Returns:
        What of each upload counts for the time, by the upload's name.
    """
    sizes = {name: gr.State(None) for name in controls.uploads}
    lines = {name: gr.State("") for name in controls.uploads}
    for name, upload in controls.uploads.items():
        opened = _opened(controls.given(name), str(upload.label))
        upload.change(opened, [upload], [lines[name], sizes[name]], **_QUIET, **DOORS)
    gr.on([each.change for each in lines.values()], _joined, [*lines.values()], [notes], queue=False, **_QUIET)
    return sizes


def connect_time(
    controls: Controls, sizes: Mapping[str, gr.State], expected: gr.Markdown, runs: Sequence[RunEvents]
) -> None:
    """Keep the line true that says how long a run takes.

    Args:
        controls: whose settings.
        sizes: from :func:`connect_notes`, of these controls or of others that share their uploads.
        expected: the line.
        runs: a run teaches the engine how quick this machine is.
    """
    task, settings = controls.task, controls.settings

    def told(*values: Any) -> str:
        found = {name: size for name, size in zip(sizes, values, strict=False) if size is not None}
        by_input = {
            each.name: [size for index in range(slots(each)) for size in found.get(numbered(each.name, index), ())]
            for each in task.inputs
        }
        present = {
            each.name: [index for index in range(slots(each)) if numbered(each.name, index) in found]
            for each in task.inputs
        }
        missing = [say(each.label) for each in task.inputs if len(by_input[each.name]) < each.least]
        if missing:
            return say("Choose a picture for {}, or an example.", say(" and ").join(missing))
        try:
            parameters = controls.parameters(dict(zip(settings, values[len(sizes) :], strict=True)), present)
            seconds = estimate(task, parameters, by_input)
        except PentimentoError as error:
            return say(str(error))
        if seconds is None:
            return say("The device is busy; the time is measured when it is free.")
        return say("This takes about {} here.", look.seconds(seconds)) + _downloads(task.weights(parameters))

    # One event for sizes and settings: of two, the slower one could show the estimate for settings that are gone.
    inputs = [*sizes.values(), *settings.values()]
    gr.on([each.change for each in inputs], told, inputs, [expected], queue=False, **_QUIET)
    for events in runs:
        events.ended.then(told, inputs, [expected], queue=False, **_QUIET)


def _opened(given: PictureInput, label: str) -> Any:
    """What the door says about one upload, and what of it counts for the time."""

    def opened(value: Upload | Uploads) -> tuple[str, list[tuple[int, int]] | None]:
        visits.note(value)
        pictures = value if isinstance(value, list) else [value] if isinstance(value, Picture) else []
        return notes_line({label: value}), [given.extent(each) for each in pictures] or None

    return opened


def _joined(*lines: str) -> str:
    return " · ".join(line for line in lines if line)
