from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageCms

from engine import PentimentoError, open_picture, save_picture
from engine.contracts.errors import PictureError
from engine.imaging.picture import read_recipe
from tests.support import pictures

REFUSED, ACCEPTED = pictures.refused(), pictures.accepted()


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    data, word = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(PictureError) as raised:
        open_picture(path)
    sentence = str(raised.value)
    assert word in sentence
    assert str(tmp_path) not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_file_becomes_an_rgb_picture_like_the_original(name: str) -> None:
    data, note = ACCEPTED[name]
    picture = open_picture(data)
    assert picture.image.mode == "RGB"
    assert note in " ".join(picture.notes)
    assert bool(note) == bool(picture.notes)
    if name not in ("bilevel.png", "long.png"):
        expected = numpy.asarray(pictures.scene()).astype(float)
        if "transparency" in note:
            expected = 0.5 * expected + 127.5
        if name in ("grey16.png", "la.png"):
            expected = expected @ (0.299, 0.587, 0.114)
            expected = numpy.repeat(expected[..., None], 3, axis=-1)
        assert numpy.abs(numpy.asarray(picture.image) - expected).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = pictures.scene()
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for change in undo.get(orientation, []):
        stored = stored.transpose(change)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(pictures.encoded(stored, "PNG", exif=exif))
    assert numpy.array_equal(numpy.asarray(picture.image), numpy.asarray(upright))
    assert ("rotated by EXIF" in picture.notes) == (orientation > 1)


def test_a_large_picture_is_reduced_and_says_so() -> None:
    picture = open_picture(pictures.encoded(pictures.scene(4000, 3000), "JPEG"), working_pixels=1_000_000)
    assert picture.size[0] * picture.size[1] == pytest.approx(1_000_000, rel=0.02)
    assert picture.size[0] / picture.size[1] == pytest.approx(4 / 3, rel=0.02)
    assert picture.notes == ("12 MP reduced to 1 MP",)


def test_a_foreign_colour_profile_is_converted() -> None:
    swapped = io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = swapped.getvalue().replace(b"rXYZ", b"\0tmp").replace(b"bXYZ", b"rXYZ").replace(b"\0tmp", b"bXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    picture = open_picture(pictures.encoded(pictures.scene(), "PNG", icc_profile=profile))
    assert "colour profile 'swap built-in' to sRGB" in picture.notes
    red_and_blue_changed_places = numpy.asarray(pictures.scene())[..., ::-1].astype(float)
    assert numpy.abs(numpy.asarray(picture.image) - red_and_blue_changed_places).mean() < 4


def test_a_broken_colour_profile_is_ignored() -> None:
    plain = numpy.asarray(pictures.scene())
    broken = open_picture(pictures.encoded(pictures.scene(), "PNG", icc_profile=b"not a profile"))
    assert "unusable colour profile ignored" in broken.notes
    assert numpy.array_equal(numpy.asarray(broken.image), plain)


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_damaged_files_are_read_or_refused(name: str) -> None:
    """Whatever a decoder raises, a visitor gets a picture or a sentence."""
    generator = random.Random(name)
    data, _ = ACCEPTED[name]
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(generator.choice((1, 3, 20))):
            damaged[generator.randrange(min(len(damaged), 4000))] = generator.randrange(256)
        with contextlib.suppress(PictureError):
            assert open_picture(bytes(damaged)).image.mode == "RGB"


def test_the_callers_image_is_untouched_and_not_shared() -> None:
    mine = pictures.scene()
    before = mine.tobytes()
    picture = open_picture(mine)
    picture.image.paste("red", (0, 0, 10, 10))
    assert mine.tobytes() == before


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(PentimentoError, match=r"no readable file 'gone.png'"):
        open_picture(tmp_path / "gone.png")


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_saved_picture_keeps_pixels_profile_and_recipe_only(kind: str) -> None:
    stream = io.BytesIO()
    mine = pictures.scene()
    mine.info["comment"] = b"private"
    save_picture(mine, stream, kind=kind, recipe='{"seed": 3}')  # type: ignore[arg-type]
    stream.seek(0)
    assert read_recipe(stream) == '{"seed": 3}'
    with Image.open(stream) as again:
        assert "icc_profile" in again.info
        assert not again.getexif()
        assert numpy.abs(numpy.asarray(again).astype(int) - numpy.asarray(mine)).mean() < (0.01 if kind == "png" else 3)
    bare = io.BytesIO()
    save_picture(mine, bare, kind=kind)  # type: ignore[arg-type]
    assert b"private" not in bare.getvalue()
    bare.seek(0)
    assert not read_recipe(bare)
