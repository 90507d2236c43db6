"""The request that a handler serves, and what it says about the visitor."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from gradio.context import LocalContext

MCP = "mcp"
"""Address of all calls of MCP clients, which come through one session of Gradio's own."""


def request() -> Any:
    """The request, a ``gr.Request``; None outside of a handler."""
    return LocalContext.request.get(None)


def header(name: str) -> str:
    """A header of the request; empty where there is none."""
    return str(getattr(request(), "headers", {}).get(name) or "")


def page_query(name: str) -> str:
    """A value in the address of the page that asks; empty where there is none, or a browser does not tell."""
    return parse_qs(urlsplit(header("referer")).query).get(name, [""])[0]


def session() -> str:
    """The session that the handler runs for; empty outside of one."""
    return str(getattr(request(), "session_hash", None) or "")


def address() -> str:
    """Where the visitor is, as far as the server knows: a user, else a network address, else :data:`MCP`."""
    asked = request()
    if header("x-gradio-user") == "mcp":
        return MCP
    if getattr(asked, "username", None):
        return f"user {asked.username}"
    return str(getattr(getattr(asked, "client", None), "host", ""))
