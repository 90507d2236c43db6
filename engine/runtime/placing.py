"""Files that are complete when they appear. No torch here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """Where to write a file that takes its place in one step when the context ends, unless there is none by then.

    What was in its place stays when writing fails, as on a full disk. Something that is no file, such as
    ``/dev/stdout``, is written to as it is.
    """
    if target.exists() and not target.is_file():
        yield target
        return
    part = target.with_name(f".{os.getpid()}.part")
    try:
        yield part
        if part.exists():
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
