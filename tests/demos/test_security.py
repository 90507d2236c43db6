"""The threat model of docs/security.md, point by point, as attacks on a running hub."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Page, expect

from demos.serving.limits import BODY_BYTES
from tests.conftest import ROOT
from tests.support import pictures
from tests.support.api_client import api_client
from tests.support.asking import ask, loopback
from tests.support.browsing import Window, open_tab, show_hub, uploads
from tests.support.hub_calls import (
    UPLOADED,
    Arguments,
    call,
    check_refusal,
    defaults,
    endpoints,
    refusal_of_file,
    worked,
)


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who asks it for something."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

    with loopback(Handler) as url:
        yield url, asked


def that_take_files(arguments: Arguments) -> list[str]:
    """Names of the arguments that are files, or several files."""
    return [name for name, each in arguments.items() if each["component"] in ("Image", "Gallery", "Video")]


def test_no_endpoint_reads_a_file_of_the_server(app_url: str, tmp_path: Path) -> None:
    secret = pictures.saved(pictures.scene(), tmp_path / "secret.png")
    tried = 0
    for endpoint, arguments in endpoints(app_url).items():
        for name in that_take_files(arguments):
            several = "caption" in json.dumps(arguments[name]["type"])
            for file in ({"path": str(secret)}, {"path": str(secret), **UPLOADED}):
                value = [{"image": file, "caption": None}] if several else file
                stream = call(app_url, endpoint, [*(defaults(arguments) | {name: value}).values()])
                assert not worked(stream), (endpoint, name)
                tried += 1
    assert tried > 40


def test_no_address_is_fetched(app_url: str) -> None:
    values = defaults(endpoints(app_url)["/style_v2"])
    with listener() as (url, asked):
        for address in (f"{url}/a.png", f"{url}/gradio_api/file=/etc/passwd", "http://example.com/a.png"):
            for file in (
                {"path": address},
                {"path": address, **UPLOADED},
                {"path": address, "url": address, **UPLOADED},
            ):
                start = time.monotonic()
                assert not worked(call(app_url, "/style_v2", [*(values | {"content": file}).values()]))
                assert time.monotonic() - start < 5, "nothing waits for another server"
        assert not asked


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../../../etc/passwd", f"{ROOT}/.git/config", "%2e%2e/%2e%2e/etc/passwd", str(ROOT / "app.py"),
        str(ROOT / "weights" / "catalogue.json"), "/proc/self/environ", "",
    ],
)  # fmt: skip
def test_no_file_is_served_but_those_of_the_page(path: str, app_url: str) -> None:
    status, text, _ = ask(f"{app_url}/gradio_api/file={path}")
    assert status in (403, 404), text
    assert "root:" not in text
    assert "import" not in text


def test_uploads_cannot_be_listed_or_put_elsewhere(app_url: str) -> None:
    cache = Path(os.environ["GRADIO_TEMP_DIR"])
    assert ask(f"{app_url}/gradio_api/file={cache}")[0] in (403, 404)
    boundary = "----attack"
    name = "../../../../evil.png"
    disposition = f'Content-Disposition: form-data; name="files"; filename="{name}"'
    body = f"--{boundary}\r\n{disposition}\r\n\r\nx\r\n--{boundary}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    status, text, _ = ask(f"{app_url}/gradio_api/upload", body, headers)
    assert status == 200
    stored = Path(json.loads(text)[0]).resolve()
    assert cache.resolve() in stored.parents
    assert ".." not in stored.name


def test_a_request_may_not_weigh_more_than_the_page_needs(app_url: str) -> None:
    port = urlsplit(app_url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/gradio_api/call/style_v2")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(BODY_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    deep = b'{"data": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    assert ask(f"{app_url}/gradio_api/call/style_v2", deep)[0] >= 400
    assert ask(f"{app_url}/healthz")[0] == 200


def test_other_sites_may_not_read_answers(app_url: str) -> None:
    for origin in ("https://evil.example", "null"):
        _, _, headers = ask(f"{app_url}/gradio_api/info", None, {"origin": origin})
        assert headers.get("access-control-allow-origin") in (None, app_url)


def test_a_visit_is_not_told_of_another(app_url: str, files: tuple[Path, Path]) -> None:
    """Results are told to the session that asked; an event of another one cannot be listened to."""
    visitor = api_client(app_url)
    visitor.predict(handle_file(files[0]), style_name="scream", size=64, api_name="/style_v2")
    for path in ("/gradio_api/queue/data?session_hash=guess", "/gradio_api/call/style_v2/guess"):
        text = b""
        try:
            with urllib.request.urlopen(app_url + path, timeout=2) as answer:
                while part := answer.read1(2000):
                    text += part
        except (OSError, http.client.HTTPException):
            pass
        assert b"pentimento" not in text


def test_a_state_of_another_visit_cannot_be_asked_for(app_url: str) -> None:
    for name in ("../../../etc/passwd", "guess"):
        status, text, _ = ask(f"{app_url}/?deep_link={name}")
        assert status in (200, 404)
        assert "root:" not in text


def test_the_line_cannot_be_skipped(app_url: str) -> None:
    assert ask(f"{app_url}/gradio_api/run/style_v1", {"data": []})[0] == 404
    assert ask(f"{app_url}/gradio_api/api/style_v1", {"data": []})[0] == 404


CODE = "<img src=x onerror=alert(1)>"


@contextmanager
def nothing_runs(page: Page) -> Iterator[None]:
    """Fails where :data:`CODE` has become a part of the page, or has run."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield
    assert page.locator("img[src='x']").count() == 0
    assert not dialogs


@pytest.mark.parametrize("query", [f"task={CODE}", f"task=style-v1&size={CODE}"])
def test_a_wrong_link_cannot_bring_code(query: str, blank: Window) -> None:
    with nothing_runs(blank.page):
        show_hub(blank.page, f"{blank.url}/?{quote(query, safe='=&')}")
        expect(blank.page.get_by_test_id("toast-body")).to_be_visible()


def test_a_link_cannot_bring_code_in_a_setting_or_consent(blank: Window) -> None:
    with nothing_runs(blank.page):
        show_hub(blank.page, f"{blank.url}/?task=face-swap&trained={quote(CODE)}&consent=true")
        expect(blank.page.get_by_label("Identity of the network").first).to_have_value(CODE)
        expect(blank.page.get_by_label("Everybody who can be seen here agrees").first).not_to_be_checked()


def test_the_choice_of_a_language_cannot_bring_code(blank: Window) -> None:
    with nothing_runs(blank.page):
        show_hub(blank.page, f"{blank.url}/?lang={quote(CODE)}")
        assert blank.page.evaluate("navigator.language") == "en"


def test_html_in_a_name_is_shown_as_text(page: Page, tmp_path: Path) -> None:
    path = tmp_path / f"{CODE}.png"
    path.write_bytes(b"no picture")
    refusal = refusal_of_file(path)
    with nothing_runs(page):
        uploads(open_tab(page, "Style V1", "Transfer")).first.set_input_files(path)
        expect(page.get_by_text(str(refusal)).first).to_be_visible()


def test_an_error_says_nothing_of_the_server(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    error = refusal_of_file(path)
    check_refusal(client, error, content=handle_file(path), size=64, api_name="/style_v2")
    assert str(tmp_path) not in str(error)


@pytest.mark.parametrize("value", ["bytes=5-2", "bytes=a-b", "bytes=-", "bytes=9999999-", "lines=1-2", "bytes=0-1,2-3"])
def test_odd_ranges_are_answered(value: str, app_url: str) -> None:
    path = re.search(r'"path":\s*"([^"]+\.jpg)"', ask(f"{app_url}/config")[1])
    assert path
    for file in (f"/gradio_api/file={path[1]}", "/cards/style-v1.jpg"):
        assert ask(app_url + file)[0] == 200
        assert ask(app_url + file, headers={"range": value})[0] < 500


@pytest.mark.parametrize(
    "path", ["/?page=../..", "/config?page=%00", "/gradio_api/call/nothing", "/gradio_api/info?x=%ff"]
)
def test_odd_addresses_are_answered(path: str, app_url: str) -> None:
    assert ask(app_url + path)[0] < 500
