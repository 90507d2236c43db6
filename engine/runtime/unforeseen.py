"""Errors that nobody has foreseen: one sentence with an id for the person, and where it happened for the log."""

from __future__ import annotations

import logging
import secrets
import traceback
from pathlib import Path

from engine.contracts.errors import is_full
from engine.contracts.messages import Message

LOG = logging.getLogger("pentimento")
DISK_FULL = Message("There is no room left on the disk of this machine; please try again later.")
LONGEST = 12
"""Places of a traceback that are logged, the innermost ones."""


def noted(error: Exception) -> Message:
    """Log an error, and say under which id; no word of the error itself, which may have a visitor's words in it."""
    if isinstance(error, OSError) and is_full(error):
        return DISK_FULL
    name = secrets.token_hex(4)
    places = [
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-LONGEST:]
    ]
    LOG.error({"event": "unforeseen", "id": name, "error": type(error).__name__, "at": places})
    return Message("Something went wrong that nobody has foreseen; the log of this machine has it as {id}.", id=name)
