"""What a batch never writes over: its own sources, and files that it has not made. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from engine.batch.journal import Journal
from engine.batch.sources import Item
from engine.contracts.errors import OutputError
from engine.contracts.messages import Message


def check_apart(items: Sequence[Item], targets: Mapping[Item, PurePosixPath], folder: Path) -> None:
    """See that no result takes the place of a file that the batch works on.

    Raises:
        OutputError: one would, as where the folder of results is that of the files.
    """
    sources = {item.path.resolve() for item in items}
    for item in items:
        if (folder / targets[item]).resolve() in sources:
            raise OutputError(
                Message("The result of {file} would replace a file of the batch; give another folder.", file=item.name)
            )


def check_free(item: Item, target: Path, journal: Journal, *, overwrite: bool) -> None:
    """See that what is in a result's place was made by this batch.

    Raises:
        OutputError: another file is there, and it may not be overwritten.
    """
    if target.exists() and not overwrite and not journal.made(item.name, target):
        raise OutputError(
            Message("{file} is there already and not from this batch; --overwrite replaces it.", file=target.name)
        )
