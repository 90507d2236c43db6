"""Depth, grey, transparency, colours and metadata of a file go through the door and come out again."""

from __future__ import annotations

import io
from typing import Any

import numpy
import pytest
from PIL import Image, ImageCms

from engine import open_picture
from engine.contracts.notes import NoteKind
from engine.imaging.picture import RECIPE_KEY, read_recipe
from engine.imaging.png import decoded, with_text
from engine.imaging.raster import Raster, filled_under
from tests.support import pictures


def kept(data: bytes | Image.Image, **options: Any) -> Raster:
    raster = open_picture(data, raster=True, **options).raster
    assert raster is not None
    return raster


def written(raster: Raster, kind: str = "png", **text: str) -> bytes:
    stream = io.BytesIO()
    raster.save(stream, kind=kind, text=text)
    return stream.getvalue()


def deep(channels: int) -> numpy.ndarray:
    y, x = numpy.mgrid[0:40, 0:48]
    planes = [(x * 1200 + y * 7).clip(0, 65535), y * 1500, 65535 - x * 900, 20000 + 1000 * y]
    return numpy.stack(planes[:channels] if channels != 2 else [planes[0], planes[3]], axis=-1).astype(numpy.uint16)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_come_back(channels: int) -> None:
    first = written(Raster(deep(channels)))
    raster = kept(first)
    assert raster.values.dtype == numpy.uint16
    assert (raster.values == deep(channels)).all()
    assert (kept(written(raster)).values == deep(channels)).all()
    assert raster.image().mode == "RGB"
    expected = deep(channels)[..., 0][20, 3] / 257
    if channels != 4:
        assert abs(raster.image().getpixel((3, 20))[0] - expected) <= 1  # type: ignore[index]


def test_another_programs_deep_colours_are_read_whole() -> None:
    raster = kept(pictures.deep_rgb_png(deep(3)))
    assert (raster.values == deep(3)).all()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_channels_come_back(mode: str) -> None:
    image = pictures.scene().convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    raster = kept(pictures.encoded(image, "PNG"))
    assert raster.values.shape[2] == len(mode)
    assert raster.grey == (len(mode) < 3)
    with Image.open(io.BytesIO(written(raster))) as again:
        assert again.mode == mode
        assert again.tobytes() == image.tobytes()


def test_palettes_and_hidden_alpha_become_plain() -> None:
    photo = pictures.scene()
    assert kept(pictures.encoded(photo.quantize(64), "PNG")).values.shape[2] == 3
    assert kept(pictures.encoded(photo.convert("RGBA"), "PNG")).values.shape[2] == 3
    assert kept(pictures.encoded(photo.convert("1"), "PNG")).values.shape[2] == 1
    cmyk = kept(pictures.encoded(photo.convert("CMYK"), "JPEG"))
    assert cmyk.values.shape[2] == 3
    assert cmyk.profile is None
    assert kept(photo).values.shape == (72, 96, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_metadata_stays_and_the_picture_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Pentimento"
    data = pictures.encoded(pictures.scene(), "PNG", exif=exif.tobytes())
    raster = kept(data)
    upright, both = open_picture(data), open_picture(data, raster=True)
    assert (raster.values == numpy.asarray(upright.image)).all()
    assert both.image.tobytes() == upright.image.tobytes()
    assert both.notes == upright.notes
    for kind in ("png", "jpeg"):
        with Image.open(io.BytesIO(written(raster, kind))) as again:
            assert again.getexif()[0x010F] == "Pentimento"
            assert again.getexif().get(0x0112, 1) == 1


def test_the_metadata_of_the_callers_image_stays() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Pentimento"
    image = Image.open(io.BytesIO(pictures.encoded(pictures.scene(), "JPEG", exif=exif.tobytes())))
    assert kept(image).values.shape == (96, 72, 3)
    assert dict(image.getexif()) == {0x0112: 6, 0x010F: "Pentimento"}


def test_metadata_that_a_jpeg_cannot_hold_is_left_out() -> None:
    values = numpy.asarray(pictures.scene())
    with Image.open(io.BytesIO(written(Raster(values, exif=b"Exif\0\0" + 70_000 * b"x"), "jpeg"))) as again:
        assert again.size == (96, 72)


def test_a_picture_without_metadata_gets_none() -> None:
    assert kept(pictures.encoded(pictures.scene(), "JPEG")).exif is None
    exif = Image.Exif()
    exif[0x010F] = "Pentimento"
    exif.get_ifd(0x8769).update({0xA002: 96, 0xA003: 72, 0x9003: "2026:11:22 12:00:00"})
    with Image.open(
        io.BytesIO(written(kept(pictures.encoded(pictures.scene(), "JPEG", exif=exif.tobytes()))))
    ) as again:
        assert dict(again.getexif().get_ifd(0x8769)) == {0x9003: "2026:11:22 12:00:00"}


def test_a_tiffs_own_structure_is_not_metadata() -> None:
    raster = kept(pictures.encoded(pictures.scene(), "TIFF"))
    with Image.open(io.BytesIO(written(raster))) as again:
        assert not {0x0100, 0x0101, 0x0102, 0x0111, 0x0117} & set(again.getexif())


def test_the_colour_profile_stays_and_the_image_is_in_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = lab.replace(b"sRGB", b"wide")  # another name: no longer taken for sRGB
    raster = kept(pictures.encoded(pictures.scene(), "PNG", icc_profile=wide))
    assert raster.profile == wide
    for kind in ("png", "jpeg"):
        with Image.open(io.BytesIO(written(raster, kind))) as again:
            assert again.info["icc_profile"] == wide
    difference = numpy.asarray(raster.image()).astype(int) - numpy.asarray(pictures.scene())
    assert abs(difference).max() <= 2


def test_a_recipe_is_kept_beside_everything_else() -> None:
    for values in (deep(3), numpy.asarray(pictures.scene())):
        for kind in ("png", "jpeg"):
            data = written(Raster(values), kind, **{RECIPE_KEY: '{"ü": 1}'})
            assert read_recipe(io.BytesIO(data)) == '{"ü": 1}'


def test_a_recipe_changes_nothing_else() -> None:
    grey = pictures.scene().convert("LA")
    grey.putalpha(Image.linear_gradient("L").resize(grey.size))
    data = written(kept(pictures.encoded(grey, "PNG")))
    again = with_text(data, {RECIPE_KEY: "{}"})
    assert read_recipe(io.BytesIO(again)) == "{}"
    with Image.open(io.BytesIO(again)) as image:
        assert (image.mode, image.tobytes()) == ("LA", grey.tobytes())
    assert with_text(data, {}) == data


def test_the_file_is_a_png_that_others_can_read() -> None:
    data = written(Raster(deep(3), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"), text="grüße")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (48, 40)
    samples = decoded(data)
    assert samples is not None
    assert (samples == deep(3)).all()
    assert decoded(b"nothing") is None


def test_large_pictures_are_reduced_with_their_depth() -> None:
    raster = kept(written(Raster(deep(3))), working_pixels=480)
    assert raster.values.shape == (20, 24, 3)
    assert raster.values.dtype == numpy.uint16


def test_notes_say_only_what_is_true_of_a_raster() -> None:
    half = pictures.scene().convert("RGBA")
    half.putalpha(128)
    assert [note.kind for note in open_picture(pictures.encoded(half, "PNG")).notes] == [NoteKind.TRANSPARENCY]
    assert open_picture(pictures.encoded(half, "PNG"), raster=True).notes == ()


def test_colours_under_transparency_come_from_around() -> None:
    values = numpy.zeros((40, 40, 4), numpy.uint8)
    values[:, :20] = (200, 100, 50, 255)
    filled = filled_under(Raster(values))
    assert (filled.values[:, 20:, :3] == (200, 100, 50)).all()
    assert (filled.values[..., 3] == values[..., 3]).all()
    assert (values[:, 20:, 0] == 0).all()
    nothing = Raster(numpy.zeros((20, 20, 4), numpy.uint8))
    assert filled_under(nothing).values.shape == (20, 20, 4)
