"""The files of the Hub that the catalogue names are there, at their revision, with the sha256 that it expects."""

from __future__ import annotations

import http.client
import socket

import pytest

from engine.model_store.catalogue import Entry, catalogue

HOST = "huggingface.co"
FROM_THE_HUB = [entry for entry in catalogue() if not entry.shipped]


@pytest.fixture(scope="module")
def network() -> None:
    try:
        socket.create_connection((HOST, 443), timeout=10).close()
    except OSError as error:
        pytest.skip(f"needs {HOST}: {error}")


@pytest.mark.long
@pytest.mark.parametrize("entry", FROM_THE_HUB, ids=lambda entry: str(entry.name))
def test_a_published_file_is_the_catalogues(network: None, entry: Entry) -> None:
    connection = http.client.HTTPSConnection(HOST, timeout=30)
    connection.request("HEAD", f"/{entry.repo}/resolve/{entry.revision}/{entry.file}")
    answer = connection.getresponse()
    assert answer.status in (200, 302), answer.reason
    assert (answer.headers["x-linked-etag"] or answer.headers["etag"]).strip('"') == entry.sha256
    connection.close()
