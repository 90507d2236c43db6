"""Weights files fetched by the real Hub client from a server of our own; each case in a fresh process and cache."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.contracts.errors import WeightsCorruptError
from engine.contracts.job import Phase
from engine.model_store import download
from engine.model_store.catalogue import FOLDER, Catalogue, catalogue
from engine.model_store.download import WeightStore
from tests.support.hub_server import REVISION, Manner, serve

DATA = bytes(range(256)) * 12_000  # 3 MB
DESCRIBED, STALLED = "Small net (3 MB, somebody/small)", {"title": "Small net"}
RECORD = {
    "name": "small",
    "title": "Small net",
    "architecture": "vgg19",
    "file": "model.safetensors",
    "repo": "somebody/small",
    "revision": REVISION,
    "bytes": len(DATA),
    "sha256": hashlib.sha256(DATA).hexdigest(),
    "licence": "MIT",
    "origin": "a test",
    "paper": "none",
}


def fetch(
    home: Path, url: str, *, threads: int = 1, largest: int | None = None, offline: bool = False, **changed: Any
) -> dict[str, Any]:
    """Fetch in a new process."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1" if offline else "0",
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "-m", "tests.support.fetch_once", json.dumps({**RECORD, **changed}), str(threads)]
    command += [str(largest)] if largest else []
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def only(report: dict[str, Any]) -> dict[str, Any]:
    (outcome,) = report["outcomes"]
    assert isinstance(outcome, dict)
    return outcome


def test_a_good_download_shows_megabytes_and_is_cached(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        first = fetch(tmp_path, hub.url)
        assert Path(only(first)["path"]).read_bytes() == DATA
        steps = only(first)["steps"]
        assert any(
            (step["phase"], step["title"], step["size"]) == ("downloading", "Small net", "3 MB") for step in steps
        )
        assert first["status"] == "cached"
        assert len(hub.gets) == 1
        asked = len(hub.gets) + len(hub.heads)
        again = fetch(tmp_path, hub.url)
        assert only(again)["steps"] == []
        assert len(hub.gets) + len(hub.heads) == asked, "a cached file needs no request"
    assert only(fetch(tmp_path, hub.url, offline=True))["path"], "nor a server"


def test_a_wrong_sha256_is_refused_and_the_file_removed(tmp_path: Path) -> None:
    expected = "f" * 64
    with serve(DATA, "good") as hub:
        report = fetch(tmp_path, hub.url, sha256=expected)
        assert only(report)["error"] == "WeightsCorruptError"
        fields = only(report)["fields"]
        assert (fields["file"], fields["entry"], fields["sha256"]) == ("model.safetensors", "small", expected)
        assert fields["digest"] == RECORD["sha256"][:12]
        assert report["status"] == "missing"
        assert only(fetch(tmp_path, hub.url))["path"], "the right file can be fetched afterwards"


@pytest.mark.parametrize(
    ("manner", "fields", "seconds"),
    [
        ("missing", [{"code": "404", "weights": DESCRIBED}], 5),
        ("gated", [{"code": "401", "weights": DESCRIBED}], 5),
        ("forbidden", [{"code": "403", "weights": DESCRIBED}], 5),
        ("error", [{"code": "500", "weights": DESCRIBED}], 8),
        ("silent", [{"weights": DESCRIBED}], 10),
        ("stalls", [STALLED], 12),
        ("breaks", [STALLED, {"weights": DESCRIBED}], 15),  # whichever comes first
    ],
)
def test_a_bad_server_costs_seconds_and_gives_one_sentence(
    manner: Manner, fields: list[dict[str, str]], seconds: float, tmp_path: Path
) -> None:
    with serve(DATA, manner) as hub:
        report = fetch(tmp_path, hub.url)
    outcome = only(report)
    assert outcome["error"] == "WeightsUnavailableError"
    assert outcome["fields"] in fields
    assert outcome["sentence"].endswith(".")
    assert report["seconds"] < seconds
    assert report["status"] == "missing"


def test_a_connection_that_breaks_once_is_taken_up_again(tmp_path: Path) -> None:
    with serve(DATA, "breaks-once") as hub:
        assert Path(only(fetch(tmp_path, hub.url))["path"]).read_bytes() == DATA
        assert len(hub.gets) == 2


def test_no_server_at_all_fails_at_once(tmp_path: Path) -> None:
    report = fetch(tmp_path, "http://127.0.0.1:9")
    assert only(report)["error"] == "WeightsUnavailableError"
    assert report["seconds"] < 6


def test_offline_mode_fails_without_asking(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        report = fetch(tmp_path, hub.url, offline=True)
        assert only(report)["error"] == "WeightsUnavailableError"
        assert list(only(report)["fields"]) == ["absent"]
        assert not hub.heads
    assert report["seconds"] < 2


def test_two_threads_share_one_download(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        report = fetch(tmp_path, hub.url, threads=2)
        assert [bool(each["path"]) for each in report["outcomes"]] == [True, True]
        assert len(hub.gets) == 1


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        report = fetch(tmp_path, hub.url, largest=1_000_000)
    assert only(report)["error"] == "StorageError"
    assert only(report)["fields"] == {"weights": DESCRIBED, "problem": os.strerror(errno.EFBIG)}


def test_a_disk_that_is_too_small_is_named_before_the_download(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        report = fetch(tmp_path, hub.url, bytes=10**16)
        assert only(report)["error"] == "StorageError"
        assert "somebody/small" in only(report)["fields"]["weights"]
        assert not hub.gets


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the cache folder should be")  # a folder's mode does not stop root
    with serve(DATA, "good") as hub:
        report = fetch(blocked, hub.url)
    assert only(report)["error"] == "StorageError"
    problems = [os.strerror(number) for number in (errno.ENOTDIR, errno.EEXIST)]
    assert only(report)["fields"]["problem"] in problems
    assert str(tmp_path) not in only(report)["sentence"]


def test_a_home_that_is_not_there_is_named() -> None:
    with serve(DATA, "good") as hub:
        report = fetch(Path("/proc/nobody/home"), hub.url)  # where nobody, root neither, can make one
    assert only(report)["error"] == "StorageError"


def test_a_cache_that_is_read_only_still_gives_what_it_has(tmp_path: Path) -> None:
    with serve(DATA, "good") as hub:
        fetch(tmp_path, hub.url)
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    assert only(fetch(tmp_path, "http://127.0.0.1:9"))["path"]


def test_closing_a_download_ends_it() -> None:
    """In this process the client is offline; what matters is that the lock is free again."""
    entry = Catalogue([RECORD])["small"]
    store = WeightStore()
    lock = store._locks["small"]
    lock.acquire()
    steps = store.fetch(entry)
    step = next(steps)
    assert step.phase is Phase.WAITING
    assert step.stage.values == {"title": "Small net"}
    steps.close()
    lock.release()
    assert lock.acquire(blocking=False)
    lock.release()


def test_a_damaged_shipped_file_is_refused_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(download, "FOLDER", tmp_path)
    entry = Catalogue([{**RECORD, "repo": None, "revision": None}])["small"]
    with pytest.raises(WeightsCorruptError) as refusal:
        WeightStore().verify(entry)
    assert (refusal.value.fields["file"], refusal.value.fields["entry"]) == ("model.safetensors", "small")
    assert refusal.value.fields["digest"] == hashlib.sha256(b"damaged").hexdigest()[:12]
    assert (tmp_path / "model.safetensors").exists()


def test_every_shipped_file_is_right_and_small() -> None:
    store, total = WeightStore(), 0
    for entry in catalogue():
        if entry.shipped:
            path = store.verify(entry)
            assert path.stat().st_size == entry.bytes < 30_000_000
            total += entry.bytes
    assert 0 < total < 110_000_000
    assert {path.name for path in FOLDER.glob("*.safetensors")} == {each.file for each in catalogue() if each.shipped}
