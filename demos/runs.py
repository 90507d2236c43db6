"""A task's run as the events of a page or of the API see it: few frames, each ready to be shown."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from demos.controls import Controls
from demos.curves import Curves
from engine import Job, PentimentoError, Result, Step, Walk, run
from engine.picture import Kind

LIMIT_SECONDS = 1800
"""A run that takes longer is stopped and keeps its best picture: others wait. The command line has no such limit."""
PREVIEW_SECONDS = 0.5
"""Least time between two previews; the steps between them only give Gradio a chance to end the run."""


@dataclass(frozen=True)
class Frame:
    """What is worth showing now."""

    step: Step
    figures: Mapping[str, float]
    preview: Image.Image | None
    curves: Curves


def frames(controls: Controls, values: Sequence[Any], job: Job) -> Iterator[Frame | Result | None]:
    """Run the task on the components' values: frames, None for steps that are not worth one, and at last the result.

    Raises:
        gr.Error: with one sentence, for everything that is the visitor's to mend.
    """
    try:
        pictures, parameters = controls.read(values)
        walk = Walk(run(controls.task, pictures, parameters, job))
        shown, count, curves = 0.0, 0, Curves()
        began: float | None = None
        for step in walk:
            count += step.preview is not None
            began = began or (time.monotonic() if count else None)
            if began and time.monotonic() - began > LIMIT_SECONDS:
                job.stop()
            if time.monotonic() - shown < PREVIEW_SECONDS:
                yield None
                continue
            shown = time.monotonic()
            figures = step.figures()
            if figures:
                curves.add(count, figures)
            yield Frame(step, figures, step.preview() if step.preview else None, curves)
        yield walk.result
    except PentimentoError as error:
        raise gr.Error(str(error), print_exception=False) from None


@contextmanager
def file_of(data: bytes, kind: Kind, task: str) -> Iterator[str]:
    """A file named after its task that exists as long as the context; Gradio copies what it is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pentimento-{task}.{'png' if kind == 'png' else 'jpg'}"
        path.write_bytes(data)
        yield str(path)


def png_of(result: Result) -> bytes:
    """The result as a PNG, without its recipe."""
    stream = io.BytesIO()
    result.save(stream)
    return stream.getvalue()
