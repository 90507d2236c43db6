from __future__ import annotations

import time

from tests.conftest import Server, served
from tests.support.soak import SETTINGS, on_disk, soak


def of_visitors(server: Server) -> list[str]:
    """Uploads and results; the page's own pictures have other names."""
    return [path.name for path in on_disk(server) if path.name in ("photo.png", "pentimento-style-v2.png")]


def test_many_visitors_lose_nothing_and_leave_nothing() -> None:
    with served("soak", **SETTINGS) as server:
        report = soak(server, visitors=12, runs=24)
        assert not report.lost
        assert len(report.seconds) == 24
        assert report.growth < 1.25, report.resident
        assert of_visitors(server)
        end = time.monotonic() + 60
        while of_visitors(server) and time.monotonic() < end:
            time.sleep(0.5)
        assert not of_visitors(server), "old files are deleted while the server runs"
