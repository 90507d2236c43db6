"""Every MCP tool is called once, by a real client of the protocol."""

from __future__ import annotations

import asyncio
import base64
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine import TASKS, Picture, Video
from engine.contracts.parameters import parse
from engine.contracts.task import TaskSpec
from tests.support.runs import trial_inputs

TOOLS = {task.endpoint: task for task in TASKS}


def sent(media: Picture | Video) -> str:
    """A picture or a video inside a call."""
    if isinstance(media, Video):
        return f"data:video/x-matroska;base64,{base64.b64encode(media.path.read_bytes()).decode()}"
    stream = io.BytesIO()
    media.image.save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def arguments(task: TaskSpec) -> dict[str, Any]:
    values: dict[str, Any] = {**parse(task.parameters, task.trial.parameters).model_dump(mode="json")}
    given = {name: value for name, value in values.items() if name in task.trial.parameters}
    for name, media in trial_inputs(task).items():
        spec = task.input(name)
        given[name] = [{"image": sent(each)} for each in media] if spec.most > 8 else sent(media[0])
    return given


@pytest.fixture(scope="module")
def outcomes(app_url: str) -> dict[str, Any]:
    """Tool -> what its call gave, all in one session."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def called() -> dict[str, Any]:
        address = f"{app_url}/gradio_api/mcp/"
        async with streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return {name: await session.call_tool(name, arguments(task)) for name, task in TOOLS.items()}

    with ThreadPoolExecutor() as threads:  # a browser's tests have a loop in this one
        return threads.submit(lambda: asyncio.run(called())).result()


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_works(name: str, outcomes: dict[str, Any]) -> None:
    result = outcomes[name]
    assert not result.isError, result.content
    assert result.content
