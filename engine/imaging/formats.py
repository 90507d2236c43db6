"""Kinds of picture files that are written, and what they can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.contracts.errors import OutputError
from engine.contracts.messages import Message

FileKind = Literal["png", "jpeg"]
LONGEST_SIDE: Mapping[FileKind, int] = {"jpeg": 65_500, "png": 2**31 - 1}
"""Most pixels of a side that a kind of file can hold; libjpeg allows itself a little less than its format."""


def check_format(size: tuple[int, int], kind: FileKind) -> None:
    """Refuse a kind of file that cannot hold a picture of a size.

    Raises:
        OutputError: it is too large for it.
    """
    if max(size) > LONGEST_SIDE[kind]:
        raise OutputError(
            Message(
                "{format} files hold at most {limit} pixels a side, and this result has {width} x {height}; "
                "please choose PNG.",
                format=kind.upper(), limit=LONGEST_SIDE[kind], width=size[0], height=size[1],
            )
        )  # fmt: skip
