"""Uploads that go when their visitor does, and the other files when they are old."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import gradio as gr
from gradio.context import LocalContext

from demos.serving.address import places

OWN = "own-"
"""How names of folders begin that have one upload of one visit."""
MOST_SESSIONS, MOST_FILES = 1000, 500
"""Sessions, and files of each, that are remembered; other files go when they are old."""


class Sessions:
    """Paths by session, of every tab: what has to be deleted when it ends. Nothing else of a session is known here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: OrderedDict[str, set[str]] = OrderedDict()
        self._open: Counter[str] = Counter()

    def enter(self, name: str) -> None:
        """A stream of a session's page begins."""
        with self._lock:
            self._open[name] += 1

    def leave(self, name: str) -> None:
        """It ends."""
        with self._lock:
            self._open[name] -= 1
            if self._open[name] <= 0:
                del self._open[name]

    def is_open(self, name: str) -> bool:
        """Whether a session's page is open, or away for a moment."""
        with self._lock:
            return name in self._open

    def own(self, name: str, paths: Iterable[str]) -> None:
        """These files belong to a session."""
        with self._lock:
            own = self._paths.setdefault(name, set())
            self._paths.move_to_end(name)
            own.update(islice((path for path in paths if path not in own), MOST_FILES - len(own)))
            while len(self._paths) > MOST_SESSIONS:
                self._paths.popitem(last=False)

    def forget(self, name: str, kept: Callable[[], Collection[str]] = tuple) -> None:
        """Delete a session's files, but for those of another one and what is kept."""
        with self._lock:
            own = self._paths.pop(name, set())
            others = {path for paths in self._paths.values() for path in paths}
        if own:
            for path in own - others - set(kept()):
                with suppress(OSError):  # gone meanwhile, or in use: it goes when it is old
                    Path(path).unlink(missing_ok=True)
                    if Path(path).parent.name.startswith(OWN):
                        Path(path).parent.rmdir()

    def connect(self, page: gr.Blocks) -> None:
        """Forget a session as soon as its page is closed or loaded again; pictures of the page itself stay."""

        def left(request: gr.Request) -> None:
            if name := request.session_hash:
                self.forget(name, lambda: own_files(page))
                forget_states(name)

        page.unload(left)


def forget_states(name: str) -> None:
    """In a handler: free Gradio's state of a session or a call (2 MB), which is otherwise kept for an hour."""
    page = LocalContext.blocks.get(None)
    if page is None:
        return
    holder = page.state_holder
    holder.delete_state(name)
    with holder.lock:
        holder.session_data.pop(name, None)
        holder.time_last_used.pop(name, None)


def own_files(page: gr.Blocks) -> set[str]:
    """Files that belong to the page: examples and the like."""
    return {path for block in page.blocks.values() for path in getattr(block, "keep_in_cache", ())}


def delete_old(page: gr.Blocks, seconds: float) -> int:
    """Delete files of sessions and calls that are older, at any depth, and empty folders; returns how many files.

    Why not Gradio's own cleaning (``delete_cache``): it knows uploads, but no file that was made of them (6.31). What
    it counts by is lost with the copies of components that each session has.
    """
    own, oldest, deleted = own_files(page), time.time() - seconds, 0
    # Unlike Path.rglob, this goes on where a folder goes while it is looked through; what is in it before the folder.
    walked = (each for place in places() for each in os.walk(place, topdown=False))
    for path in [Path(folder) / name for folder, folders, files in walked for name in (*files, *folders)]:
        with suppress(OSError):  # gone meanwhile, in use, or not ours
            if str(path) in own or path.lstat().st_ctime >= oldest:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()  # OSError where something is in it
            else:
                path.unlink()
                deleted += 1
    return deleted
