"""What losses are called on the page."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contracts.messages import Message, Translate

NAMES: Mapping[str, Message] = {
    "content": Message("content"),
    "style": Message("style"),
    "patches": Message("patches"),
    "palette": Message("palette"),
    "light": Message("light"),
    "pixels": Message("pixels"),
    "smoothness": Message("smoothness"),
    "total": Message("total"),
}
"""Name of a loss -> what it is called; those of layers are the same in all languages."""


def loss_name(name: str, translate: Translate) -> str:
    """The name for a person."""
    return NAMES[name].said(translate) if name in NAMES else name
