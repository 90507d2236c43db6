"""The one door for pictures: what is refused, and what becomes of odd files."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image, ImageCms

from engine import open_picture
from engine.contracts.errors import PictureError, PictureSizeError, UnreadablePictureError
from engine.contracts.messages import Message
from engine.contracts.notes import NoteKind
from engine.imaging.door import MAXIMUM_PIXELS, MINIMUM_SIDE
from engine.imaging.picture import Picture
from tests.support import pictures

REFUSED, ACCEPTED = pictures.refused(), pictures.accepted()
LIMIT = MAXIMUM_PIXELS // 1_000_000
REASONS: Mapping[str, tuple[type[PictureError], Mapping[str, Any]]] = {
    "bomb.png": (PictureSizeError, {"limit": LIMIT}),
    "huge.png": (PictureSizeError, {"limit": LIMIT}),
    "truncated.jpg": (UnreadablePictureError, {}),
    "truncated.png": (UnreadablePictureError, {}),
    "text.png": (UnreadablePictureError, {}),
    "empty.png": (UnreadablePictureError, {}),
    "drawing.svg": (UnreadablePictureError, {"format": "SVG", "instead": "PNG"}),
    "drawing.png": (UnreadablePictureError, {"format": "SVG", "instead": "PNG"}),
    "photo.heic": (UnreadablePictureError, {"format": "HEIC", "instead": "JPEG"}),
    "dot.png": (PictureSizeError, {"width": 1, "height": 1, "minimum": MINIMUM_SIDE}),
    "thread.png": (PictureSizeError, {"width": 5, "height": 4000, "minimum": MINIMUM_SIDE}),
    "float.tiff": (UnreadablePictureError, {"feature": Message("floating-point samples")}),
    "pages.pdf": (UnreadablePictureError, {}),
}
"""Why each of the files is refused: the type of the error, and its fields."""
SAME_REASON = (("truncated.jpg", "truncated.png"), ("text.png", "pages.pdf"), ("empty.png",))
"""Files that are refused by an error without fields."""
NOTES: Mapping[str, NoteKind] = {
    "animated.gif": NoteKind.FRAME,
    "animated.webp": NoteKind.FRAME,
    "cmyk.jpg": NoteKind.CMYK,
    "grey16.png": NoteKind.DEPTH,
    "rgb16.png": NoteKind.DEPTH,
    "la.png": NoteKind.TRANSPARENCY,
    "rgba.png": NoteKind.TRANSPARENCY,
}
"""What the door notes of odd files; of the others, nothing."""


def kinds(picture: Picture) -> list[NoteKind]:
    return [note.kind for note in picture.notes]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(REFUSED[name][0])
    with pytest.raises(PictureError) as refusal:
        open_picture(path)
    kind, fields = REASONS[name]
    assert type(refusal.value) is kind
    assert refusal.value.fields == fields
    sentence = str(refusal.value)
    assert str(tmp_path) not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_files_are_told_apart_by_what_is_wrong_with_them() -> None:
    templates = []
    for names in SAME_REASON:
        refusals = set()
        for name in names:
            with pytest.raises(UnreadablePictureError) as refusal:
                open_picture(REFUSED[name][0])
            refusals.add(refusal.value.message.template)
        assert len(refusals) == 1, names
        templates += refusals
    assert len(set(templates)) == len(SAME_REASON)


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_file_becomes_an_rgb_picture_like_the_original(name: str) -> None:
    picture = open_picture(ACCEPTED[name][0])
    assert picture.image.mode == "RGB"
    assert kinds(picture) == ([NOTES[name]] if name in NOTES else [])
    if name not in ("bilevel.png", "long.png"):
        expected = numpy.asarray(pictures.scene()).astype(float)
        if NOTES.get(name) is NoteKind.TRANSPARENCY:
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
    assert kinds(picture) == ([NoteKind.ROTATED] if orientation > 1 else [])


def test_a_large_picture_is_reduced_and_says_so() -> None:
    picture = open_picture(pictures.encoded(pictures.scene(4000, 3000), "JPEG"), working_pixels=1_000_000)
    assert picture.size[0] * picture.size[1] == pytest.approx(1_000_000, rel=0.02)
    assert picture.size[0] / picture.size[1] == pytest.approx(4 / 3, rel=0.02)
    (note,) = picture.notes
    assert note.kind is NoteKind.REDUCED
    assert note.message.values == {"megapixels": 12, "now": pytest.approx(1, rel=0.02)}


def test_a_foreign_colour_profile_is_converted() -> None:
    swapped = io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = swapped.getvalue().replace(b"rXYZ", b"\0tmp").replace(b"bXYZ", b"rXYZ").replace(b"\0tmp", b"bXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    picture = open_picture(pictures.encoded(pictures.scene(), "PNG", icc_profile=profile))
    (note,) = picture.notes
    assert note.kind is NoteKind.PROFILE
    assert note.message.values == {"profile": "swap built-in"}
    red_and_blue_changed_places = numpy.asarray(pictures.scene())[..., ::-1].astype(float)
    assert numpy.abs(numpy.asarray(picture.image) - red_and_blue_changed_places).mean() < 4


def test_a_broken_colour_profile_is_ignored() -> None:
    plain = numpy.asarray(pictures.scene())
    broken = open_picture(pictures.encoded(pictures.scene(), "PNG", icc_profile=b"not a profile"))
    assert kinds(broken) == [NoteKind.PROFILE_IGNORED]
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
    with pytest.raises(UnreadablePictureError) as refusal:
        open_picture(tmp_path / "gone.png")
    assert refusal.value.fields == {"file": "gone.png"}
