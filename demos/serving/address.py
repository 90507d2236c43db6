"""Where the server listens: what the environment says of it, read before Gradio is, which ends in a traceback."""

from __future__ import annotations

import os
import tempfile
from collections.abc import MutableMapping

from engine.contracts.errors import SettingError, StorageError, problem_of
from engine.contracts.messages import Message

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
        folder = tempfile.mkdtemp(prefix="pentimento-files-", dir=place)
        with open(os.path.join(folder, "room"), "wb") as probe:
            probe.write(bytes(65_536))
        os.unlink(probe.name)
    except OSError as error:
        raise StorageError(
            Message(
                "No temporary files can be written ({problem}); TMPDIR or GRADIO_TEMP_DIR can name another folder.",
                problem=problem_of(error),
            )
        ) from None
    return folder
