"""Attacks of one who pretends to be somebody else: passwords, cookies, addresses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from gradio.context import LocalContext
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from demos.serving import gate
from demos.serving.gate import Gate
from demos.serving.neighbours import Neighbours
from demos.serving.request import address
from tests.demos.test_gate import client


def test_passwords_cannot_be_tried_quickly() -> None:
    page = client()
    answers = [page.post("/login", data={"username": "a", "password": str(number)}).status_code for number in range(20)]
    assert answers.index(429) == 8
    assert client(peer="9.9.9.9").post("/login").status_code == 200
    by_another_name = client()
    assert [by_another_name.post("/login/").status_code for _ in range(10)].index(429) == 8


def test_passwords_cannot_be_tried_patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven a minute, for as long as it takes: forty an hour, and no more."""
    now = [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    page, answers = client(), []
    for _ in range(50):
        answers.append(page.post("/login").status_code)
        now[0] += 9
    assert answers.index(429) == 40


def test_a_login_inside_another_site_keeps_its_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other sites show this hub in a frame, as Spaces do, a cookie for this site alone would not come along."""

    async def logged_in(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"set-cookie": "access-token=secret; SameSite=none; Secure"}
        await JSONResponse({}, headers=headers)(scope, receive, send)

    def cookie(known: Neighbours) -> str:
        return TestClient(Gate(logged_in, known, 1000)).post("/login").headers["set-cookie"].lower()

    monkeypatch.delenv("SPACE_HOST", raising=False)
    assert "samesite=lax" in cookie(Neighbours())
    assert "samesite=none" in cookie(Neighbours(sites=["https://friend.example"]))
    monkeypatch.setenv("SPACE_HOST", "some-space.hf.space")
    assert "samesite=none" in cookie(Neighbours())


def test_one_customer_has_many_addresses_of_ipv6() -> None:
    """They count as one: the last half of such an address is anybody's to choose."""
    first, again, other = (client(rate=4, peer=f"2001:db8:0:{net}::{host}") for net, host in ((1, 1), (1, 2), (2, 1)))
    assert gate._address({"client": ("2001:db8:0:1::1", 1)}) == gate._address({"client": ("2001:db8:0:1:a:b:c:d", 1)})
    assert gate._address({"client": ("2001:db8:0:1::1", 1)}) != gate._address({"client": ("2001:db8:0:2::1", 1)})
    assert {each.get("/config").status_code for each in (first, again, other)} == {200}


def test_a_run_belongs_to_the_address_that_the_gate_has_seen() -> None:
    """Limits for one address would be worth nothing if handlers were told another one."""
    seen = client(Neighbours(proxies=1)).get("/config", headers={"x-forwarded-for": "6.6.6.6, 1.1.1.1"}).json()
    asked = SimpleNamespace(client=SimpleNamespace(host=seen["client"]), headers={}, username=None)
    token = LocalContext.request.set(asked)
    try:
        assert (seen["client"], address()) == ("1.1.1.1", "1.1.1.1")
    finally:
        LocalContext.request.reset(token)
