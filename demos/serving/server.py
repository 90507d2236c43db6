"""The server around the page: limits, doors that stay closed, health, figures, log, memory, and a quiet end."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

import gradio as gr
from prometheus_client import generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demos.serving import sessions as visits
from demos.serving import telemetry as record
from demos.serving.limits import Limits
from demos.serving.prerender import Front
from engine.cluster.replica_client import replicas
from engine.contracts.errors import ParameterError
from engine.contracts.settings import Settings, on_zero_gpu
from engine.runtime.scheduler import LOCK, TURNS

UPLOADS_AT_ONCE = 5
"""Files of the largest size that one request may bring; more of them when they are smaller."""
SESSIONS = 200
"""Visits that are remembered until their pages are closed, about 2 MB each; the longest unused is forgotten first."""
LOOK_SECONDS = 20.0
"""Longest time between two looks for nets that are idle, and for files that are old."""
FETCH_SECONDS = 4.0
"""How long results can still be fetched after that: what is sent is only where they are."""
CLOSING_SECONDS = 2.0
"""How long open pages are waited for at the end."""
DELIVERY_SECONDS = 5.0
"""How long the last words of stopped runs may take to reach their visitors."""


def launch_options(settings: Settings) -> dict[str, Any]:
    """Options for ``launch`` that are no matter of looks.

    Raises:
        ParameterError: the setting for who may come in is not understood.
    """
    routes = [Route("/healthz", _health), *([Route("/metrics", _metrics)] if settings.metrics else [])]
    upload = UPLOADS_AT_ONCE * settings.upload_megabytes * 1_000_000
    middleware = [Middleware(Limits, round(1e9 * settings.room_gigabytes), upload), Middleware(Front)]
    return {
        "share": settings.share,
        "auth": _visitors(settings.auth),
        "max_file_size": f"{settings.upload_megabytes}mb",
        "state_session_capacity": SESSIONS,
        "mcp_server": settings.mcp and settings.api and not settings.auth,  # which its calls could not give
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "strict_cors": True,
        "footer_links": [*(["api"] if settings.api else []), "settings"],
        "max_threads": settings.queue + 40,  # each run that waits holds one for a moment again and again
        "app_kwargs": {"routes": routes, "middleware": middleware},
    }


def _visitors(text: str) -> list[tuple[str, str]] | None:
    pairs = [tuple(each.strip().split(":", 1)) for each in text.split(",") if each.strip()]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ParameterError("PENTIMENTO_AUTH has to be name:password, or several of them separated by commas.")
    return [(pair[0], pair[-1]) for pair in pairs] or None


async def _health(request: Request) -> Response:
    """Whether new runs are taken: 200, or 503 while the server ends."""
    told: dict[str, Any] = {
        "status": "ending" if TURNS.closed else "ok",
        "waiting": TURNS.waiting,
        "running": TURNS.running,
    }
    if there := replicas():
        told["replicas"] = await run_in_threadpool(lambda: there.count)
    return JSONResponse(told, status_code=503 if TURNS.closed else 200)


async def _metrics(request: Request) -> Response:
    return PlainTextResponse(generate_latest(record.FIGURES), media_type="text/plain; version=0.0.4")


def serve(page: gr.Blocks, settings: Settings, looks: dict[str, Any]) -> None:
    """Serve until a signal asks for the end; then stop the runs and let them hand over their best pictures."""
    if settings.log == "json":
        record.begin_log()
    ending = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # the second time is at once
        ending.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, asked)
    page.launch(prevent_thread_lock=True, **looks, **launch_options(settings))
    for work in (_keep_small, _keep_clean):
        threading.Thread(target=work, args=(page, settings, ending), daemon=True, name=work.__name__).start()
    while not ending.wait(1.0):  # a wait without end would not notice a signal everywhere
        pass
    left = TURNS.waiting + TURNS.running
    record.LOG.info({"event": "ending", "waiting": TURNS.waiting, "running": TURNS.running})
    ended = TURNS.close(settings.grace_seconds)
    if left:
        _delivered(page)
        time.sleep(FETCH_SECONDS)
    record.LOG.info({"event": "ended", "all_runs_ended": ended})
    # Closing waits for every page that is still open; the process need not.
    closing = threading.Thread(target=page.close, daemon=True)
    closing.start()
    closing.join(CLOSING_SECONDS)


def _delivered(page: gr.Blocks) -> None:
    """Wait until Gradio has sent what the runs have given."""
    end = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < end and any(job is not None for job in page._queue.active_jobs):
        time.sleep(0.05)


def _keep_small(page: gr.Blocks, settings: Settings, ending: threading.Event) -> None:
    """Forget nets that nobody has used for so long; they are loaded again when somebody wants them."""
    idle = 60 * settings.unload_minutes
    if on_zero_gpu():  # this process never has the GPU, and its nets are for those that get one
        return
    while idle and not ending.wait(min(LOOK_SECONDS, idle)):
        unload_idle(idle)


def _keep_clean(page: gr.Blocks, settings: Settings, ending: threading.Event) -> None:
    """Delete files that are too old."""
    keep = 60 * settings.keep_minutes
    while not ending.wait(min(LOOK_SECONDS, keep / 4)):
        if deleted := visits.delete_old(page, keep):
            record.LOG.info({"event": "deleted", "files": deleted})


def unload_idle(idle_seconds: float) -> bool:
    """Forget all nets where none has been used for so long and no run has the device; returns whether it did."""
    if "engine.model_store.loaded_nets" not in sys.modules or not LOCK.acquire(blocking=False):
        return False
    try:
        from engine.model_store.loaded_nets import models

        if not len(models) or min(models.idle_seconds, TURNS.idle_seconds) < idle_seconds:
            return False
        models.clear()
    finally:
        LOCK.release()
    from engine.hardware.device import release_memory

    release_memory()
    record.LOG.info({"event": "unloaded"})
    return True
