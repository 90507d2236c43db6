"""Calls with values that no argument is meant for: one sentence each, and nothing is fetched."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.support.asking import ask
from tests.support.hub_calls import UPLOADED, call, endpoints, worked

WRONG: dict[str, Any] = {
    "nothing": None, "object": {}, "list": [[]], "text": "\ud800x", "number": -1e300, "large": 2**70,
    "file": {"path": "a"},
    "address": {"path": "http://127.0.0.1:9/a.png", "meta": {"_type": "gradio.FileData"}}, "deep": [[[[[[{}]]]]]],
}  # fmt: skip
"""Values that no argument is meant for."""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_call_with_wrong_values_is_one_sentence(wrong: str, app_url: str) -> None:
    for endpoint, arguments in endpoints(app_url).items():
        stream = call(app_url, endpoint, [WRONG[wrong]] * len(arguments))
        assert "event: error" in stream, endpoint
        data = stream.rpartition("data: ")[2].strip()
        assert data != "null", endpoint
        assert '"error": null' not in data, endpoint
        assert "Traceback" not in data, endpoint


def test_no_argument_of_any_endpoint_is_fetched(app_url: str) -> None:
    """A file's description with an address, in every argument; the server behind it counts who asks."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.5)
        address = f"http://localhost:{listening.getsockname()[1]}/secret.png"
        for endpoint, arguments in endpoints(app_url).items():
            for value in ({"path": address, **UPLOADED}, [{"image": {"path": "a", "url": address}}], {"url": address}):
                assert not worked(call(app_url, endpoint, [value] * len(arguments)))
        status, _, _ = ask(f"{app_url}/gradio_api/file={address}")
        assert status == 404
        with pytest.raises(TimeoutError):
            listening.accept()
