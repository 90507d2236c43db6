"""TIFF files of all kinds are read as what they mean, or refused by the name of what cannot be read."""

from __future__ import annotations

import io
from typing import Any

import numpy
import pytest
import tifffile

from engine import open_picture
from engine.contracts.errors import PictureSizeError, UnreadablePictureError
from engine.imaging.raster import Raster

HEIGHT, WIDTH = 24, 40


def colours(channels: int, dtype: str = "uint16") -> numpy.ndarray:
    """Planes that differ from each other, the last of them never zero."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    planes = numpy.stack([x * 1600, y * 2600, 65000 - x * y * 60, 20000 + x * 1000, y * 100], axis=-1)[..., :channels]
    return (planes >> (8 if dtype == "uint8" else 0)).astype(dtype)


def written(values: numpy.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    options.setdefault("photometric", "rgb" if values.ndim == 3 else "minisblack")
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


def read(data: bytes) -> Raster:
    picture = open_picture(data, raster=True)
    raster = picture.raster
    assert raster is not None
    shown = numpy.asarray(open_picture(data).image).astype(int)
    assert abs(shown - numpy.asarray(raster.image())).max() <= 1, "what is seen is what is kept"
    return raster


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "zstd"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_colours_come_through(dtype: str, compression: str | None, planes: str) -> None:
    values = colours(3, dtype)
    stored = numpy.moveaxis(values, -1, 0) if planes == "separate" else values
    predictor = {"predictor": 2} if compression in ("zlib", "lzw", "zstd") else {}
    raster = read(written(stored, planarconfig=planes, compression=compression, **predictor))
    assert raster.values.dtype == dtype
    assert numpy.array_equal(raster.values, values)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiles_and_both_byte_orders(order: str) -> None:
    values = colours(3)
    for options in ({}, {"tile": (16, 16)}, {"bigtiff": True}, {"rowsperstrip": 5}):
        assert numpy.array_equal(read(written(values, byteorder=order, **options)).values, values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_premultiplied_alpha_is_divided_out(dtype: str) -> None:
    values = colours(4, dtype)
    white = numpy.iinfo(values.dtype).max
    multiplied = values.copy()
    multiplied[..., :3] = (values[..., :3].astype(float) * values[..., 3:] / white).round()
    raster = read(written(multiplied, extrasamples=["assocalpha"]))
    assert numpy.array_equal(raster.values[..., 3], values[..., 3])
    assert abs(raster.values.astype(int) - values).max() <= 3
    assert numpy.array_equal(read(written(values, extrasamples=["unassalpha"])).values, values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_channels_without_a_meaning_are_left_out(dtype: str) -> None:
    values = colours(5, dtype)
    raster = read(written(values, extrasamples=["unspecified", "unassalpha"]))
    assert numpy.array_equal(raster.values, values[..., [0, 1, 2, 4]])
    assert numpy.array_equal(read(written(colours(4, dtype), extrasamples=[0])).values, colours(3, dtype))


def test_grey_with_alpha() -> None:
    values = colours(2)
    values[..., 1] |= 1
    raster = read(written(values, photometric="minisblack", planarconfig="contig", extrasamples=[2]))
    assert numpy.array_equal(raster.values, values)


def test_grey_that_begins_at_white() -> None:
    values = colours(1)[..., 0]
    assert numpy.array_equal(read(written(values)).values[..., 0], values)
    assert numpy.array_equal(read(written(values, photometric="miniswhite")).values[..., 0], 65535 - values)


def test_ten_bits_reach_white() -> None:
    values = (numpy.mgrid[0:HEIGHT, 0:WIDTH][1] * 1023 // (WIDTH - 1)).astype(numpy.uint16)
    raster = read(written(values, bitspersample=10))
    assert (raster.values.min(), raster.values.max()) == (0, 65535)
    assert abs(raster.values[..., 0] - values / 1023 * 65535).max() < 1


@pytest.mark.parametrize("turn", [3, 6, 8])
def test_deep_pictures_are_turned(turn: int) -> None:
    values = colours(3)
    turned = {3: values[::-1, ::-1], 6: values.swapaxes(0, 1)[:, ::-1], 8: values.swapaxes(0, 1)[::-1]}[turn]
    raster = read(written(values, extratags=[(274, "H", 1, turn, True)]))
    assert numpy.array_equal(raster.values, turned)


@pytest.mark.parametrize(
    ("values", "options", "feature"),
    [
        (colours(3).astype(numpy.float32) / 65535, {}, "floating-point samples"),
        (colours(1)[..., 0].astype(numpy.float32), {}, "floating-point samples"),
        (colours(1)[..., 0].astype(numpy.int32), {}, "samples of 32 bits"),
        (colours(3).astype(numpy.uint32), {}, "samples of 32 bits"),
        (colours(1)[..., 0].astype(numpy.int16), {}, "signed samples"),
        (colours(4), {"photometric": "separated", "planarconfig": "contig", "tile": (16, 16)}, None),
        (numpy.moveaxis(colours(4), -1, 0), {"photometric": "separated", "planarconfig": "separate"}, "printing inks"),
        (colours(3), {"photometric": "cielab"}, "colours of another kind than RGB"),
    ],
)
def test_what_has_no_clear_meaning_is_refused_by_its_name(
    values: numpy.ndarray, options: dict[str, Any], feature: str | None
) -> None:
    data = written(values, **options)
    if feature is None:  # inks in one plane have a meaning
        assert open_picture(data).size == (WIDTH, HEIGHT)
        return
    with pytest.raises(UnreadablePictureError) as refusal:
        open_picture(data)
    assert feature in str(refusal.value.fields["feature"])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_that_ends_too_early_is_damaged(compression: str | None) -> None:
    data = written(colours(3), compression=compression)
    with pytest.raises(UnreadablePictureError):
        open_picture(data[: len(data) * 2 // 3])
    for length in range(8, 300, 7):
        with pytest.raises(UnreadablePictureError):
            open_picture(data[:length])


def test_a_huge_picture_is_refused_from_its_header() -> None:
    huge = bytearray(written(colours(3)))
    with tifffile.TiffFile(io.BytesIO(huge)) as file:
        places = [file.pages[0].tags[name].valueoffset for name in ("ImageWidth", "ImageLength")]
    for place in places:
        huge[place : place + 2] = (60_000).to_bytes(2, "little")
    with pytest.raises(PictureSizeError):
        open_picture(bytes(huge))
