"""A stand-in for the Hugging Face Hub's upload side: repositories, commits and plain LFS, or a refusal as told."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from tests.support.asking import loopback

Manner = Literal["good", "unauthorised", "forbidden", "unpaid", "quota"]
TOKEN = "hf_test"
REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE = 10_000_000  # the Hub stores a file past this size, or with a binary content, as LFS
QUOTA = "Private repository storage limit reached, please upgrade your plan to increase your private storage limit."


@dataclass
class Uploads:
    """What the server does, what it has been asked, and what it holds."""

    manner: Manner = "good"
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)  # path: the content committed
    created: list[dict[str, Any]] = field(default_factory=list)  # the bodies of the repository creations
    commits: list[str] = field(default_factory=list)  # their messages
    requests: list[str] = field(default_factory=list)  # "METHOD /path"
    objects: dict[str, bytes] = field(default_factory=dict)  # oid: the content of an LFS object sent
    lfs: set[str] = field(default_factory=set)  # the committed paths that are LFS objects
    repos: set[str] = field(default_factory=set)  # "space/owner/name"


class Refusal(Exception):  # noqa: N818
    """An answer other than 200, with the Hub's two headers."""

    def __init__(self, status: int, message: str, code: str = "", **body: object) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.body = status, message, code, {"error": message, **body}


def _answer(hub: Uploads, method: str, path: str, token: str, body: bytes) -> dict[str, Any]:
    """Do what a request asks."""
    if put := re.fullmatch(r"/objects/([0-9a-f]{64})", path):  # signed links carry no token
        if method != "PUT" or hashlib.sha256(body).hexdigest() != put[1]:
            raise Refusal(400, "the content is not that of the oid")
        hub.objects[put[1]] = body
        return {}
    if path == "/api/validate-yaml":  # answers without a token
        return {"errors": [], "warnings": []}
    if not token:
        raise Refusal(401, "Invalid username or password.")
    if token != TOKEN or hub.manner == "unauthorised":
        raise Refusal(401, "Invalid credentials in Authorization header")
    if path == "/api/repos/create":
        return _create(hub, json.loads(body))
    if path == "/api/whoami-v2":
        return {"type": "user", "name": "tester", "auth": {"accessToken": {"role": "write"}}}
    batch = re.fullmatch(r"/(?:(space)s/)?([^/]+/[^/]+)\.git/info/lfs/objects/(batch)", path)
    known = batch or re.fullmatch(r"/api/(model|space)s/([^/]+/[^/]+)(?:/(preupload|commit)/main)?", path)
    if not known:
        raise Refusal(404, f"not part of this stand-in: {method} {path}")
    kind, repo, action = known[1] or "model", known[2], known[3]
    if f"{kind}/{repo}" not in hub.repos:
        raise Refusal(404, "Repository not found", "RepoNotFound")
    if hub.manner == "quota" and action in ("batch", "commit"):
        raise Refusal(403, QUOTA)
    if action == "batch":
        return {"transfer": "basic", "objects": [_place(hub, asked) for asked in json.loads(body)["objects"]]}
    if action == "preupload":
        return {"files": [_mode(asked) for asked in json.loads(body)["files"]]}
    if action == "commit":
        return _commit(hub, f"{hub.url}/{kind}s/{repo}", body)
    return {"id": repo, "sha": REVISION, "private": True, "tags": [], "siblings": []}


def _create(hub: Uploads, asked: dict[str, Any]) -> dict[str, Any]:
    kind, repo = asked.get("type", "model"), f"{asked['organization'] or 'tester'}/{asked['name']}"
    url = f"{hub.url}/{'' if kind == 'model' else kind + 's/'}{repo}"
    if hub.manner == "forbidden":
        raise Refusal(403, "You don't have the rights to create a repository under this namespace")
    if hub.manner == "unpaid" and kind == "space":
        raise Refusal(402, "This Space's SDK needs a subscription")
    if f"{kind}/{repo}" in hub.repos:
        raise Refusal(409, f"You already created this {kind} repo", url=url)
    hub.created.append(asked)
    hub.repos.add(f"{kind}/{repo}")
    return {"url": url, "name": repo}


def _mode(asked: dict[str, Any]) -> dict[str, Any]:
    large = asked["size"] > LARGE or b"\0" in base64.b64decode(asked["sample"])
    return {"path": asked["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}


def _place(hub: Uploads, asked: dict[str, Any]) -> dict[str, Any]:
    """Say where an LFS object goes; without "actions", it is here already."""
    oid = asked["oid"]
    here = {"oid": oid, "size": asked["size"]}
    return here if oid in hub.objects else {**here, "actions": {"upload": {"href": f"{hub.url}/objects/{oid}"}}}


def _commit(hub: Uploads, url: str, body: bytes) -> dict[str, Any]:
    lines = [json.loads(line) for line in body.splitlines()]
    added: dict[str, bytes] = {}
    large: set[str] = set()
    for key, value in ((line["key"], line["value"]) for line in lines[1:]):
        if key == "file":
            added[value["path"]] = base64.b64decode(value["content"], validate=True)
        elif key == "lfsFile" and value["oid"] in hub.objects:
            added[value["path"]] = hub.objects[value["oid"]]
            large.add(value["path"])
        else:
            raise Refusal(400, f"cannot commit {key} {value['path']}: its content was never sent")
    hub.files.update(added)
    hub.lfs = (hub.lfs - added.keys()) | large
    hub.commits.append(lines[0]["value"]["summary"])
    return {"success": True, "commitOid": REVISION, "commitUrl": f"{url}/commit/{REVISION}"}


@contextmanager
def serve_uploads(manner: Manner = "good") -> Iterator[Uploads]:
    """Run the server on a free loopback port."""
    hub = Uploads(manner)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _handle(self) -> None:
            assert "Transfer-Encoding" not in self.headers, "the client gives every length"
            path, body = self.path.split("?")[0], self.rfile.read(int(self.headers.get("Content-Length", "0")))
            hub.requests.append(f"{self.command} {path}")
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                status, answer, extra = 200, _answer(hub, self.command, path, token, body), {}
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
                extra = {"X-Error-Message": refusal.message} | ({"X-Error-Code": refusal.code} if refusal.code else {})
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815

    with loopback(Handler) as hub.url:
        yield hub
