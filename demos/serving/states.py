"""Gradio's memory of each session, without what only its deep links need, and without making room at others' cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

MOST_QUEUES = 100_000
"""Sessions with a queue of messages; Gradio's 2,000 could be used up by one stranger, at the cost of others' runs."""


IDLE_SECONDS = 120.0
"""How long a session's queue is kept that has nothing in it, and that nothing will be put into."""


class LeanState(SessionState):
    """A session's values. Gradio's own also describes every component of the page anew: 0.1 s and 2 MB (6.31)."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values = _Nothing()
        self.state_data: dict[int, Any] = {}
        self._state_ttl: Any = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600

    def __setitem__(self, key: int, value: Any) -> None:
        block = self.blocks_config.blocks.get(key)
        if isinstance(block, gr.State):
            super().__setitem__(key, value)
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Nothing: no deep link is made of it."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing."""


class _Nothing(dict[int, dict[str, Any]]):
    """Keeps nothing of what is put into it."""

    def __setitem__(self, key: int, value: dict[str, Any]) -> None:
        pass


class States(StateHolder):
    """The sessions' states. Where there are too many, one goes that nobody looks at and that waits for nothing."""

    busy: Callable[[str], bool] = staticmethod(lambda session: False)
    """Whether a session's page is open, or waits for a run."""

    def update(self, session_id: str) -> None:
        """A session was used; the longest unused one that is not busy makes room."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                idle = next((each for each in self.session_data if each != session_id and not self.busy(each)), None)
                if idle is not None:
                    del self.session_data[idle]
                    self.time_last_used.pop(idle, None)

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LeanState(self.blocks)
        return super().__getitem__(session_id)


def keep_lean(page: gr.Blocks, is_open: Callable[[str], bool]) -> None:
    """Let a page that was launched just now keep its sessions' states this way.

    Args:
        page: the page.
        is_open: whether a session's page is open.
    """
    queue = page._queue
    queue.pending_messages_per_session.max_size = MOST_QUEUES
    # Of 10,000 events Gradio would note who called what, and after each of them make a table that nobody reads.
    queue.ANALYTICS_MAX_EVENTS, queue.ANAYLTICS_CACHE_FREQUENCY = 1, sys.maxsize
    states = States()  # type: ignore[no-untyped-call]
    states.set_blocks(page)
    states.busy = lambda session: is_open(session) or bool(queue.pending_event_ids_session.get(session))
    page.app.state_holder = states


class IdleQueues:
    """Queues of messages of sessions that have ended; Gradio keeps one for every call that was ever made."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def forget(self, page: gr.Blocks, is_open: Callable[[str], bool], now: float, longest: float) -> int:
        """Forget those that have waited for nothing for some time; returns how many.

        Args:
            page: whose queues.
            is_open: whether a session's page is open.
            now: by a clock that only goes on.
            longest: seconds after which messages that nobody has fetched go, too.
        """
        queue = page._queue
        messages, events = queue.pending_messages_per_session, queue.pending_event_ids_session
        idle = [each for each in list(messages) if not events.get(each) and not is_open(each)]
        self._since = {each: self._since.get(each, now) for each in idle}
        forgotten = 0
        for name, since in self._since.items():
            waiting = messages.get(name)
            if now - since > (longest if waiting is not None and not waiting.empty() else IDLE_SECONDS):
                messages.pop(name, None)
                events.pop(name, None)
                forgotten += 1
        return forgotten
