"""Photos to train on: from folders and archives, through the door that visitors' pictures come through."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy
from numpy.typing import NDArray

from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.messages import Message
from engine.imaging.door import open_picture
from engine.imaging.formats import ENDINGS


def read_photos(source: Path, *, shortest: int) -> list[NDArray[numpy.uint8]]:
    """Every picture in a folder (with its subfolders) or a .tar, ``(H, W, 3)``; in the order of their names.

    Files that are no pictures, and pictures with a side below ``shortest`` pixels, are left out.

    Raises:
        ParameterError: nothing usable was found there.
    """
    photos = []
    for data in _files(source):
        try:
            values = numpy.asarray(open_picture(data).image)
        except PictureError:
            continue
        if min(values.shape[:2]) >= shortest:
            photos.append(values)
    if not photos:
        raise ParameterError(
            Message(
                "There is no picture of at least {shortest} pixels a side in {source!r}.",
                shortest=shortest,
                source=source.name,
            )
        )
    return photos


def _files(source: Path) -> Iterator[bytes]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in ENDINGS:
                yield path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            members = sorted((each for each in archive if each.isfile()), key=lambda each: each.name)
            for member in members:
                stream = archive.extractfile(member)
                if stream is not None and Path(member.name).suffix.lower() in ENDINGS:
                    yield stream.read()
    except (OSError, tarfile.TarError):
        raise ParameterError(
            Message("{source!r} is neither a folder nor a .tar archive that can be read.", source=source.name)
        ) from None
