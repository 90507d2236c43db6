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

from engine.contracts.errors import StorageError, WeightsCorruptError, WeightsError, WeightsUnavailableError
from engine.contracts.job import Step
from engine.contracts.settings import settings
from engine.model_store.catalogue import FOLDER, Entry

PROBE_SECONDS = 5
"""How long the Hub may take to answer at all. The client's own retries would take 23 s."""
STALL_SECONDS = 15
"""How long a download may stand still before it is given up."""
POLL_SECONDS = 0.25
"""Time between two steps of a download."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)

_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # one download of a file at a time
_verified: dict[Path, tuple[int, int]] = {}  # path -> size and time of change when its sha256 was last right


class Status(Enum):
    """Where an entry's file is now."""

    SHIPPED = "shipped"
    CACHED = "cached"
    MISSING = "missing"


def locate(entry: Entry) -> Path | None:
    """The file on this machine, or None; asks no network and does not check the content."""
    if entry.shipped:
        path = FOLDER / entry.file
        if path.is_file():
            return path
    if not _repo(entry):
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(_repo(entry), entry.file, revision=entry.revision)
    return Path(found) if isinstance(found, str) else None


def status(entry: Entry) -> Status:
    """Where the file is now."""
    path = locate(entry)
    if path is None:
        return Status.MISSING
    return Status.SHIPPED if entry.shipped and path == FOLDER / entry.file else Status.CACHED


def verify(entry: Entry) -> Path:
    """The file on this machine after its sha256 has been checked (once per process and file state).

    Raises:
        WeightsUnavailableError: the file is not here.
        WeightsCorruptError: the file is not the catalogue's; a download is removed, so that it can be fetched again.
    """
    path = locate(entry)
    if path is None:
        raise WeightsUnavailableError(_absent(entry))
    stat = path.stat()
    state = (stat.st_size, stat.st_mtime_ns)
    if _verified.get(path) == state:
        return path
    found = _sha256(path)
    if found != entry.sha256:
        cure = "please install the project again"
        if path != FOLDER / entry.file:
            path.resolve().unlink(missing_ok=True)  # the cache keeps a link to a blob
            path.unlink(missing_ok=True)
            cure = "it was removed, please try again"
        raise WeightsCorruptError(
            f"The weights file {entry.file} of {entry.name} is damaged: its sha256 is {found[:12]}..., "
            f"expected {entry.sha256}; {cure}."
        )
    _verified[path] = state
    return path


def fetch(entry: Entry) -> Generator[Step, None, Path]:
    """Make sure that the file is on this machine and right; yields steps while it is downloaded.

    Threads that want the same file wait for one download. Closing the generator ends a plain download with its next
    block; one through the Hub's Xet client may go on in its thread until it is complete.

    Raises:
        WeightsUnavailableError, StorageError, WeightsCorruptError: each with one sentence.
    """
    lock = _locks[entry.name]
    while not lock.acquire(timeout=POLL_SECONDS):
        yield Step(done=0, stage=f"waiting for another download of {entry.title}")
    try:
        if locate(entry) is None and _repo(entry):
            yield from _download(entry)
        return verify(entry)
    finally:
        lock.release()


class _AbandonedError(Exception):
    """Raised inside the client's thread when nobody waits for the download any more."""


class _Transfer:
    """What the downloading thread and its watcher share."""

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


def _download(entry: Entry) -> Generator[Step, None, None]:
    """Run the Hub client in a thread and watch it: a server that stops answering costs seconds, not minutes."""
    from huggingface_hub import constants

    if constants.is_offline_mode():
        raise WeightsUnavailableError(_absent(entry) + " HF_HUB_OFFLINE is set: unset it to download.")
    _check_space(entry, Path(constants.HF_HUB_CACHE))
    transfer = _Transfer()
    thread = threading.Thread(target=_transfer, args=(entry, transfer), daemon=True, name=f"download {entry.name}")
    thread.start()
    try:
        before, moved = 0, time.monotonic()
        while thread.is_alive():
            received = max(transfer.received.values(), default=0)
            if received != before:
                before, moved = received, time.monotonic()
            elif time.monotonic() - moved > STALL_SECONDS:
                raise WeightsUnavailableError(f"The Hub stopped sending {entry.title}; please try again later.")
            stage = f"downloading {entry.title}, {received / 1e6:.0f} of {entry.megabytes}"
            yield Step(done=min(received / entry.bytes, 1.0), stage=stage)
            thread.join(POLL_SECONDS)
    finally:
        transfer.abandoned.set()
    if transfer.error is not None:
        raise _explained(entry, transfer.error) from transfer.error


def _transfer(entry: Entry, transfer: _Transfer) -> None:
    """Body of the downloading thread. Every error goes to the watcher, which names it for the visitor."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # One quick question first: it fails at once where hf_hub_download would try again for 23 s.
        get_hf_file_metadata(hf_hub_url(_repo(entry), entry.file, revision=entry.revision), timeout=PROBE_SECONDS)
        hf_hub_download(_repo(entry), entry.file, revision=entry.revision, tqdm_class=transfer.bar())
    except Exception as error:  # noqa: BLE001 - handed to the watcher, who raises it
        transfer.error = error


def _explained(entry: Entry, error: Exception) -> WeightsError:
    """The client's error as one sentence."""
    from huggingface_hub import errors

    what = f"{entry.title} ({entry.megabytes}, {_repo(entry)})"
    code = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None
    if isinstance(error, errors.GatedRepoError) or code in (401, 403):
        return WeightsUnavailableError(f"The Hub does not give {what} without permission: log in with `hf auth login`.")
    if code == 404:
        return WeightsUnavailableError(f"The Hub no longer has {what}; please use the shipped weights.")
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(f"The disk is full: {what} does not fit into the cache (HF_HOME).")
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return StorageError(f"The cache (HF_HOME) cannot be written to, so {what} cannot be downloaded.")
    if code is not None:
        return WeightsUnavailableError(f"The Hub answered with error {code} for {what}; please try again later.")
    return WeightsUnavailableError(
        f"{what} is not on this machine and cannot be had from the Hub now; please try later."
    )


def _check_space(entry: Entry, cache: Path) -> None:
    """StorageError when the disk of the cache cannot take the file."""
    folder = next(parent for parent in (cache, *cache.parents) if parent.exists())
    if shutil.disk_usage(folder).free < entry.bytes:
        raise StorageError(
            f"The disk is full: {entry.title} ({entry.megabytes}) does not fit into the cache (HF_HOME)."
        )


def _absent(entry: Entry) -> str:
    if not _repo(entry):
        return f"The shipped weights file {entry.file} is missing; please install the project again."
    return f"{entry.title} ({entry.megabytes}, {_repo(entry)}) is not on this machine."


def _repo(entry: Entry) -> str:
    """Where the Hub has the file: for a shipped one, the copy that the settings name, if any."""
    return entry.repo or settings().weights


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
