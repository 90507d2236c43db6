"""Every file that is written is one that others open without a complaint."""

from __future__ import annotations

import io
import warnings

import cv2
import imagecodecs
import numpy
import pytest
from PIL import Image

from engine import open_picture
from engine.contracts.notes import NoteKind
from engine.imaging import profiles
from tests.support import pictures
from tests.support.profiles import GREY, LINEAR
from tests.support.rasters import MATRIX, raster, written


@pytest.mark.parametrize(("channels", "depth", "profile", "kind"), MATRIX)
def test_a_written_file_opens_without_a_warning(
    channels: int, depth: str, profile: str, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = raster(channels, depth, profile)
    data = written(picture, kind)
    capfd.readouterr()
    by_opencv = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_UNCHANGED)  # libpng tells what is wrong
    assert by_opencv is not None
    by_codec = imagecodecs.png_decode(data) if kind == "png" else imagecodecs.jpeg8_decode(data)
    assert capfd.readouterr() == ("", "")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        kept = image.info.get("icc_profile")
    assert kept is None or profiles.fits(kept, grey=by_codec.ndim == 2 or by_codec.shape[2] < 3)
    if kind == "png":
        again = by_codec[..., None] if by_codec.ndim == 2 else by_codec
        assert numpy.array_equal(again, picture.values)
        assert again.dtype == depth


def test_colours_are_what_the_profile_says() -> None:
    """A profile is judged by its curves, not by its name, in which there is sRGB."""
    grey = Image.new("RGB", (32, 32), (55, 55, 55))
    data = pictures.encoded(grey, "PNG", icc_profile=LINEAR)
    assert abs(open_picture(data).image.getpixel((5, 5))[0] - 128) <= 2  # type: ignore[index]
    plain = pictures.encoded(grey, "PNG", icc_profile=profiles.SRGB)
    assert open_picture(plain).image.getpixel((5, 5)) == (55, 55, 55)
    assert not open_picture(plain).notes


def test_a_profile_for_other_colours_is_neither_used_nor_kept() -> None:
    data = pictures.encoded(pictures.scene(), "PNG", icc_profile=GREY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = open_picture(data, raster=True)
    assert picture.raster is not None
    assert picture.raster.profile is None
    assert picture.image.tobytes() == pictures.scene().tobytes()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_a_grey_profile_is_used_and_kept(channels: int, depth: str) -> None:
    opened = open_picture(written(raster(channels, depth, "grey"), "png"), raster=True)
    assert opened.raster is not None
    assert opened.raster.profile == GREY
    assert NoteKind.PROFILE_IGNORED not in [note.kind for note in opened.notes]
    assert abs(numpy.asarray(opened.image).astype(int) - numpy.asarray(opened.raster.image())).max() <= 2
