"""Uploads that go when their visitor does, and the other files when they are old.

What belongs to a visit is decided here, by the files that its handlers have really opened; a page could name any file.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from engine import Picture

MOST_VISITS, MOST_FILES = 1000, 500
"""What is remembered; what is not goes when it is old."""


@dataclass(frozen=True, eq=False)
class Uploaded(Picture):
    """A picture that came as a file, which the door has let in."""

    path: str = ""


class Visits:
    """Paths by visit, of every tab: what has to be deleted when it ends. Nothing else of a visit is known here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: OrderedDict[str, set[str]] = OrderedDict()

    def note(self, visit: str, paths: Iterable[str]) -> None:
        """These files belong to a visit."""
        with self._lock:
            mine = self._paths.setdefault(visit, set())
            self._paths.move_to_end(visit)
            mine.update(islice((path for path in paths if path not in mine), MOST_FILES - len(mine)))
            while len(self._paths) > MOST_VISITS:
                self._paths.popitem(last=False)

    def forget(self, visit: str, kept: Callable[[], Collection[str]] = tuple) -> None:
        """Delete a visit's files, but for those of another visit (equal files have one path) and what is kept."""
        with self._lock:
            mine = self._paths.pop(visit, set())
            others = {path for paths in self._paths.values() for path in paths}
        if mine:
            for path in mine - others - set(kept()):
                Path(path).unlink(missing_ok=True)


VISITS = Visits()
"""Of this process."""
MCP = "mcp"


def request() -> Any:
    """In a handler: the request that it serves, a ``gr.Request``; None outside of one."""
    return LocalContext.request.get(None)


def header(name: str) -> str:
    """In a handler: a header of the request; empty where there is none."""
    return str(getattr(request(), "headers", {}).get(name) or "")


def current() -> str:
    """In a handler: the visit that it runs for; empty outside of one."""
    return str(getattr(request(), "session_hash", None) or "")


def address() -> str:
    """In a handler: where its visitor is, as far as the server knows: a user, else a network address.

    All calls of MCP clients come through one session of Gradio's own, and have :data:`MCP` for an address.
    """
    asked = request()
    if header("x-gradio-user") == "mcp":
        return MCP
    if getattr(asked, "username", None):
        return f"user {asked.username}"
    return str(getattr(getattr(asked, "client", None), "host", ""))


def note(given: Any) -> None:
    """In a handler: what it was given belongs to the visit that it runs for."""
    pictures = given if isinstance(given, list) else [given]
    note_paths([each.path for each in pictures if isinstance(each, Uploaded)])


def note_paths(paths: Sequence[str]) -> None:
    """In a handler: files that were uploaded for it belong to its visit."""
    if paths and current():
        VISITS.note(current(), paths)


def forget_states(visit: str) -> None:
    """In a handler: forget what Gradio knows of a visit or a call; it would keep its states for an hour, the rest for
    ever, some two megabytes of it."""
    page = LocalContext.blocks.get(None)
    if page is None:
        return
    held = page.state_holder
    held.delete_state(visit)
    with held.lock:
        held.session_data.pop(visit, None)
        held.time_last_used.pop(visit, None)


def own_files(page: gr.Blocks) -> set[str]:
    """Files that belong to the page: examples and the like."""
    return {path for block in page.blocks.values() for path in getattr(block, "keep_in_cache", ())}


def delete_old(page: gr.Blocks, seconds: float) -> int:
    """Delete files of visits and calls that are older; returns how many.

    Why not Gradio's own cleaning (``delete_cache``): it knows uploads, but no file that was made of them (6.31). What
    it counts by is lost with the copies of components that each session has.
    """
    own, oldest, deleted = own_files(page), time.time() - seconds, 0
    for path in Path(get_upload_folder()).glob("*/*"):
        with suppress(OSError):  # gone meanwhile, or in a folder that is not ours
            if str(path) not in own and path.is_file() and path.stat().st_ctime < oldest:
                path.unlink()
                deleted += 1
                path.parent.rmdir()  # OSError where another file is in it
    return deleted


def connect(page: gr.Blocks) -> None:
    """Forget a visit as soon as its page is closed or loaded again: uploads, results; pictures of the page stay."""

    def left(request: gr.Request) -> None:
        visit = request.session_hash
        if visit:
            VISITS.forget(visit, lambda: own_files(page))
            forget_states(visit)

    page.unload(left)
