"""The named endpoint of a task, for programs: its components as arguments, the result and what happened as outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import QUEUE, shown_errors
from demos.components.stored_result import file_of, png_of
from demos.serving.runs import Frame
from demos.serving.site import called
from engine.contracts.task import Kind


class Endpoints:
    """Makes the endpoints of tasks. One component of each kind stands for what all of them answer: nobody sees it."""

    def __init__(self) -> None:
        self._trigger = gr.Button(visible=False)
        self._results: dict[Kind, Any] = {
            Kind.PICTURE: gr.Image(label="result", format="jpeg", visible=False),
            Kind.VIDEO: gr.Video(label="result", visible=False),
        }
        self._facts = gr.JSON(label="facts", visible=False)

    def publish(self, controls: Controls) -> None:
        """Make the endpoint of a task, once all of its components are placed."""
        public: dict[str, Any] = {"api_visibility": "public" if controls.site.runtime.settings.api else "private"}
        self._trigger.click(
            _answer(controls), controls.components, [self._results[controls.task.output], self._facts],
            api_name=controls.task.endpoint, api_description=_description(controls), **public, **QUEUE,
        )  # fmt: skip


def _description(controls: Controls) -> str:
    """Description of an endpoint and its arguments for the API page and MCP clients, from the task's record."""
    task = controls.task
    arguments = [f"    {name}: {' '.join(text.split())}" for name, text in controls.describe_arguments().items()]
    headline = (
        f"{task.summary} ({task.paper}). Gives previews with the progress, at last the result with what happened."
    )
    return "\n".join([headline, "", "Args:", *arguments])


def _answer(controls: Controls) -> Any:
    """The handler: (preview, progress) on the way, (result's file, facts) at the end."""
    task, runs = controls.task, controls.site.runs
    makes_picture = task.output is Kind.PICTURE

    def answer(*values: Any) -> Iterator[Any]:
        with called() as job, shown_errors():
            inputs, parameters = controls.read(values)
            for each in runs.frames(task, inputs, parameters, job):
                if isinstance(each, Frame):
                    preview = each.preview if makes_picture else None
                    yield gr.skip() if preview is None else preview, each.progress
                elif each.video is not None:
                    yield str(each.video.path), each.facts.json()
                else:
                    with file_of(png_of(each), "png", task.name) as path:
                        yield path, each.facts.json()

    answer.__signature__ = controls.signature()  # type: ignore[attr-defined]
    answer.__name__ = task.endpoint
    answer.__doc__ = _description(controls)
    return answer
