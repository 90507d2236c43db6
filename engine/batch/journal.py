"""Journal of a batch: a line of JSON for each file, written after its result is in place. No torch here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.contracts.errors import OutputError, problem_of
from engine.contracts.messages import Message

NAME = "pentimento-batch.jsonl"
WRITING = ".pentimento-batch.writing"
"""File that names the result which is put into its place just now; a batch that is killed leaves it."""


class Journal:
    """The lines of a folder of results. A line that a killed batch has not finished is no line.

    Args:
        folder: of the results.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._writing = folder / WRITING
        self._lines: dict[str, dict[str, Any]] = {}
        self._made: set[tuple[str, Any]] = set()
        for path in (self._path, self._writing):
            with _writable(path):
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
            for entry in filter(None, map(_parsed, lines)):
                self._made.add((entry["name"], entry.get("result")))
                if path is self._path:
                    self._lines[entry["name"]] = entry

    def knows(self, name: str) -> bool:
        """Whether there is a line about a file."""
        return name in self._lines

    def made(self, name: str, target: Path) -> bool:
        """Whether a file's result was once put into a place, or was about to be."""
        return (name, target.name) in self._made

    def begin(self, name: str, target: Path) -> None:
        """Say that a file's result is about to be put into its place; OutputError where that cannot be kept."""
        self._made.add((name, target.name))
        with _writable(self._writing):
            self._writing.write_text(json.dumps({"name": name, "result": target.name}), encoding="utf-8")

    def done(self, name: str, key: str, target: Path) -> bool:
        """Whether a file's result is there and was made from the same content in the same way."""
        entry = self._lines.get(name, {})
        return entry.get("key") == key and "error" not in entry and target.is_file()

    def note(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a line; on the disk when this returns. OutputError where it cannot be written."""
        line = {"name": name, **entry}
        self._lines[name] = line
        with _writable(self._path), self._path.open("a+b") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                broken = stream.read(1) != b"\n"
            else:
                broken = False
            stream.write(("\n" if broken else "").encode() + json.dumps(line).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        with _writable(self._writing):
            self._writing.unlink(missing_ok=True)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """While a file of the journal is used, what goes wrong becomes one sentence."""
    try:
        yield
    except OSError as error:
        problem = problem_of(error)
        raise OutputError(
            Message("The journal of the batch cannot be kept: {problem}: {file}", problem=problem, file=path)
        ) from None


def _parsed(line: str) -> dict[str, Any] | None:
    """The entry in a line; None for half of one."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "name" in entry else None
