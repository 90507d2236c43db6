"""Formats of picture files: those that are read, told by their first bytes, and those that are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from PIL import Image

from engine.contracts.errors import OutputError
from engine.contracts.messages import Message

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
ENDINGS = (
    ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp",
)  # fmt: skip
"""Endings of the files that are taken from a folder; others are, too, where they begin as pictures do."""
_STARTS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|BM.{4}\0\0\0\0|II[*+]\0|MM\0[*+]|RIFF.{4}WEBP|.{4}ftyp(avif|avis|mif1)",
    re.DOTALL,
)
"""First bytes of a file of each of the formats."""
TABLE_SUM = 3688
"""Sum of the standard's example of a quantisation table for brightness (ITU-T T.81, table K.1): quality 50."""
SNIFFED_BYTES = 32
"""So many bytes tell what a file is."""

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


def jpeg_quality(image: Image.Image) -> int | None:
    """The quality that an encoder by the Independent JPEG Group was set to, from 1 to 100; None for other formats.

    From the first quantisation table, the one of brightness, by its sum; other encoders' tables give the like. Below 25
    it seems a little better than it is, for a table ends at 255.
    """
    tables: Mapping[int, Sequence[int]] | None = getattr(image, "quantization", None)
    if image.format not in ("JPEG", "MPO") or not tables:
        return None
    percent = 100 * sum(next(iter(tables.values()))) / TABLE_SUM
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return min(100, max(1, round(quality)))


def begins_as_picture(start: bytes) -> bool:
    """Whether a file with these first bytes is one of the formats that are read, whatever its name is."""
    return _STARTS.match(start) is not None


def why_unknown(data: bytes) -> Message:
    """One sentence about a file that none of the allowed decoders knows."""
    start = data[:512].lstrip().lower()
    if not data:
        return Message("This file is empty; please choose a picture.")
    if b"<svg" in start or start.startswith(b"<?xml"):
        return Message("{format} files are not supported; please export it as {instead}.", format="SVG", instead="PNG")
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return Message(
            "{format} files are not supported; please export it as {instead}.", format="HEIC", instead="JPEG"
        )
    return Message("This is not a picture that can be read here; please use JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP.")
