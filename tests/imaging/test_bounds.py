"""Files that are small and make much work: refused by what their headers say, or read in bounded time and memory."""

from __future__ import annotations

import io
import time
import tracemalloc

import numpy
import pytest
import tifffile

from engine import open_picture
from engine.contracts.errors import PictureError, PictureSizeError, UnreadablePictureError
from engine.imaging import door
from tests.support import pictures


def pages(count: int) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as out:
        for _ in range(count):
            out.write(numpy.zeros((16, 16), numpy.uint8), metadata=None, contiguous=False)
    return stream.getvalue()


def test_a_file_of_very_many_pages_is_refused() -> None:
    start = time.perf_counter()
    with pytest.raises(UnreadablePictureError) as refusal:
        open_picture(pages(door.MOST_FRAMES + 1))
    assert refusal.value.fields == {"count": door.MOST_FRAMES + 1}
    assert time.perf_counter() - start < 20
    assert [str(note) for note in open_picture(pages(3)).notes] == ["first of 3 frames"]


def test_a_photo_of_very_many_scans_is_refused() -> None:
    data = pictures.encoded(pictures.noisy(), "JPEG", progressive=True)
    assert open_picture(data).size == (96, 72)
    first = data.index(b"\xff\xda")
    many = data[:first] + data[first:-2] * 60 + data[-2:]
    with pytest.raises(UnreadablePictureError):
        open_picture(many)


@pytest.mark.parametrize("large_first", [True, False])
def test_a_size_that_is_stated_twice_takes_no_memory(large_first: bool) -> None:
    """64 x 64 for one reader, 16,000 x 16,000 for another, which could read it: its pixels are there, packed."""
    stream = io.BytesIO()
    black = numpy.zeros((8_000, 16_000, 3), numpy.uint16)
    tifffile.imwrite(stream, black, photometric="rgb", metadata=None, compression="zlib", rowsperstrip=16_000)
    del black
    data = bytearray(stream.getvalue())
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    entries = [bytes(data[start + 2 + 12 * index : start + 14 + 12 * index]) for index in range(count)]
    twice: list[bytes] = []
    for entry in entries:
        tag = int.from_bytes(entry[:2], "little")
        small = entry[:8] + (64).to_bytes(4, "little")
        twice += ([entry, small] if large_first else [small, entry]) if tag in (256, 257) else [entry]
    data += len(twice).to_bytes(2, "little") + b"".join(twice) + bytes(4)
    data[4:8] = (len(data) - 6 - 12 * len(twice)).to_bytes(4, "little")
    tracemalloc.start()
    try:
        with pytest.raises(PictureSizeError if large_first else PictureError):
            open_picture(bytes(data), raster=True)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000, "decoded, it would take 768 MB"
    finally:
        tracemalloc.stop()
