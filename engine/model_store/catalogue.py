"""The catalogue of weights: data about every file, read from ``weights/catalogue.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from engine.contracts.errors import UnknownNameError, WeightsCorruptError
from engine.contracts.messages import Message, unknown_name

LPIPS = "lpips-alex"
"""The entry that perceptual distances are measured with."""
FOLDER = Path(__file__).resolve().parents[2] / "weights"
"""Where the catalogue and the shipped files are."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One weights file."""

    name: str
    """Key: ``"vgg19-normalised"``."""
    title: str
    """For a person."""
    architecture: str
    """Which loader of :mod:`engine.nets` understands the tensors."""
    file: str
    """File name, in ``weights/`` when shipped, in the repo otherwise."""
    repo: str | None
    """Hub repository; None when shipped."""
    revision: str | None
    """Full commit hash, so that a repository that changes is still found as it was; ``"main"`` where none is known."""
    bytes: int
    """Size of the file; for display, rounded where only a page's figure is known. The sha256 decides."""
    sha256: str
    """SHA-256 of the weights file, in lower-case hex."""
    licence: str
    """As its source states it."""
    origin: str
    """Where it comes from and which recipe made it."""
    paper: str
    """Who described the network."""

    @property
    def shipped(self) -> bool:
        """Whether the file is part of the project."""
        return self.repo is None

    @property
    def megabytes(self) -> str:
        """Size for a person."""
        return f"{self.bytes / 1e6:.0f} MB"


class Catalogue:
    """Entries by name, in the order of the file.

    Raises:
        ValueError: for a double name, a field that is missing or unknown, a sha256 or a revision that is not complete.
    """

    def __init__(self, records: list[dict[str, Any]]) -> None:
        names = {field.name for field in fields(Entry)}
        for record in records:
            if record.keys() != names:
                raise ValueError(f"catalogue entry {record.get('name')!r}: fields differ: {record.keys() ^ names}")
        self._entries = {record["name"]: Entry(**record) for record in records}
        if len(self._entries) != len(records):
            raise ValueError("two catalogue entries have the same name")
        for entry in self:
            if len(entry.sha256) != 64:
                raise ValueError(f"catalogue entry {entry.name!r}: the sha256 has to be given in full")
            if entry.repo and entry.revision != "main" and len(entry.revision or "") != 40:
                raise ValueError(f"catalogue entry {entry.name!r}: the revision has to be a full commit hash or main")

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __getitem__(self, name: str) -> Entry:
        """The entry; UnknownNameError that names the nearest one."""
        if name in self._entries:
            return self._entries[name]
        raise UnknownNameError(unknown_name(Message("weights entry"), name, self._entries))


@cache
def catalogue() -> Catalogue:
    """The project's catalogue, read once.

    Raises:
        WeightsCorruptError: the file is missing or damaged.
    """
    path = FOLDER / "catalogue.json"
    try:
        return Catalogue(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise WeightsCorruptError(
            Message("{file} is missing or damaged; please get it anew from the project.", file=str(path))
        ) from problem
