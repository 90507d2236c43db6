"""The task as a visitor has it: files in, files out, and nothing but the hole changes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest
from PIL import Image, ImageCms

from engine import TASKS, Job, Picture, Result, Walk, open_picture, run
from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.parameters import parse
from engine.imaging.comparison import Comparison
from engine.imaging.raster import decoded
from tests.support import pictures

TASK = TASKS["inpainting"]
IMAGE, MASK = TASK.inputs
WIDE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"wide")


def holed(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Picture:
    """A mask with boxes (left, top, right, bottom)."""
    mask = Image.new("L", size)
    for box in boxes or ((30, 20, 50, 40),):
        mask.paste(255, box)
    return MASK.open(mask)


def filled(source: Any, mask: Picture | None = None, job: Job | None = None, **values: Any) -> Result:
    picture = IMAGE.open(source)
    given = {"image": [picture], "mask": [mask or holed(picture.size)]}
    return Walk(run(TASK, given, parse(TASK.parameters, {"method": "network", **values}), job)).finish()


def inside(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> numpy.ndarray:
    return numpy.asarray(holed(size, *boxes).image.convert("L")) > 127


def saved(result: Result) -> bytes:
    stream = io.BytesIO()
    result.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("method", ["auto", "network", "refined", "classical"])
def test_known_pixels_come_back_to_the_last_bit(method: str) -> None:
    before = pictures.noisy()
    result = filled(before, method=method, feather=0, iterations=2)
    hole = inside(before.size)
    after, given = numpy.asarray(result.image), numpy.asarray(before)
    assert numpy.array_equal(after[~hole], given[~hole])
    assert not numpy.array_equal(after[hole], given[hole])


def test_feathering_and_growing_change_as_far_as_they_say() -> None:
    before = pictures.noisy()
    after = numpy.asarray(filled(before, feather=3, grow=2).image)
    changed = (after != numpy.asarray(before)).any(axis=2)
    distance = cv2.distanceTransform((~inside(before.size)).astype(numpy.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert not changed[distance >= 2 + 3 + 1].any()
    assert changed[(distance > 0) & (distance <= 2)].mean() > 0.8


def test_a_removed_object_is_not_seen_again() -> None:
    """No ghost at the rim: the same filling, whatever was under the mask."""
    plain = pictures.scene()
    marked = plain.copy()
    marked.paste((255, 0, 255), (30, 20, 50, 40))
    assert filled(plain, feather=0).image.tobytes() == filled(marked, feather=0).image.tobytes()


def test_several_holes_and_holes_at_the_border() -> None:
    before = pictures.noisy(300, 200)
    boxes = ((0, 0, 30, 20), (270, 150, 300, 200), (140, 90, 160, 110))
    after = numpy.asarray(filled(before, holed(before.size, *boxes), feather=0).image)
    hole = inside(before.size, *boxes)
    changed = (after != numpy.asarray(before)).any(axis=2)
    assert not changed[~hole].any()
    assert changed[hole].mean() > 0.9


def test_far_holes_are_filled_one_after_the_other() -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    facts = filled(before, holed(before.size, *boxes)).facts
    assert facts["holes"] == 2
    assert facts["parts"] == [[512, 512], [512, 512]]


def test_auto_refines_what_the_network_makes_coarse_and_nothing_else() -> None:
    before = pictures.noisy(700, 640)
    large = holed(before.size, (150, 130, 550, 500))
    small = holed(before.size, (300, 300, 340, 340))
    quick = {"method": "auto", "iterations": 1, "scales": 1, "detail": 256}
    assert filled(before, large, **quick).facts["refined"] == 1
    assert filled(before, small, **quick).facts["refined"] == 0


def test_every_refined_hole_counts() -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    facts = filled(before, holed(before.size, *boxes), method="refined", iterations=1, scales=1, detail=256).facts
    assert (facts["holes"], facts["refined"]) == (2, 2)


def test_the_stages_are_shown() -> None:
    result = filled(pictures.scene(220, 200), holed((220, 200), (60, 60, 160, 150)), method="refined", iterations=2)
    assert isinstance(result.explanation, Comparison)
    titles = [panel.title for panel in result.explanation.panels]
    assert titles[:2] == ["masked", "content network"]
    assert titles[-1] == "blended"
    assert len([title for title in titles if title.startswith("texture, ")]) >= 2
    assert len({panel.image.size for panel in result.explanation.panels}) == 1


def test_sixteen_bits_stay_and_the_filling_uses_them() -> None:
    values = numpy.asarray(pictures.scene()).astype(numpy.uint16) * 257 + 3
    values[0, 0] = 65535
    result = filled(pictures.deep_rgb_png(values), feather=0)
    found = decoded(saved(result))
    assert found is not None
    assert found.dtype == numpy.uint16
    hole = inside((96, 72))
    assert numpy.array_equal(found[~hole], values[~hole])
    assert len(numpy.unique(found[hole] % 257)) > 20


def test_grey_stays_grey() -> None:
    grey = pictures.noisy().convert("L")
    found = Image.open(io.BytesIO(saved(filled(grey, feather=0))))
    assert found.mode == "L"
    hole = inside(grey.size)
    assert numpy.array_equal(numpy.asarray(found)[~hole], numpy.asarray(grey)[~hole])


def test_transparency_stays_around_the_hole() -> None:
    values = numpy.dstack([numpy.asarray(pictures.noisy()), numpy.full((72, 96), 255, numpy.uint8)])
    values[:10, :, 3] = 0
    values[30:34, 35:40, 3] = 0  # of what goes
    found = numpy.asarray(Image.open(io.BytesIO(saved(filled(Image.fromarray(values), feather=0)))))
    hole = inside((96, 72))
    assert found.shape[2] == 4
    assert numpy.array_equal(found[~hole], values[~hole])
    assert found[hole][:, 3].min() > 250, "what is around is opaque, so the filling is"


def test_what_is_transparent_can_be_filled() -> None:
    values = numpy.dstack([numpy.asarray(pictures.scene()), numpy.full((72, 96), 255, numpy.uint8)])
    values[20:40, 30:50] = 0
    picture = IMAGE.open(Image.fromarray(values))
    parameters = parse(TASK.parameters, {"method": "network", "transparent": True, "feather": 0})
    result = Walk(run(TASK, {"image": [picture]}, parameters)).finish()
    found = Image.open(io.BytesIO(saved(result)))
    assert found.mode == "RGB"
    after = numpy.asarray(found).astype(int)
    hole = inside((96, 72))
    assert numpy.array_equal(after[~hole], values[~hole][:, :3])
    assert abs(after[hole] - numpy.asarray(pictures.scene())[hole]).mean() < 40


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """With EXIF and a profile of another name than sRGB, whose colours are the same."""
    exif = Image.Exif()
    exif[0x010F] = "camera"
    path = tmp_path / "photo.jpg"
    pictures.noisy().save(path, quality=95, exif=exif, icc_profile=WIDE)
    return path


def test_a_colour_profile_and_metadata_stay(photo: Path) -> None:
    found = Image.open(io.BytesIO(saved(filled(photo, feather=0))))
    assert found.info["icc_profile"] == WIDE
    assert found.getexif()[0x010F] == "camera"
    hole = inside(found.size)
    assert numpy.array_equal(numpy.asarray(found)[~hole], numpy.asarray(Image.open(photo))[~hole])


def test_metadata_can_be_left_out(photo: Path) -> None:
    assert 0x010F not in Image.open(io.BytesIO(saved(filled(photo, method="classical", metadata=False)))).getexif()


def test_a_filling_gets_the_files_colours() -> None:
    """A profile whose red and blue are exchanged: the file of a blue sky is red, and so is what is filled in."""
    exchanged = _swapped_profile()
    stored = Image.fromarray(numpy.asarray(pictures.scene())[..., ::-1])
    data = pictures.encoded(stored, "PNG", icc_profile=exchanged)
    result = filled(data, holed(stored.size, (20, 5, 35, 15)), feather=0, method="classical")
    with Image.open(io.BytesIO(saved(result))) as found:
        sky = numpy.asarray(found)[5:15, 20:35].mean(axis=(0, 1))
    assert numpy.abs(sky - numpy.asarray(stored)[5:15, 20:35].mean(axis=(0, 1))).max() < 12


def _swapped_profile() -> bytes:
    """sRGB with the tags of red's and blue's primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data).replace(b"sRGB", b"swap")


def test_a_mask_of_another_size_is_brought_to_the_pictures() -> None:
    before = pictures.noisy()
    mask = MASK.open(holed(before.size).image.resize((192, 144), Image.Resampling.NEAREST))
    after = numpy.asarray(filled(before, mask, feather=0).image)
    changed = (after != numpy.asarray(before)).any(axis=2)
    assert not changed[~inside(before.size)].any()


def test_a_large_picture_is_touched_in_the_hole_only() -> None:
    small = numpy.asarray(pictures.noisy(600, 400))
    before = numpy.tile(small, (10, 10, 1))
    size = (6000, 4000)
    box = (2980, 1990, 3100, 2060)
    result = filled(Image.fromarray(before), holed(size, box), feather=0)
    assert result.image.size == size
    assert result.facts["parts"] == [[512, 512]]
    after = numpy.asarray(result.image)
    changed = (after != before).any(axis=2)
    changed[box[1] : box[3], box[0] : box[2]] = False
    assert not changed.any()


def test_after_a_stop_every_hole_is_filled_and_the_facts_say_how() -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    given = {"image": [IMAGE.open(before)], "mask": [holed(before.size, *boxes)]}
    job = Job()
    walk = Walk(run(TASK, given, parse(TASK.parameters, {"method": "network", "feather": 0}), job))
    for step in walk:
        if "blended" in step.stage:
            job.stop()
    changed = (numpy.asarray(walk.result.image) != numpy.asarray(before)).any(axis=2)
    hole = inside(before.size, *boxes)
    assert changed[hole].mean() > 0.8
    assert not changed[~hole].any()
    assert walk.result.facts["unfinished"] == "1 of 2 holes are filled by Telea's method only"


def test_one_sentence_says_what_is_missing() -> None:
    picture = IMAGE.open(pictures.scene())
    with pytest.raises(ParameterError, match="Please mark what should go"):
        Walk(run(TASK, {"image": [picture]}, TASK.parameters())).finish()
    with pytest.raises(PictureError, match="The mask is empty"):
        filled(pictures.scene(), MASK.open(Image.new("L", (96, 72))))
    with pytest.raises(PictureError, match="covers 100% of the picture"):
        filled(pictures.scene(), MASK.open(Image.new("L", (96, 72), 255)))
    with pytest.raises(PictureError, match="same proportions"):
        filled(pictures.scene(), MASK.open(Image.new("L", (72, 96), 255)))
    with pytest.raises(PictureError, match="The mask is empty"):
        filled(pictures.scene(), grow=-40)


def test_the_estimate_follows_the_size_of_the_hole() -> None:
    parameters = parse(TASK.parameters, {"method": "auto"})
    picture = open_picture(pictures.scene(1200, 900))
    sizes = [
        {"image": [picture.size], "mask": [MASK.extent(holed(picture.size, (100, 100, 100 + side, 100 + side)))]}
        for side in (40, 500)
    ]
    small, large = (TASK.cost(parameters, each) for each in sizes)
    assert large > 10 * small
    half = MASK.extent(MASK.open(holed(picture.size, (100, 100, 600, 600)).image.resize((600, 450))))
    assert TASK.cost(parameters, {"image": [picture.size], "mask": [half]}) == pytest.approx(large, rel=0.02)
    with pytest.raises(ParameterError, match="Please mark what should go"):
        TASK.cost(parameters, {"image": [picture.size], "mask": []})
