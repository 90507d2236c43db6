"""What the server remembers of sessions: open ones stay, others go."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import gradio as gr

from demos.serving.states import IDLE_SECONDS, IdleQueues, States


def test_an_open_page_keeps_its_state() -> None:
    states = States()
    with gr.Blocks() as page:
        gr.State(None)
    states.blocks, states.capacity = page, 3
    states.busy = lambda session: session.startswith("open")
    for name in ("open1", "left1", "open2", "left2", "left3", *(f"stranger{number}" for number in range(50))):
        assert states[name] is not None
    assert {"open1", "open2"} <= set(states.session_data)
    assert len(states.session_data) == 3


def test_queues_of_sessions_that_have_ended_go() -> None:
    queues: dict[str, Any] = {name: asyncio.Queue() for name in ("ended", "working", "open", "unread")}
    queues["unread"].put_nowait("a result")
    events = {"ended": set(), "working": {"event"}, "open": set(), "unread": set()}
    queue = SimpleNamespace(pending_messages_per_session=queues, pending_event_ids_session=events)
    page: Any = SimpleNamespace(_queue=queue)
    idle = IdleQueues()

    def forget(now: float) -> int:
        return idle.forget(page, lambda name: name == "open", now, 3600)

    assert forget(0) == forget(IDLE_SECONDS) == 0
    assert forget(IDLE_SECONDS + 1) == 1
    assert set(queues) == set(events) == {"working", "open", "unread"}
    assert forget(3601) == 1, "nobody has fetched it for an hour"
    assert set(queues) == {"working", "open"}
