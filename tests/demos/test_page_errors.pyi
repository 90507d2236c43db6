"""Whatever goes wrong behind the page is one sentence for the visitor, and an entry without his words in the log."""

from __future__ import annotations

import asyncio
import errno
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest

from demos.hub import Page
from engine.contracts.errors import MaskError
from engine.contracts.messages import Message
from engine.runtime.unforeseen import DISK_FULL

SECRET = "the visitor's own words"

class Picky(gr.Textbox):
    """A component that fails on what it is given."""

    def preprocess(self, payload: str | None) -> str | None:
        raise KeyError(SECRET)
    from collections.abc import Callable, Sequence
    from typing import TYPE_CHECKING, Any, Literal

    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

def answer(error: Exception, component: type[gr.Textbox] = gr.Textbox) -> gr.Error:
    """What a handler's error becomes."""

    def handler(text: str) -> str:
        raise error

    with Page() as page:
        box = component()
        box.change(handler, [box], [box])

    def called() -> Any:
        return asyncio.run(page.process_api(block_fn=0, inputs=[SECRET], request=None, state=None))

    with ThreadPoolExecutor() as threads, pytest.raises(gr.Error) as refusal:  # a browser's tests have a loop here
        threads.submit(called).result()
    return refusal.value

@pytest.mark.parametrize("component", [gr.Textbox, Picky])
def test_an_unforeseen_error_has_an_id(component: type[gr.Textbox], caplog: pytest.LogCaptureFixture) -> None:
    error = answer(ValueError(SECRET), component)
    entry = caplog.records[-1].msg
    assert isinstance(entry, dict)
    assert entry["event"] == "unforeseen"
    assert entry["error"] == ("ValueError" if component is gr.Textbox else "KeyError")
    assert entry["id"] in str(error.message)
    assert not error.print_exception
    assert SECRET not in json.dumps(entry) + str(error.message)

def test_foreseen_errors_say_what_they_say(caplog: pytest.LogCaptureFixture) -> None:
    assert answer(MaskError(Message("The mask is <empty>."))).message == "The mask is &lt;empty&gt;."
    assert answer(gr.Error("as it is")).message == "as it is"
    assert str(DISK_FULL) in str(answer(OSError(errno.ENOSPC, "No space left on device")).message)
    assert not caplog.records
