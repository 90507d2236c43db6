"""Several visitors of the hub at once, through its public API."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

from tests.support.api_client import api_client
from tests.support.hub_calls import begun

QUICK = {"size": 64, "iterations": 3}


def _seconds_of_a_quick_run(client: Client, files: tuple[Path, Path]) -> float:
    start = time.monotonic()
    client.predict(handle_file(files[0]), handle_file(files[1]), **QUICK, api_name="/style_v1")
    return time.monotonic() - start


def test_cancelling_frees_the_device_within_a_step(client: Client, files: tuple[Path, Path]) -> None:
    job = begun(client, content=handle_file(files[0]), style=handle_file(files[1]))
    job.cancel()
    assert _seconds_of_a_quick_run(client, files) < 10, "2000 iterations would take minutes"


VISITOR = """
import sys
from gradio_client import handle_file
from tests.support.api_client import api_client
from tests.support.hub_calls import begun
begun(api_client(sys.argv[1]), content=handle_file(sys.argv[2]), style=handle_file(sys.argv[3]))
print("running", flush=True)
sys.stdin.read()
"""
"""A program that begins a long run, and waits."""


def test_a_visitor_who_leaves_frees_the_device(app_url: str, client: Client, files: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", VISITOR, app_url, *map(str, files)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as visitor:
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == b"running\n"
        visitor.kill()
    assert _seconds_of_a_quick_run(client, files) < 10


def test_two_visitors_take_turns_and_get_their_own_pictures(app_url: str, files: tuple[Path, Path]) -> None:
    facts: dict[int, Any] = {}

    def visit(seed: int) -> None:
        visitor = api_client(app_url)
        _, facts[seed] = visitor.predict(
            handle_file(files[0]), handle_file(files[1]), seed=seed, **QUICK, api_name="/style_v1"
        )

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {seed: each["parameters"]["seed"] for seed, each in facts.items()} == {1: 1, 2: 2}
