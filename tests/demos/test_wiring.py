"""What guards the server is in the server that is served: each guard by itself has tests of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext
from gradio.data_classes import ImageData
from starlette.middleware.gzip import GZipMiddleware

from demos import hub
from demos.components import uploads
from demos.components.shown_picture import ShownPair, ShownPicture
from demos.components.uploads import PictureUpload, takes_own_files
from demos.serving import gate, idle, limits, server
from demos.serving.connection import Connection
from demos.serving.gate import Gate
from demos.serving.limits import Limits
from demos.serving.neighbours import neighbours
from demos.serving.ownership import Ownership
from demos.serving.prerender import Front, Prerender
from demos.serving.site import Site
from demos.serving.states import MOST_QUEUES, States, keep_lean
from demos.serving.sub_path import SubPath
from engine import Runtime
from engine.contracts.errors import BusyError, ForeignFileError
from engine.contracts.settings import Settings
from engine.imaging import door
from tests.support import pictures

ADDRESS = "http://example.org/secret.png"
NOBODY = Front({}, {}, {}, "", "", {})


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(Runtime(Settings(
        hosts="hub.example.org", sites="https://a.example", proxies=2, api=False, mcp=True, requests_per_address=7,
        room_gigabytes=0.5, upload_megabytes=3, away_minutes=4, keep_minutes=60,
    )))  # fmt: skip


@pytest.fixture(scope="module")
def page(site: Site) -> gr.Blocks:
    return hub.build(site).page


def test_all_guards_stand_before_gradio(site: Site) -> None:
    options = server.launch_options(site, NOBODY, site.runtime.settings)
    guards = options["app_kwargs"]["middleware"]
    order = [SubPath, GZipMiddleware, Gate, Limits, Prerender, Ownership, Connection]
    assert [each.cls for each in guards] == order
    arguments = {each.cls: each.args for each in guards}
    known, rate = arguments[Gate]
    assert "hub.example.org" in known.hosts
    assert (list(known.sites), known.proxies, known.api, known.share, rate) == (
        ["https://a.example"],
        2,
        False,
        False,
        7,
    )
    assert arguments[Limits] == (500_000_000, server.UPLOADS_AT_ONCE * 3_000_000, {})
    assert arguments[Ownership] == (site.sessions,)
    assert arguments[Connection] == (240, site.sessions)
    assert (options["mcp_server"], options["strict_cors"], options["max_file_size"]) == (False, True, "3mb")
    shared = site.runtime.settings.model_copy(update={"share": True, "api": True})
    again = server.launch_options(site, NOBODY, shared)
    known = next(each.args[0] for each in again["app_kwargs"]["middleware"] if each.cls is Gate)
    assert (known.share, known.api, again["mcp_server"]) == (True, True, True)
    assert options["max_threads"] > site.runtime.settings.queue, "a run that waits may hold a thread"


def test_serving_begins_all_that_keeps_it(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    """Everything is started that cleans, frees and watches, and begins again when it fails."""
    done: list[Any] = []
    ended = SimpleNamespace(wait=lambda seconds: True, set=lambda: None, is_set=lambda: True)

    def thread(target: Callable[..., None], args: tuple[Any, ...], **options: Any) -> Any:
        return SimpleNamespace(start=lambda: done.append((target, args[0])))

    monkeypatch.setattr(server, "threading", SimpleNamespace(Event=lambda: ended, Thread=thread))
    monkeypatch.setattr(server.signal, "signal", lambda number, handler: done.append(number))
    for name in ("keep_lean", "_raise_descriptors", "_share_arenas", "_end", "begin_log"):
        monkeypatch.setattr(server, name, lambda *args, name=name: done.append(name))
    launched: Any = SimpleNamespace(launch=lambda **options: done.append(options["app_kwargs"]), server_port=7860)
    server.serve(launched, site, {}, NOBODY, site.runtime.settings, 7860)
    for work in (server._measure_speed, server._keep_small, server._keep_clean):
        assert (server._supervised, work) in done
    for name in ("keep_lean", "_raise_descriptors", "_share_arenas", "_end"):
        assert name in done
    assert {server.signal.SIGTERM, server.signal.SIGINT} <= {each for each in done if isinstance(each, int)}


def test_cleaning_does_all_of_it(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    """Old files, idle connections and forgotten queues go, and free memory is given back."""
    done: list[str] = []
    turns = iter([False, True])
    ending: Any = SimpleNamespace(wait=lambda seconds: next(turns))
    monkeypatch.setattr(server.IdleConnections, "close", lambda self, server, now: done.append("connections"))
    monkeypatch.setattr(server.IdleQueues, "forget", lambda self, *rest: done.append("queues"))
    monkeypatch.setattr(server, "delete_old", lambda page, keep: done.append(f"files {keep:.0f}"))
    monkeypatch.setattr(server, "_give_back", lambda: done.append("memory"))
    looked_at: Any = SimpleNamespace(server=None)
    server._keep_clean(looked_at, site, ending)
    assert sorted(done) == ["connections", "files 3600", "memory", "queues"]


def test_a_session_is_kept_while_it_is_open_or_waits() -> None:
    queues: Any = SimpleNamespace(max_size=2000)
    queue = SimpleNamespace(pending_messages_per_session=queues, pending_event_ids_session={"waits": {"event"}})
    app = SimpleNamespace(state_holder=None)
    served: Any = SimpleNamespace(_queue=queue, app=app, state_session_capacity=3)
    keep_lean(served, lambda session: session == "open")
    states: Any = app.state_holder
    assert [states.busy(each) for each in ("open", "waits", "left")] == [True, True, False]
    assert queues.max_size == MOST_QUEUES >= 100_000


def test_nobody_notes_who_called_what(page: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio would keep 10,000 events, and make a table of all of them after each."""
    queue = copy(page._queue)
    assert queue.ANALYTICS_MAX_EVENTS > 1  # the name is still Gradio's
    monkeypatch.setattr(type(queue), "_get_df", lambda records: pytest.fail("a table is made"))
    served: Any = SimpleNamespace(_queue=queue, app=SimpleNamespace(), state_session_capacity=3)
    keep_lean(served, lambda session: False)
    queue.events_recorded = 100
    queue.compute_analytics_summary([{"function": "style_v2"}])
    assert queue.ANALYTICS_MAX_EVENTS == 1


def test_a_page_that_was_closed_meanwhile_has_kept_nothing(page: gr.Blocks) -> None:
    """An event may wait while its page is closed; what the page had kept is then what it was at first."""
    looked_at = 0
    for event in page.fns.values():
        kept = [each for each in event.inputs if isinstance(each, gr.State)]
        alone = len(kept) == len(event.inputs) and not event.collects_event_data
        if event.fn is None or not kept or not (alone or event.name == "work"):
            continue
        looked_at += 1
        values = [each.value if isinstance(each, gr.State) else None for each in event.inputs]
        outcome = event.fn(*values)
        if inspect.isgenerator(outcome):
            list(outcome)
    assert looked_at > 40, looked_at


def test_a_session_costs_next_to_nothing(page: gr.Blocks) -> None:
    """Gradio's own takes 0.1 s of the event loop for this page."""
    states = States()
    states.blocks, states.capacity = page, 1000
    start = time.perf_counter()
    for number in range(100):
        assert states[f"stranger{number}"] is not None
    assert time.perf_counter() - start < 1.0


def test_the_page_asks_for_a_place_before_it_opens_pictures(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place in the line, or without memory, there is none."""
    page.admit()
    monkeypatch.setattr("demos.serving.site.LEAST_MEMORY", 10**15)
    with pytest.raises(BusyError):
        page.admit()


def test_a_public_link_is_known_only_where_there_is_one() -> None:
    hosts = ["127.0.0.1:7860"]
    for share in (False, True):
        known = neighbours("", "", 0, share=share)
        assert known.may_ask("https://a1b2c3.gradio.live", hosts) is share


def test_every_argument_refuses_an_address_by_itself(page: Any) -> None:
    """Not only the first one of a call: whatever the others are."""
    refused = 0
    for event in page.fns.values():
        for position, component in enumerate(event.inputs):
            if isinstance(component, gr.State):
                continue
            values: list[Any] = [None] * len(event.inputs)
            values[position] = {"path": ADDRESS, "meta": {"_type": "gradio.FileData"}}
            if takes_own_files(component):
                with pytest.raises(gr.Error), ThreadPoolExecutor(1) as other:  # here a browser's loop may run
                    other.submit(asyncio.run, component.async_move_resource_to_block_cache(ADDRESS)).result()
            else:
                for value in (
                    values[position],
                    [{"image": {"path": "a", "url": ADDRESS}}],
                    nested(values[position], 40),
                ):
                    values[position] = value
                    with pytest.raises(ForeignFileError):
                        page._checked(event, values)
            refused += 1
    assert refused > 500


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def test_every_component_that_takes_files_takes_those_of_this_server(page: Any) -> None:
    taking = (gr.Image, gr.Gallery, gr.Video, gr.UploadButton, gr.File, gr.Audio, gr.ImageEditor)
    inputs = {each._id: each for event in page.fns.values() for each in event.inputs}
    files = [each for each in inputs.values() if isinstance(each, taking)]
    assert len(files) > 20
    shown = [ShownPicture, ShownPair, gr.DownloadButton]
    strange = [each for each in files if not takes_own_files(each) and getattr(each, "interactive", None) is not False]
    strange = [each for each in strange if type(each) not in shown]
    assert strange == []


def test_the_numbers_are_those_that_are_promised() -> None:
    promises = Path("docs/security.md").read_text(encoding="utf-8")
    for words, value in (
        ("600 new sessions an hour", (gate.SESSIONS, gate.SESSION_SECONDS) == (600, 3600)),
        ("eight a minute and forty an hour", gate.LOGINS == "8 per 1 minute; 40 per 1 hour"),
        ("JSON up to 64 kB (12 MB where there may be a drawing) and 4,000 brackets",
         (gate.JSON_BYTES, limits.BODY_BYTES, gate.MOST_BRACKETS) == (64_000, 12_000_000, 4000)),
        ("2 GB for all visitors together", uploads._DECODING._capacity == 2_000_000_000),
        ("files up to the setting, five of the largest", server.UPLOADS_AT_ONCE == 5),
    ):  # fmt: skip
        assert words in promises
        assert value, words
    assert (door.MAXIMUM_PIXELS, gate.OPEN_REQUESTS, idle.LONGEST_SECONDS) == (80_000_000, 200, 60)
    assert uploads.FRAME_LIMIT <= 8_000_000


def test_who_only_names_a_file_does_not_own_it(page: Any, site: Site, tmp_path: Path) -> None:
    """A page that shows a known result and is closed takes nothing of another visit with it."""
    file = pictures.saved(pictures.scene(), tmp_path / "theirs.png")
    asked = SimpleNamespace(session_hash="stranger", headers={}, client=SimpleNamespace(host="1.1.1.1"), username=None)
    token = LocalContext.request.set(asked)
    named = 0
    try:
        for event in page.fns.values():
            for position, component in enumerate(event.inputs):
                if isinstance(component, PictureUpload):
                    component.GRADIO_CACHE = str(tmp_path)
                    values: list[Any] = [None] * len(event.inputs)
                    values[position] = {"path": str(file), "meta": {"_type": "gradio.FileData"}}
                    page._checked(event, values)
                    component.preprocess(ImageData(path=str(file)))
                    named += 1
    finally:
        LocalContext.request.reset(token)
    site.sessions.forget("stranger")
    assert named > 30
    assert file.exists()


def test_memory_and_descriptors_are_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    library = SimpleNamespace(
        malloc_trim=lambda pad: asked.append(("trim", pad)), mallopt=lambda *given: asked.append(("arenas", *given))
    )
    monkeypatch.setattr(server.ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr("resource.getrlimit", lambda kind: (256, 4096))
    monkeypatch.setattr("resource.setrlimit", lambda kind, limits: asked.append(limits))
    server._give_back()
    server._share_arenas()
    server._raise_descriptors()
    assert asked == [("trim", 0), ("arenas", -8, 2), (4096, 4096)]


def test_loops_of_the_server_are_no_other_threads(site: Site) -> None:
    """A loop that fails once is there again; one that has done its work is not begun anew."""
    turns: list[int] = []

    def work(page: Any, site: Site, ending: threading.Event) -> None:
        turns.append(1)
        if len(turns) < 3:
            raise OSError(24, "too many open files")

    ending: Any = SimpleNamespace(wait=lambda seconds: False, is_set=lambda: False)
    nothing: Any = None
    server._supervised(work, nothing, site, ending)
    assert len(turns) == 3
