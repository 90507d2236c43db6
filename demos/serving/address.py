"""Where the server listens: what the environment says of it, read before Gradio is, which ends in a traceback."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import IO

from engine.contracts.errors import SettingError, StorageError, problem_of
from engine.contracts.messages import Message

PREFIX = "pentimento-files-"
"""How names of own folders begin."""
FILES, TEMPORARY = "files", "temporary"
"""Folders inside of it: uploads and results, and what is only on its way."""
LOCK = "lock"
"""File inside of it that its server holds as long as it lives."""
_LOCKS: list[IO[bytes] | None] = []
"""Locks that this process holds as long as it lives."""
PORT, NAME = "GRADIO_SERVER_PORT", "GRADIO_SERVER_NAME"
PORT_OF_GRADIO = 7860
"""Where Gradio listens unless it is told otherwise."""
LOOPBACK = "localhost,127.0.0.1,::1"
NO_PROXY = ("no_proxy", "NO_PROXY")


def prepare(environment: MutableMapping[str, str] = os.environ) -> int:
    """Check where to listen, and let no proxy stand between this server and itself: Gradio asks itself at the start.

    Args:
        environment: variables of this process.

    Returns:
        The port that is asked for.

    Raises:
        SettingError: a port or a name that cannot be listened at.
    """
    port, name = environment.get(PORT, "").strip(), environment.get(NAME, "").strip()
    if port and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise SettingError(
            Message("{variable} has to be a number from 1 to 65535, not {value!r}.", variable=PORT, value=port)
        )
    if ":" in name:
        raise SettingError(
            Message(
                "{variable} has to be a host name or an address such as 127.0.0.1 or 0.0.0.0; this server does not "
                "listen at IPv6 addresses such as {value!r}.",
                variable=NAME,
                value=name,
            )
        )
    for variable in NO_PROXY:
        before = environment.get(variable, "")
        environment[variable] = ",".join(filter(None, (before, LOOPBACK, name)))
    return int(port or PORT_OF_GRADIO)


def own_folder(place: str | None) -> str:
    """A new folder for files of this process alone; other programs of Gradio's keep theirs there, too.

    Args:
        place: in which it is made; None for the system's temporary folder.

    Raises:
        StorageError: there is no such place, or no room.
    """
    try:
        if place:
            os.makedirs(place, exist_ok=True)
        _remove_left(place or tempfile.gettempdir())
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        with open(os.path.join(folder, "room"), "wb") as probe:
            probe.write(bytes(65_536))
        os.unlink(probe.name)
        _LOCKS.append(_locked(folder))
        for inner in (FILES, TEMPORARY):
            os.mkdir(os.path.join(folder, inner))
    except OSError as error:
        raise StorageError(
            Message(
                "No temporary files can be written ({problem}); TMPDIR or GRADIO_TEMP_DIR can name another folder.",
                problem=problem_of(error),
            )
        ) from None
    return folder


def use(folder: str) -> None:
    """Let everything in this process that writes temporary files write them into its own folder: they are counted
    there, and go with it."""
    os.environ["GRADIO_TEMP_DIR"] = os.path.join(folder, FILES)
    tempfile.tempdir = os.environ["TMPDIR"] = os.path.join(folder, TEMPORARY)


def places() -> list[Path]:
    """Folders whose files are counted, and deleted when they are old."""
    temporary = Path(tempfile.gettempdir())
    own = temporary.name == TEMPORARY and temporary.parent.name.startswith(PREFIX)
    uploads = Path(os.environ.get("GRADIO_TEMP_DIR") or temporary / "gradio")
    return [uploads, *([temporary] if own else [])]


def _remove_left(place: str) -> None:
    """Remove what servers have left that were killed: nobody holds their locks. A folder without one is just made."""
    for lock in Path(place).glob(f"{PREFIX}*/{LOCK}"):
        folder = lock.parent
        held = _locked(str(folder))
        if held is not None:
            held.close()
            shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: str) -> IO[bytes] | None:
    """The lock of a folder, held until it is closed; None where another process holds it, or none can be had."""
    try:
        import fcntl

        held = Path(folder, LOCK).open("ab")  # noqa: SIM115 - it is held as long as this process lives
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        return None
    return held
