"""Which method suits a picture: by its file, its noise and its colours."""

from __future__ import annotations

import io

import numpy
import pytest
from PIL import Image, ImageDraw

from engine import open_picture
from engine.contracts.notes import NoteKind
from engine.imaging.formats import jpeg_quality
from engine.super_resolution.advice import advice, noise_of, remark
from tests.support.pictures import EXAMPLES, encoded, scene


def photo() -> Image.Image:
    return Image.open(EXAMPLES / "cat.jpg").convert("RGB")


def drawing() -> Image.Image:
    image = Image.new("RGB", (300, 240), "white")
    pen = ImageDraw.Draw(image)
    for index, colour in enumerate(("#d03030", "#f0c040", "#3060c0", "#40a050", "#f0d0c0")):
        left = 20 + 50 * index
        pen.ellipse((left, 30 + 20 * index, left + 90, 130 + 20 * index), colour, "black", 4)
    return image


def method_for(data: bytes) -> str | None:
    found = advice(open_picture(data))
    return found.method if found else None


def test_a_clean_photo_keeps_the_default() -> None:
    assert method_for(encoded(photo(), "PNG")) is None
    assert method_for(encoded(photo(), "JPEG", quality=90)) is None
    assert remark(open_picture(photo())) is None


def test_a_poor_jpeg_and_a_noisy_photo_are_real_photos() -> None:
    found = advice(open_picture(encoded(photo(), "JPEG", quality=40)))
    assert found is not None
    assert found.method == "real-esrgan"
    assert found.reason.values == {"quality": 40}
    noise = numpy.random.default_rng(0).normal(0, 12, (*photo().size[::-1], 3))
    noisy = Image.fromarray((numpy.asarray(photo()) + noise).clip(0, 255).astype(numpy.uint8))
    assert method_for(encoded(noisy, "PNG")) == "real-esrgan"


@pytest.mark.parametrize("options", [{}, {"quality": 90}, {"quality": 60}])
def test_flat_colours_with_outlines_are_a_drawing(options: dict[str, int]) -> None:
    assert method_for(encoded(drawing(), "JPEG" if options else "PNG", **options)) == "drawing"
    note = remark(open_picture(drawing()))
    assert note is not None
    assert note.kind is NoteKind.ADVICE


def test_an_empty_sky_is_no_drawing() -> None:
    y = numpy.mgrid[0:200, 0:300][0]
    sky = numpy.stack([120 + y // 4, 150 + y // 5, 200 + y // 9], -1).clip(0, 255).astype(numpy.uint8)
    assert method_for(encoded(Image.fromarray(sky), "PNG")) is None


@pytest.mark.parametrize("deviation", [3.0, 6.0, 12.0])
def test_noise_is_measured_beside_things(deviation: float) -> None:
    plain = numpy.asarray(scene(256, 192))
    noise = numpy.random.default_rng(1).normal(0, deviation, (*plain.shape[:2], 1))
    noisy = (plain + noise).clip(0, 255).astype(numpy.uint8)
    assert noise_of(noisy) == pytest.approx(deviation, rel=0.25)
    assert noise_of(plain) < 0.5
    assert noise_of(plain[:10, :10]) == 0


@pytest.mark.parametrize("quality", [30, 40, 75, 92, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_table(quality: int) -> None:
    data = encoded(photo(), "JPEG", quality=quality)
    assert open_picture(data).jpeg_quality == pytest.approx(quality, abs=1)
    with Image.open(io.BytesIO(encoded(photo(), "PNG"))) as image:
        assert jpeg_quality(image) is None
