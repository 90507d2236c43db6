from __future__ import annotations

import pytest

from tests.conftest import served
from tests.support.asking import wait_until
from tests.support.soak import LATEST_SECONDS, SETTINGS, of_visitors, soak


@pytest.mark.long
def test_many_visitors_lose_nothing_and_leave_nothing() -> None:
    with served("soak", **SETTINGS) as server:
        report = soak(server, visitors=12, runs=24)
        assert not report.lost
        assert len(report.seconds) == 24
        assert report.growth < 1.25, report.resident
        assert of_visitors(server)
        wait_until(lambda: not of_visitors(server), LATEST_SECONDS)  # they are deleted while the server runs
