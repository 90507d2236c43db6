"""Whatever goes wrong behind the page is one sentence for the visitor, and an entry without his words in the log."""

from __future__ import annotations

import asyncio
import errno
import http.server
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest

from demos.components.events import QUEUE
from demos.components.uploads import AS_A_FILE
from demos.hub import Page
from engine.contracts.errors import BusyError, MaskError
from engine.contracts.messages import Message
from engine.runtime.unforeseen import DISK_FULL

SECRET = "the visitor's own words"


def answer(error: Exception, *, in_component: bool = False) -> gr.Error:
    """What an error of a handler, or of a component, becomes."""

    def handler(text: str) -> str:
        raise error

    def broken(payload: str | None) -> str | None:
        raise error

    with Page() as page:
        box = gr.Textbox()
        if in_component:
            box.preprocess = broken  # type: ignore[method-assign]
        box.change(handler, [box], [box])

    def called() -> Any:
        return asyncio.run(page.process_api(block_fn=0, inputs=[SECRET], request=None, state=None))

    with ThreadPoolExecutor() as threads, pytest.raises(gr.Error) as refusal:  # a browser's tests have a loop here
        threads.submit(called).result()
    return refusal.value


@pytest.mark.parametrize("in_component", [False, True])
def test_an_unforeseen_error_has_an_id(in_component: bool, caplog: pytest.LogCaptureFixture) -> None:
    error = answer(KeyError(SECRET), in_component=in_component)
    entry = caplog.records[-1].msg
    assert isinstance(entry, dict)
    assert entry["event"] == "unforeseen"
    assert entry["error"] == "KeyError"
    assert entry["id"] in str(error.message)
    assert not error.print_exception
    assert SECRET not in json.dumps(entry) + str(error.message)


def test_foreseen_errors_say_what_they_say(caplog: pytest.LogCaptureFixture) -> None:
    assert answer(MaskError(Message("The mask is <empty>."))).message == "The mask is &lt;empty&gt;."
    assert answer(gr.Error("as it is")).message == "as it is"
    assert str(DISK_FULL) in str(answer(OSError(errno.ENOSPC, "No space left on device")).message)
    assert not caplog.records


@pytest.mark.parametrize("component", [gr.Textbox, gr.JSON, gr.Slider, gr.CheckboxGroup])
def test_no_address_is_fetched_by_any_component(component: type[gr.components.Component]) -> None:
    """Gradio fetches what looks like a file, in every argument; here such a value does not get that far."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.timeout = 0.3
    with Page() as page:
        box = component()
        gr.Button().click(lambda value: value, [box], [box])
    address = f"http://127.0.0.1:{server.server_port}/secret.png"
    for value in ({"path": address, "meta": {"_type": "gradio.FileData"}}, [[{"a": {"url": address, "path": "x"}}]]):

        def called(value: Any = value) -> Any:
            return asyncio.run(page.process_api(block_fn=page.fns[0], inputs=[value], request=None, state=None))

        with ThreadPoolExecutor() as threads, pytest.raises(gr.Error) as refusal:
            threads.submit(called).result()
        assert str(AS_A_FILE) in str(refusal.value.message)
    server.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.socket.accept()
    server.server_close()


@pytest.mark.parametrize("count", [0, 1, 400])
def test_a_wrong_number_of_arguments_is_told_and_not_logged(count: int, caplog: pytest.LogCaptureFixture) -> None:
    with Page() as page:
        boxes = [gr.Textbox(), gr.Textbox(), gr.State(None)]
        gr.Button().click(lambda *values: values[0], boxes, boxes[:1])

    def called() -> Any:
        return asyncio.run(page.process_api(block_fn=page.fns[0], inputs=[SECRET] * count, request=None, state=None))

    with ThreadPoolExecutor() as threads, pytest.raises(gr.Error) as refusal:
        threads.submit(called).result()
    assert f"{count} arguments; it takes 2" in str(refusal.value.message)
    assert not caplog.records


def test_a_run_without_a_place_is_refused_before_its_pictures_are_opened() -> None:
    opened: list[Any] = []
    with Page() as page:
        box = gr.Textbox()
        box.preprocess = opened.append  # type: ignore[method-assign]
        gr.Button().click(lambda value: value, [box], [box], **QUEUE)

    def full() -> None:
        raise BusyError(Message("no place"))

    page.admit = full

    def called() -> Any:
        return asyncio.run(page.process_api(block_fn=page.fns[0], inputs=["x"], request=None, state=None))

    with ThreadPoolExecutor() as threads, pytest.raises(gr.Error) as refusal:
        threads.submit(called).result()
    assert "no place" in str(refusal.value.message)
    assert not opened
