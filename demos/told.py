"""What the page says before Run is pressed: what the door did with the pictures, and how long a run will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from demos import look
from demos.controls import Controls, numbered
from demos.panel import RunEvents
from demos.uploads import Upload, notes_line
from engine import PentimentoError, Picture, estimate
from engine.catalogue import catalogue
from engine.weights import Status, status

DOORS: dict[str, Any] = {"concurrency_id": "door", "concurrency_limit": 2}
"""Pictures that are decoded at the same time: each may take some hundred megabytes while it is."""


def _downloads(names: Sequence[str]) -> str:
    """What has to come from the Hub first; empty where everything is here."""
    missing = [entry for entry in (catalogue()[name] for name in names) if status(entry) is Status.MISSING]
    if not missing:
        return ""
    return " First " + ", ".join(f"{each.title} ({each.megabytes})" for each in missing) + " comes from the Hub."


def connect(controls: Controls, notes: gr.Markdown, expected: gr.Markdown, runs: Sequence[RunEvents]) -> None:
    """Keep both lines true. Pictures are opened when they change; sliders only need their sizes.

    Args:
        controls: whose pictures and settings.
        notes: line for what was done with the pictures.
        expected: line for the time.
        runs: a run teaches the engine how quick this machine is.
    """
    task = controls.task
    uploads, settings = controls.uploads, controls.settings
    labels = {name: str(upload.label) for name, upload in uploads.items()}
    sizes = gr.State({})

    def opened(*values: Upload) -> tuple[str, dict[str, tuple[int, int]]]:
        given = dict(zip(uploads, values, strict=True))
        found = {name: value.size for name, value in given.items() if isinstance(value, Picture)}
        return notes_line({labels[name]: value for name, value in given.items()}), found

    def told(found: dict[str, tuple[int, int]], *values: Any) -> str:
        present = {
            each.name: [index for index in range(each.most) if numbered(each.name, index) in found]
            for each in task.inputs
        }
        missing = [each.label for each in task.inputs if len(present[each.name]) < each.least]
        if missing:
            return f"Choose a picture for {' and '.join(missing)}, or an example."
        try:
            by_input = {name: [found[numbered(name, index)] for index in indices] for name, indices in present.items()}
            parameters = controls.parameters(dict(zip(settings, values, strict=True)), present)
            seconds = estimate(task, parameters, by_input)
        except PentimentoError as error:
            return str(error)
        if seconds is None:
            return "The device is busy; the time is measured when it is free."
        return f"This takes about {look.seconds(seconds)} here.{_downloads(task.weights(parameters))}"

    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private"}
    gr.on([each.change for each in uploads.values()], opened, [*uploads.values()], [notes, sizes], **quiet, **DOORS)
    # One event for sizes and settings: of two, the slower one could show the estimate for settings that are gone.
    watched = [sizes.change, *(each.change for each in settings.values())]
    gr.on(watched, told, [sizes, *settings.values()], [expected], queue=False, **quiet)
    for events in runs:
        events.ended.then(told, [sizes, *settings.values()], [expected], queue=False, **quiet)
