"""What the server does besides the page, in a process of its own with other settings."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from gradio_client import Client, handle_file

from demos.serving.prerender import Front
from demos.serving.server import launch_options
from demos.serving.site import Site
from engine import TASKS, Job, Runtime, open_picture
from engine.contracts.errors import BusyError, SettingError, WeightsUnavailableError
from engine.contracts.settings import Settings
from engine.runtime.scheduler import Limits, Scheduler
from tests.conftest import Server, served
from tests.support.api_client import api_client
from tests.support.asking import ask, wait_until
from tests.support.hub_calls import begun, check_refusal, refusal_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOGIN = ("me", "secret")
QUICK = {"style_name": "scream", "size": 64, "api_name": "/style_v2"}

FRONT = Front({}, {}, {}, "", "", {})
"""A page without words of ours."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(
        "server", PENTIMENTO_METRICS="1", PENTIMENTO_AUTH="me:secret, you:word", PENTIMENTO_UNLOAD_MINUTES="0.03",
        PENTIMENTO_RUNS_PER_VISITOR="1", PENTIMENTO_GRACE_SECONDS="30",
    ) as started:  # fmt: skip
        yield started


def test_a_visitor_logs_in(server: Server, browser: Browser) -> None:
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto(server.url)
    fields = page.locator("input")
    expect(fields).to_have_count(2)
    expect(page.locator("#front")).to_have_count(0)  # nothing lies over the form
    for field, word in zip(fields.all(), LOGIN, strict=True):
        field.fill(word)
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("heading", name="Pentimento")).to_be_visible()
    page.close()


@pytest.fixture(scope="module")
def visitor(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("downloads")
    return api_client(server.url, auth=LOGIN, download_files=str(folder))


def health(server: Server) -> Any:
    status, text, _ = ask(f"{server.url}/healthz")
    return status, json.loads(text)


def test_health_needs_no_login_and_the_rest_does(server: Server) -> None:
    assert health(server) == (200, {"status": "ok", "waiting": 0, "running": 0})
    for path in ("/config", "/gradio_api/info"):
        assert ask(server.url + path)[0] == 401, path
    assert ask(f"{server.url}/gradio_api/mcp/")[0] == 404, "MCP clients could not log in"
    with pytest.raises(ValueError):
        api_client(server.url, auth=(LOGIN[0], "wrong"))
    assert api_client(server.url, auth=LOGIN).endpoints


def test_the_cookie_of_a_login_is_not_sent_from_other_sites(server: Server) -> None:
    answer = httpx.post(f"{server.url}/login", data={"username": LOGIN[0], "password": LOGIN[1]})
    assert answer.status_code == 200
    cookies = [each.lower() for each in answer.headers.get_list("set-cookie")]
    assert any("access-token" in each for each in cookies)
    for cookie in cookies:
        assert "samesite=lax" in cookie
        assert "samesite=none" not in cookie
        assert "httponly" in cookie


def test_a_run_is_counted_and_logged_without_names(
    server: Server, visitor: Client, files: tuple[Path, Path], runtime: Runtime
) -> None:
    secret = files[0].rename(files[0].with_name("my-private-name.jpg"))
    visitor.predict(handle_file(secret), **QUICK)
    error = refusal_of(
        runtime, TASKS["style-v2"], {"content": [open_picture(secret)]}, style_name="candy", blend={"scream": 1}
    )
    assert isinstance(error, WeightsUnavailableError)
    check_refusal(visitor, error, content=handle_file(secret), **{**QUICK, "style_name": "candy", "blend_scream": 1})
    line, refused = (each for each in server.lines() if each["event"] == "run")
    assert (line["task"], line["outcome"], line["size"]) == ("style-v2", "done", [64, 48])
    assert line["seconds"] > 0
    assert (refused["outcome"], refused["error"]) == ("refused", type(error).__name__)
    text = server.log.read_text()
    assert "my-private-name" not in text
    assert "127.0.0.1" not in "".join(json.dumps(each) for each in server.lines())
    _, metrics, _ = ask(f"{server.url}/metrics")
    assert 'pentimento_runs_total{outcome="done",task="style-v2"} 1.0' in metrics
    assert 'pentimento_run_seconds_count{task="style-v2"} 1.0' in metrics
    assert "pentimento_waiting 0.0" in metrics


def test_idle_nets_leave_memory_and_come_back(server: Server, visitor: Client, files: tuple[Path, Path]) -> None:
    wait_until(lambda: any(each["event"] == "unloaded" for each in server.lines()))
    _, facts = visitor.predict(handle_file(files[0]), **QUICK)
    assert facts["size"] == [64, 48]


def second_place() -> tuple[BusyError, str]:
    """What a scheduler says to a second run: of the same visitor, and of another one."""
    scheduler = Scheduler(Limits(runs_per_visitor=1))
    with scheduler.ticket(Job("me")) as first:
        assert not list(scheduler.wait(first))
        with pytest.raises(BusyError) as error, scheduler.ticket(Job("me")):
            pass
        with scheduler.ticket(Job("you")) as second:
            place = str(scheduler.place(second))
        scheduler.leave(first)
    return error.value, place


def test_a_visitor_cannot_fill_the_line_alone(server: Server, visitor: Client, files: tuple[Path, Path]) -> None:
    busy, place = second_place()
    assert busy.fields == {"runs": 1}
    job = begun(visitor, content=handle_file(files[0]), style=handle_file(files[1]))
    check_refusal(visitor, busy, content=handle_file(files[0]), **QUICK)
    other = api_client(server.url, auth=("you", "word"))
    waiting = other.submit(handle_file(files[0]), **QUICK)
    stages = wait_until(lambda: [each[1]["stage"] for each in waiting.outputs() if "stage" in (each[1] or {})])
    assert stages[0].startswith(place), "and how long that takes, where it is known"
    assert health(server) == (200, {"status": "ok", "waiting": 1, "running": 1})
    job.cancel()
    assert waiting.result(60)[1]["size"] == [64, 48]


def test_a_server_that_is_told_to_end_hands_over_the_best_picture(
    server: Server, visitor: Client, files: tuple[Path, Path]
) -> None:
    job = begun(visitor, content=handle_file(files[0]), style=handle_file(files[1]))
    server.process.send_signal(signal.SIGTERM)
    picture, facts = job.result(60)
    assert facts["stopped"]
    assert 0 < facts["iterations"] < 2000
    assert Path(picture).stat().st_size > 1000
    assert server.process.wait(30) == 0
    assert next(each for each in server.lines() if each["event"] == "ended")["all_runs_ended"]


def test_settings_become_options(runtime: Runtime) -> None:
    site = Site(runtime)
    options = launch_options(site, FRONT, Settings(auth="a:b:c", share=True, upload_megabytes=3, mcp=False))
    assert options["auth"] == [("a", "b:c")]
    assert (options["share"], options["max_file_size"], options["mcp_server"]) == (True, "3mb", False)
    assert not launch_options(site, FRONT, Settings(api=False))["mcp_server"]
    routes = launch_options(site, FRONT, Settings())["app_kwargs"]["routes"]
    assert [route.path for route in routes] == ["/cards/{name}.jpg", "/assets/{name}", "/healthz"]
    for wrong in ("name", ":", "a:, b"):
        with pytest.raises(SettingError) as error:
            launch_options(site, FRONT, Settings(auth=wrong))
        assert error.value.fields == {"variable": "PENTIMENTO_AUTH"}
