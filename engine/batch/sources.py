"""Source files of a batch: a folder, a pattern, or a zip archive. No torch here."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from engine.batch.journal import NAME, WRITING
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message

LONGEST_NAME = 255
"""Bytes that file systems allow a name; a Chinese character has three."""
MOST_BYTES = 2 << 30
"""Largest file that is taken out of an archive."""


@dataclass(frozen=True)
class Item:
    """One file of a batch."""

    name: str
    """Path relative to the source, with "/" between its parts; never leads out of it."""
    path: Path
    """Path of the file itself, or of the archive that contains it."""
    inside: bool = False
    """Whether it is in an archive, under its name."""

    def read(self, count: int = -1) -> bytes:
        """Its content, or so many first bytes of it.

        Raises:
            OSError: it cannot be read (damaged archives included).
        """
        if not self.inside:
            with self.path.open("rb") as stream:
                return stream.read(count)
        try:
            with zipfile.ZipFile(self.path) as archive:
                if archive.getinfo(self.name).file_size > MOST_BYTES:
                    raise OSError(f"{self.name} is too large")
                with archive.open(self.name) as stream:
                    return stream.read(count)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise OSError(f"{self.name} cannot be taken out of its archive") from error


class Sources(NamedTuple):
    """Files of a folder, a pattern or an archive."""

    items: list[Item]
    """Those to work on, by their names."""
    skipped: list[str]
    """Names of the others."""


def sources_of(source: str, fits: Callable[[Item], bool], without: Path | None = None) -> Sources:
    """Files of a folder (with its subfolders), of a pattern such as ``photos/*.jpg``, or of a zip, by their names.

    What macOS puts beside the files of others (``._a.jpg``, ``__MACOSX``), and what a batch leaves, is none of them.

    Args:
        source: the folder, pattern or zip; a file or folder of that very name comes before a pattern.
        fits: whether a file is one to work on.
        without: a folder inside the source whose files are none of it: that of results.

    Raises:
        ParameterError: there is nothing to work on.
    """
    path = Path(source)
    if path.is_dir():
        items = [Item(each.relative_to(path).as_posix(), each) for each in path.rglob("*") if each.is_file()]
    elif path.is_file() and not zipfile.is_zipfile(path):  # "photo [1].jpg" is a name before it is a pattern
        items = [Item(path.name, path)]
    elif path.is_file():
        with zipfile.ZipFile(path) as archive:
            items = [Item(each, path, True) for each in archive.namelist() if _leads_inside(each)]
    else:
        paths = [Path(each) for each in glob(source, recursive=True)]
        items = [Item(each.name, each) for each in paths if each.is_file()]
    own = sorted(
        (each for each in items if not _is_apart(each, path, without)), key=lambda each: (each.name, each.path)
    )
    usable, skipped = [], []
    for each in own:
        if fits(each):
            usable.append(each)
        else:
            skipped.append(each.name)
    if not usable:
        raise ParameterError(Message("There is nothing to work on in {source!r}.", source=source))
    return Sources(usable, skipped)


def _is_apart(item: Item, source: Path, without: Path | None) -> bool:
    """Whether a file is a note of macOS about another one, or left by a batch in a folder inside the source."""
    parts = PurePosixPath(item.name).parts
    if "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in (NAME, WRITING):
        return True
    if without is None or not source.is_dir() or without.resolve() == source.resolve():
        return False
    return without.resolve() in item.path.resolve().parents


def _leads_inside(name: str) -> bool:
    """Whether a path in an archive stays where it is unpacked."""
    parts = PurePosixPath(name).parts
    drive = PureWindowsPath(name).drive  # ("12:30.mp4" has none)
    is_file = bool(parts) and not name.endswith("/")
    return is_file and not name.startswith("/") and ".." not in parts and not drive and "\\" not in name


def results_of(items: Sequence[Item], ending: str) -> dict[Item, PurePosixPath]:
    """Where the result of each file goes, relative to the folder of results; no two to the same place.

    ``a.jpg`` becomes ``a.png``; where there is an ``a.webp``, too, they become ``a.jpg.png`` and ``a.webp.png``, and a
    name that a pattern finds in several folders gets a number.
    """
    stems = [PurePosixPath(each.name).with_suffix("") for each in items]
    many = Counter(stems)
    taken: dict[Item, PurePosixPath] = {}
    used: set[PurePosixPath] = set()
    for item, stem in zip(items, stems, strict=True):
        name = PurePosixPath(item.name)
        wanted = stem.with_name(stem.name + ending) if many[stem] == 1 else name.with_name(name.name + ending)
        number = 2
        target = wanted
        while (target := _short(target)) in used:
            target = wanted.with_name(f"{wanted.stem}-{number}{ending}")
            number += 1
        used.add(target)
        taken[item] = target
    return taken


def _short(path: PurePosixPath) -> PurePosixPath:
    """The path with a name that file systems take; what is cut off is told apart by a digest."""
    if len(path.name.encode()) <= LONGEST_NAME:
        return path
    end = f"-{digest(path.name.encode())[:8]}{path.suffix}"
    start = path.name.encode()[: LONGEST_NAME - len(end.encode())].decode(errors="ignore")
    return path.with_name(start + end)


def digest(data: bytes) -> str:
    """SHA-256 of a file's content, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
