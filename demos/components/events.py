"""How the page's own events are bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gradio as gr

from demos.i18n.language import say, say_plainly
from engine import PentimentoError
from engine.contracts.messages import Message, Text

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
"""They are not part of the API."""
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}
"""Small and quick ones, which need no turn and show no progress."""
QUEUE: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": None}
"""All runs are with the engine, which gives them the device in turn, tells their place, and refuses too many."""
DOORS: dict[str, Any] = {"concurrency_id": "door", "concurrency_limit": 2}
"""Events that decode pictures: each may take some hundred megabytes while it does."""
LATEST: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", **PRIVATE}
"""Events that show what follows from controls: of several changes in a row, only the last one counts."""


def for_outputs(values: Sequence[Any]) -> Any:
    """The return value of a handler with these outputs: Gradio wants a single value bare, not in a sequence."""
    return values if len(values) > 1 else values[0]


def refusal(text: Text) -> gr.Error:
    """In a handler: an error to raise, which the page shows as one sentence in the visitor's language."""
    return gr.Error(
        say_plainly(text), print_exception=False
    )  # the page titles every one "Error", whatever is sent (6.31)


def warn(text: Text) -> None:
    """In a handler: show what could not be done as it was asked for."""
    gr.Warning(say_plainly(text), title=say(Message("Please note")))


def tell(text: Text) -> None:
    """In a handler: show what was done."""
    gr.Info(say_plainly(text), title=say(Message("Done")))


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show errors that a visitor can mend as one sentence.

    Raises:
        gr.Error: instead of a PentimentoError.
    """
    try:
        yield
    except PentimentoError as error:
        raise refusal(error.message) from None
