"""Files that go when their visitor does, before Gradio's own cleaning finds them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import is_in_or_equal

from demos.panel import PRIVATE

REMEMBERED = 1000
"""Visits that have ended, of which a late event may still tell a file."""


class Files:
    """Paths by visit: what has to be deleted when it ends. Nothing else of a visit is known here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: dict[str, set[str]] = {}
        self._ended: deque[str] = deque(maxlen=REMEMBERED)

    def note(self, visit: str, paths: Sequence[str]) -> None:
        """These files belong to a visit; of one that has ended they go at once."""
        with self._lock:
            self._paths.setdefault(visit, set()).update(paths)
            ended = visit in self._ended
        if ended:
            self.forget(visit)

    def forget(self, visit: str) -> None:
        """Delete a visit's files, unless another visit has the same one: equal files have one path."""
        with self._lock:
            self._ended.append(visit)
            mine = self._paths.pop(visit, set())
            kept = {path for others in self._paths.values() for path in others}
        for path in mine - kept:
            Path(path).unlink(missing_ok=True)


def forget_on_leaving(page: gr.Blocks, components: Sequence[Any]) -> Files:
    """Delete what the components have shown to a visitor as soon as the page is closed or loaded again.

    The page tells which files they are, a moment after they have come; Gradio's cleaning takes what it could not tell.
    """
    files = Files()

    def seen(value: Any, request: gr.Request) -> None:
        if request.session_hash:
            inside = [path for path in _paths(value) if is_in_or_equal(path, components[0].GRADIO_CACHE)]
            files.note(request.session_hash, inside)

    def left(request: gr.Request) -> None:
        if request.session_hash:
            files.forget(request.session_hash)

    for component in components:
        if hasattr(component, "change"):
            component.change(seen, [component], None, preprocess=False, queue=False, show_progress="hidden", **PRIVATE)
    page.unload(left)
    return files


def _paths(value: Any) -> Iterator[str]:
    """Paths of files anywhere in a component's value as the page sends it."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str):
            yield value["path"]
        for each in value.values():
            yield from _paths(each)
    elif isinstance(value, list):
        for each in value:
            yield from _paths(each)
