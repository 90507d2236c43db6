"""Calling the hub as programs do, by plain HTTP and by Gradio's client, and what they are answered."""

from __future__ import annotations

import html
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from engine import PentimentoError, Runtime, open_picture
from engine.contracts.errors import PictureError
from engine.contracts.task import Inputs, TaskSpec
from tests.support.asking import ask, wait_until
from tests.support.runs import finished

UPLOADED = {"meta": {"_type": "gradio.FileData"}}
"""With it, Gradio takes a value for a file; a path without it was never uploaded."""
Arguments = Mapping[str, Mapping[str, Any]]
"""Name -> what the API says of an argument."""


def answer(url: str, body: Any = None) -> tuple[int, Any]:
    """Status of an HTTP request with a JSON body, and the JSON or the text that comes back."""
    status, text, _ = ask(url, body)
    return status, json.loads(text) if status == 200 and text.startswith(("{", "[")) else text


def endpoints(url: str) -> dict[str, Arguments]:
    """``/style_v1`` and so on -> its arguments."""
    _, info = answer(f"{url}/gradio_api/info")
    return {
        name: {each["parameter_name"]: each for each in endpoint["parameters"]}
        for name, endpoint in info["named_endpoints"].items()
    }


def defaults(arguments: Arguments) -> dict[str, Any]:
    """Values for a call that names nothing; None for an argument that has to be given."""
    return {name: each.get("parameter_default") for name, each in arguments.items()}


def call(url: str, endpoint: str, values: Sequence[Any]) -> str:
    """A call made by hand: the events that come back, or an event of our own with the status that refuses it."""
    status, accepted = answer(f"{url}/gradio_api/call{endpoint}", {"data": [*values]})
    if status != 200:
        return f"event: error {status}"
    return str(answer(f"{url}/gradio_api/call{endpoint}/{accepted['event_id']}")[1])


def worked(stream: str) -> bool:
    """Whether a call's events say that it has worked; anything else has to be an error."""
    assert ("event: complete" in stream) != ("event: error" in stream), stream
    return "event: complete" in stream


def check_refusal(client: Client, error: PentimentoError, **named: Any) -> None:
    """Look that a call is refused with an error of the engine's, and with nothing but its sentence."""
    with pytest.raises(AppError) as refusal:
        client.predict(**named)
    assert refusal.value.message == html.escape(str(error), quote=False)


def refusal_of(runtime: Runtime, task: TaskSpec, inputs: Inputs, /, **parameters: Any) -> PentimentoError:
    """The error that a run ends in."""
    with pytest.raises(PentimentoError) as error:
        finished(runtime, task, inputs, **parameters)
    return error.value


def refusal_of_file(path: Path) -> PictureError:
    """The error that a file ends in at the server's door, where warnings are no errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(PictureError) as error:
            open_picture(path)
    return error.value


def working(job: Any) -> bool:
    """Whether a descent that was submitted has the device: it tells of its losses."""
    return any("total" in (progress or {}) for _, progress in job.outputs())


def begun(client: Client, **pictures: Any) -> Any:
    """A descent of minutes that has the device."""
    job = client.submit(**pictures, size=64, iterations=2000, api_name="/style_v1")
    wait_until(lambda: working(job))
    return job
