"""A program's client of the page."""

from __future__ import annotations

from typing import Any

from gradio_client import Client

PATIENCE = 60.0
"""Seconds that a client waits for an answer; httpx's own 5 are too few when other tests have all the cores."""


def api_client(url: str, **options: Any) -> Client:
    """A client of the page at `url`, as `gradio_client` makes it, that does not mind a busy machine."""
    return Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE}, **options)
