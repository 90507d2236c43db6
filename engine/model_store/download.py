"""Where weights files are: shipped in ``weights/``, in the local Hub cache, or on the Hub; checked by sha256."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Generator
from enum import Enum
from pathlib import Path
from typing import Any

from engine.contracts.errors import (
    StorageError,
    WeightsCorruptError,
    WeightsError,
    WeightsUnavailableError,
    problem_of,
)
from engine.contracts.job import Phase, Step
from engine.contracts.messages import Message
from engine.model_store.catalogue import FOLDER, Entry

PROBE_SECONDS = 5
"""How long the Hub may take to answer at all. The client's own retries would take 23 s."""
STALL_SECONDS = 15
"""How long a download may stand still before it is given up."""
POLL_SECONDS = 0.25
"""Time between two steps of a download."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


class Status(Enum):
    """Where an entry's file is now."""

    SHIPPED = "shipped"
    CACHED = "cached"
    MISSING = "missing"


class WeightStore:
    """The files of the catalogue on this machine, and the way to those that are not.

    Args:
        hub_copy: Hub repository that shipped files are fetched from where they are missing; empty for none.
    """

    def __init__(self, hub_copy: str = "") -> None:
        self._hub_copy = hub_copy
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """By entry: one download of a file at a time."""
        self._verified: dict[Path, tuple[int, int]] = {}
        """Path -> size and time of change when its sha256 was last right."""

    def locate(self, entry: Entry) -> Path | None:
        """The file on this machine, or None; asks no network and does not check the content."""
        if entry.shipped:
            path = FOLDER / entry.file
            if path.is_file():
                return path
        if not self.repo(entry):
            return None
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(self.repo(entry), entry.file, revision=entry.revision)
        return Path(cached) if isinstance(cached, str) else None

    def repo(self, entry: Entry) -> str:
        """Where the Hub has the file: for a shipped one, the copy that the settings name, if any."""
        return entry.repo or self._hub_copy

    def status(self, entry: Entry) -> Status:
        """Where the file is now."""
        path = self.locate(entry)
        if path is None:
            return Status.MISSING
        return Status.SHIPPED if entry.shipped and path == FOLDER / entry.file else Status.CACHED

    def verify(self, entry: Entry) -> Path:
        """The file on this machine after its sha256 has been checked (once per file state).

        Raises:
            WeightsUnavailableError: the file is not here.
            WeightsCorruptError: the file is not the catalogue's; a download is removed, so that it can be fetched
                again.
        """
        path = self.locate(entry)
        if path is None:
            raise WeightsUnavailableError(self._absent(entry))
        stat = path.stat()
        state = (stat.st_size, stat.st_mtime_ns)
        if self._verified.get(path) == state:
            return path
        digest = _sha256(path)
        if digest != entry.sha256:
            cure = Message("please install the project again")
            if path != FOLDER / entry.file:
                path.resolve().unlink(missing_ok=True)  # the cache keeps a link to a blob
                path.unlink(missing_ok=True)
                cure = Message("it was removed, please try again")
            raise WeightsCorruptError(
                Message(
                    "The weights file {file} of {entry} is damaged: its sha256 is {digest}..., not {sha256}; {cure}.",
                    file=entry.file,
                    entry=entry.name,
                    digest=digest[:12],
                    sha256=entry.sha256,
                    cure=cure,
                )
            )
        self._verified[path] = state
        return path

    def fetch(self, entry: Entry) -> Generator[Step, None, Path]:
        """Make sure that the file is on this machine and right; yields steps while it is downloaded.

        Threads that want the same file wait for one download. Closing the generator ends a plain download with its next
        block; one through the Hub's Xet client may go on in its thread until it is complete.

        Raises:
            WeightsUnavailableError, StorageError, WeightsCorruptError: each with one sentence.
        """
        lock = self._locks[entry.name]
        while not lock.acquire(timeout=POLL_SECONDS):
            waiting = Message("waiting for another download of {title}", title=entry.title)
            yield Step(done=0, stage=waiting, phase=Phase.WAITING)
        try:
            if self.locate(entry) is None and self.repo(entry):
                yield from _download(entry, self.repo(entry), self._absent(entry))
            return self.verify(entry)
        finally:
            lock.release()

    def _absent(self, entry: Entry) -> Message:
        if not self.repo(entry):
            return Message(
                "The shipped weights file {file} is missing; please install the project again.", file=entry.file
            )
        return Message("{weights} is not on this machine.", weights=_described(entry, self.repo(entry)))


def _described(entry: Entry, repo: str) -> str:
    return f"{entry.title} ({entry.megabytes}, {repo})"


class _AbandonedError(Exception):
    """Raised inside the client's thread when nobody waits for the download any more."""


class _Transfer:
    """State that the downloading thread and its watcher share."""

    def __init__(self) -> None:
        self.abandoned = threading.Event()
        self.received: dict[int, int] = {}  # a download opens one to three bars; the fullest one counts
        self.error: Exception | None = None

    def bar(self) -> type:
        """A progress bar class for the Hub client that reports here and draws nothing."""
        from tqdm import tqdm

        transfer = self

        class Bar(tqdm):  # type: ignore[type-arg]
            def __init__(self, *args: Any, **options: Any) -> None:
                options.pop("name", None)  # an argument of the client's own bars
                super().__init__(*args, **{**options, "disable": True})
                transfer.received[id(self)] = int(options.get("initial") or 0)

            def update(self, n: float | None = 1) -> None:
                transfer.received[id(self)] += int(n or 0)
                if transfer.abandoned.is_set():
                    raise _AbandonedError

        return Bar


def _download(entry: Entry, repo: str, absent: Message) -> Generator[Step, None, None]:
    """Run the Hub client in a thread and watch it: a server that stops answering costs seconds, not minutes."""
    from huggingface_hub import constants

    if constants.is_offline_mode():
        raise WeightsUnavailableError(Message("{absent} HF_HUB_OFFLINE is set: unset it to download.", absent=absent))
    _check_space(entry, repo, Path(constants.HF_HUB_CACHE))
    transfer = _Transfer()
    thread = threading.Thread(
        target=_transfer, args=(entry, repo, transfer), daemon=True, name=f"download {entry.name}"
    )
    thread.start()
    try:
        before, moved = 0, time.monotonic()
        while thread.is_alive():
            received = max(transfer.received.values(), default=0)
            if received != before:
                before, moved = received, time.monotonic()
            elif time.monotonic() - moved > STALL_SECONDS:
                raise WeightsUnavailableError(
                    Message("The Hub stopped sending {title}; please try again later.", title=entry.title)
                )
            stage = Message(
                "downloading {title}, {received:.0f} of {size}",
                title=entry.title,
                received=received / 1e6,
                size=entry.megabytes,
            )
            yield Step(done=min(received / entry.bytes, 1.0), stage=stage, phase=Phase.DOWNLOADING)
            thread.join(POLL_SECONDS)
    finally:
        transfer.abandoned.set()
    if transfer.error is not None:
        raise _explained(entry, repo, transfer.error) from transfer.error


def _transfer(entry: Entry, repo: str, transfer: _Transfer) -> None:
    """Body of the downloading thread. Every error goes to the watcher, which names it for the visitor."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # One quick question first: it fails at once where hf_hub_download would try again for 23 s.
        get_hf_file_metadata(hf_hub_url(repo, entry.file, revision=entry.revision), timeout=PROBE_SECONDS)
        hf_hub_download(repo, entry.file, revision=entry.revision, tqdm_class=transfer.bar())
    except Exception as error:  # noqa: BLE001 - handed to the watcher, who raises it
        transfer.error = error


def _explained(entry: Entry, repo: str, error: Exception) -> WeightsError:
    """The client's error as one sentence."""
    from huggingface_hub import errors

    what = _described(entry, repo)
    code = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None
    if isinstance(error, errors.GatedRepoError) or code in (401, 403):
        return WeightsUnavailableError(
            Message(
                "The Hub does not give {weights} without permission: log in with `hf auth login`.",
                weights=what,
                code=code,
            )
        )
    if code == 404:
        return WeightsUnavailableError(
            Message("The Hub no longer has {weights}; please use the shipped weights.", weights=what, code=code)
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(
            Message(
                "The disk is full: {weights} does not fit into the cache (HF_HOME).",
                weights=what,
                problem=problem_of(error),
            )
        )
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return StorageError(
            Message(
                "The cache (HF_HOME) cannot be written to, so {weights} cannot be downloaded.",
                weights=what,
                problem=problem_of(error),
            )
        )
    if code is not None:
        return WeightsUnavailableError(
            Message(
                "The Hub answered with error {code} for {weights}; please try again later.", code=code, weights=what
            )
        )
    return WeightsUnavailableError(
        Message("{weights} is not on this machine and cannot be had from the Hub now; please try later.", weights=what)
    )


def _check_space(entry: Entry, repo: str, cache: Path) -> None:
    """StorageError when the disk of the cache cannot take the file."""
    folder = next(parent for parent in (cache, *cache.parents) if parent.exists())
    if shutil.disk_usage(folder).free < entry.bytes:
        raise StorageError(
            Message(
                "The disk is full: {weights} does not fit into the cache (HF_HOME).", weights=_described(entry, repo)
            )
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
