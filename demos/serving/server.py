"""The server around the page: limits, doors that stay closed, health, figures, log, memory, and a quiet end."""

from __future__ import annotations

import ctypes
import gc
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import gradio as gr
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demos.serving import assets
from demos.serving.connection import Connection
from demos.serving.gate import Gate
from demos.serving.idle import IdleConnections
from demos.serving.limits import Limits
from demos.serving.neighbours import neighbours
from demos.serving.ownership import Ownership
from demos.serving.prerender import CARDS, Front, Prerender
from demos.serving.sessions import delete_old
from demos.serving.site import Site
from demos.serving.states import IdleQueues, keep_lean
from demos.serving.sub_path import SubPath, root_path
from demos.serving.telemetry import begin_log
from engine.contracts.errors import SettingError
from engine.contracts.messages import Message
from engine.contracts.settings import Settings, on_zero_gpu
from engine.runtime.unforeseen import LOG, noted

UPLOADS_AT_ONCE = 5
"""Files of the largest size that one request may bring; more of them when they are smaller."""
SESSIONS = 200
"""Sessions that are remembered; beyond them the longest unused goes that has no open page."""
LOOK_SECONDS = 20.0
"""Longest time between two looks for nets that are idle, and for files that are old."""
_ARENAS_MAX = -8
"""glibc's number of the setting for how many arenas there may be (``M_ARENA_MAX``)."""
FETCH_SECONDS = 4.0
"""How long results can still be fetched after the runs have ended: what is sent is only where they are."""
CLOSING_SECONDS = 2.0
"""How long open pages are waited for at the end."""
DELIVERY_SECONDS = 5.0
"""How long the last words of stopped runs may take to reach their visitors."""


def launch_options(site: Site, front: Front, settings: Settings) -> dict[str, Any]:
    """Options for ``launch`` that are no matter of looks.

    Args:
        site: that is served.
        front: what stands in the page besides Gradio's own.
        settings: the site's, or others where the command line has changed some.

    Raises:
        SettingError: the setting for who may come in is not understood.
    """
    pictures = Route(f"/{CARDS}/{{name}}.jpg", _pictures(front.pictures))
    routes = [
        pictures,
        assets.ROUTE,
        Route("/healthz", _health(site)),
        *([Route("/metrics", _metrics(site))] if settings.metrics else []),
    ]
    upload = UPLOADS_AT_ONCE * settings.upload_megabytes * 1_000_000
    known = neighbours(settings.hosts, settings.sites, settings.proxies, api=settings.api, share=settings.share)
    middleware = [
        Middleware(SubPath, root_path()),
        Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4),  # streams of events go as they are
        Middleware(Gate, known, settings.requests_per_address),
        Middleware(Limits, round(1e9 * settings.room_gigabytes), upload, front.full),
        Middleware(Prerender, front),
        Middleware(Ownership, site.sessions),
        Middleware(Connection, 60 * settings.away_minutes, site.sessions),
    ]
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
        "max_threads": settings.queue + 200,  # each run that waits holds one for a moment again and again
        "app_kwargs": {"routes": routes, "middleware": middleware},
    }


def _visitors(text: str) -> list[tuple[str, str]] | None:
    pairs = [tuple(each.strip().split(":", 1)) for each in text.split(",") if each.strip()]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise SettingError(
            Message(
                "{variable} has to be name:password, or several of them separated by commas.",
                variable="PENTIMENTO_AUTH",
            )
        )
    return [(pair[0], pair[-1]) for pair in pairs] or None


def _health(site: Site) -> Callable[[Request], Awaitable[Response]]:
    """Whether new runs are taken: 200, or 503 while the server ends."""
    scheduler = site.runtime.scheduler

    async def health(request: Request) -> Response:
        status: dict[str, Any] = {
            "status": "ending" if scheduler.closed else "ok",
            "waiting": scheduler.waiting,
            "running": scheduler.running,
        }
        if replicas := site.replicas:
            status["replicas"] = await run_in_threadpool(lambda: replicas.count)
        return JSONResponse(status, status_code=503 if scheduler.closed else 200)

    return health


def _pictures(files: Mapping[str, Path]) -> Callable[[Request], Awaitable[Response]]:
    async def picture(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("There is no such picture.", status_code=404)
        return FileResponse(file, headers={"cache-control": "public, max-age=86400"})

    return picture


def _metrics(site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def metrics(request: Request) -> Response:
        return PlainTextResponse(site.telemetry.metrics(), media_type="text/plain; version=0.0.4")

    return metrics


def serve(page: gr.Blocks, site: Site, looks: Mapping[str, Any], front: Front, settings: Settings, port: int) -> None:
    """Serve until a signal asks for the end; then stop the runs and let them hand over their best pictures.

    Args:
        page: what is served.
        site: that it was built for.
        looks: options for ``launch`` that are a matter of looks.
        front: see :func:`launch_options`.
        settings: see there.
        port: that is asked for; where it is taken, Gradio takes the next one that is free.

    Raises:
        SettingError: see :func:`launch_options`; or there is no free port.
    """
    if settings.log == "json":
        begin_log()
    ending = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # the second time is at once
        ending.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, asked)
    options = launch_options(site, front, settings)
    try:
        page.launch(prevent_thread_lock=True, **looks, **options)
    except OSError as error:  # which Gradio raises with advice for those who write programs
        raise SettingError(
            Message("There is no place to listen at: {problem}", problem=str(error).split(". ")[0] + ".")
        ) from None
    keep_lean(page, site.sessions.is_open)
    if page.server_port != port:  # for the owner, beside what Gradio prints
        print(f"Port {port} is taken; this server listens at port {page.server_port} instead.", flush=True)  # noqa: T201
    _raise_descriptors()
    _share_arenas()
    gc.collect()
    gc.freeze()  # a million objects of libraries and page stay: looking through them took 0.2 s, again and again
    for work in (_measure_speed, _keep_small, _keep_clean):
        arguments = (work, page, site, ending)
        threading.Thread(target=_supervised, args=arguments, daemon=True, name=work.__name__).start()
    while not ending.wait(1.0):  # a wait without end would not notice a signal everywhere
        pass
    _end(page, site, settings)


def _end(page: gr.Blocks, site: Site, settings: Settings) -> None:
    scheduler = site.runtime.scheduler
    left = scheduler.waiting + scheduler.running
    LOG.info({"event": "ending", "waiting": scheduler.waiting, "running": scheduler.running})
    ended = scheduler.close(settings.grace_seconds)
    if left:
        _delivered(page)
        time.sleep(FETCH_SECONDS)
    LOG.info({"event": "ended", "all_runs_ended": ended})
    # Closing waits for every page that is still open; the process need not.
    closing = threading.Thread(target=page.close, daemon=True)
    closing.start()
    closing.join(CLOSING_SECONDS)


def _delivered(page: gr.Blocks) -> None:
    """Wait until Gradio has sent what the runs have given."""
    end = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < end and any(job is not None for job in page._queue.active_jobs):
        time.sleep(0.05)


def _supervised(work: Callable[..., None], page: gr.Blocks, site: Site, ending: threading.Event) -> None:
    """Work that begins again when it fails, such as for want of file descriptors."""
    done = False
    while not done and not ending.is_set():
        try:
            work(page, site, ending)
            done = True
        except Exception as error:  # noqa: BLE001, PERF203 - without it, nothing would be deleted any more
            noted(error)
            ending.wait(LOOK_SECONDS)


def _raise_descriptors() -> None:
    """As many open files and connections as this process may have; some systems begin with 256."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _share_arenas() -> None:
    """Let threads share what they allocate from: each of hundreds would keep what its largest picture has left."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_ARENAS_MAX, 2)


def _give_back() -> None:
    """Give memory that is free back to the system; glibc keeps what large pictures have left."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _measure_speed(page: gr.Blocks, site: Site, ending: threading.Event) -> None:
    """Know how quick this machine is before the first visitor asks how long a run takes."""
    if site.replicas is None:
        site.runtime.measure_speed()


def _keep_small(page: gr.Blocks, site: Site, ending: threading.Event) -> None:
    """Forget nets that nobody has used for so long; they are loaded again when somebody wants them."""
    idle = 60 * site.runtime.settings.unload_minutes
    if on_zero_gpu():  # this process never has the GPU, and its nets are for those that get one
        return
    while idle and not ending.wait(min(LOOK_SECONDS, idle)):
        if site.runtime.unload_idle(idle):
            LOG.info({"event": "unloaded"})


def _keep_clean(page: gr.Blocks, site: Site, ending: threading.Event) -> None:
    """Delete files that are too old."""
    keep = 60 * site.runtime.settings.keep_minutes
    idle, queues = IdleConnections(), IdleQueues()
    while not ending.wait(min(LOOK_SECONDS, keep / 4)):
        idle.close(page.server, time.monotonic())
        queues.forget(page, site.sessions.is_open, time.monotonic(), keep)
        if deleted := delete_old(page, keep):
            LOG.info({"event": "deleted", "files": deleted})
        _give_back()
