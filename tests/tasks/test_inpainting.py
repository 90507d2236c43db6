"""The task as a visitor has it: files in, files out, and nothing but the hole changes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest
from PIL import Image, ImageCms

from engine import TASKS, Picture, RunResult, Runtime, open_picture
from engine.contracts.errors import MaskError, MissingInputError
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.contracts.task import Extent
from engine.imaging.comparison import Comparison
from engine.imaging.door import Source, open_input
from engine.imaging.png import decoded
from engine.inpainting.fill import CONTENT_NETWORK
from engine.tasks.inpainting import NOTHING_MARKED
from tests.support import pictures
from tests.support.runs import finished, says, stopped_when

TASK = TASKS["inpainting"]
IMAGE, MASK = TASK.inputs
WIDE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"wide")


def as_mask(source: Source) -> Picture:
    return open_input(MASK, source)


def holed(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Picture:
    """A mask with boxes (left, top, right, bottom)."""
    mask = Image.new("L", size)
    for box in boxes or ((30, 20, 50, 40),):
        mask.paste(255, box)
    return as_mask(mask)


def filled(runtime: Runtime, source: Source, mask: Picture | None = None, **values: Any) -> RunResult:
    picture = open_input(IMAGE, source)
    inputs = {"image": [picture], "mask": [mask or holed(picture.size)]}
    return finished(runtime, TASK, inputs, **{"method": "network", **values})


def inside(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> numpy.ndarray:
    return numpy.asarray(holed(size, *boxes).image.convert("L")) > 127


def saved(result: RunResult) -> bytes:
    stream = io.BytesIO()
    result.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("method", ["auto", "network", "refined", "classical"])
def test_known_pixels_come_back_to_the_last_bit(method: str, runtime: Runtime) -> None:
    before = pictures.noisy()
    result = filled(runtime, before, method=method, feather=0, iterations=2)
    hole = inside(before.size)
    after, original = numpy.asarray(result.image), numpy.asarray(before)
    assert numpy.array_equal(after[~hole], original[~hole])
    assert not numpy.array_equal(after[hole], original[hole])


def test_feathering_and_growing_change_as_far_as_they_say(runtime: Runtime) -> None:
    before = pictures.noisy()
    after = numpy.asarray(filled(runtime, before, feather=3, grow=2).image)
    changed = (after != numpy.asarray(before)).any(axis=2)
    distance = cv2.distanceTransform((~inside(before.size)).astype(numpy.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert not changed[distance >= 2 + 3 + 1].any()
    assert changed[(distance > 0) & (distance <= 2)].mean() > 0.8


def test_a_removed_object_is_not_seen_again(runtime: Runtime) -> None:
    """No ghost at the rim: the same filling, whatever was under the mask."""
    plain = pictures.scene()
    marked = plain.copy()
    marked.paste((255, 0, 255), (30, 20, 50, 40))
    assert filled(runtime, plain, feather=0).image.tobytes() == filled(runtime, marked, feather=0).image.tobytes()


def test_several_holes_and_holes_at_the_border(runtime: Runtime) -> None:
    before = pictures.noisy(300, 200)
    boxes = ((0, 0, 30, 20), (270, 150, 300, 200), (140, 90, 160, 110))
    after = numpy.asarray(filled(runtime, before, holed(before.size, *boxes), feather=0).image)
    hole = inside(before.size, *boxes)
    changed = (after != numpy.asarray(before)).any(axis=2)
    assert not changed[~hole].any()
    assert changed[hole].mean() > 0.9


def test_far_holes_are_filled_one_after_the_other(runtime: Runtime) -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    facts = filled(runtime, before, holed(before.size, *boxes)).facts.task.figures
    assert facts["holes"] == 2
    assert facts["parts"] == [[512, 512], [512, 512]]


def test_auto_refines_what_the_network_makes_coarse_and_nothing_else(runtime: Runtime) -> None:
    before = pictures.noisy(700, 640)
    large = holed(before.size, (150, 130, 550, 500))
    small = holed(before.size, (300, 300, 340, 340))
    quick = {"method": "auto", "iterations": 1, "scales": 1, "detail": 256}
    assert filled(runtime, before, large, **quick).facts.task.figures["refined"] == 1
    assert filled(runtime, before, small, **quick).facts.task.figures["refined"] == 0


def test_every_refined_hole_counts(runtime: Runtime) -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    facts = filled(
        runtime, before, holed(before.size, *boxes), method="refined", iterations=1, scales=1, detail=256
    ).facts.task.figures
    assert (facts["holes"], facts["refined"]) == (2, 2)


def test_the_stages_are_shown(runtime: Runtime) -> None:
    result = filled(
        runtime, pictures.scene(220, 200), holed((220, 200), (60, 60, 160, 150)), method="refined", iterations=2
    )
    assert isinstance(result.explanation, Comparison)
    titles = [panel.title for panel in result.explanation.panels]
    assert titles[1] == CONTENT_NETWORK
    assert [sorted(title.values) for title in titles] == [[], [], *[["pixels"]] * (len(titles) - 3), []]
    assert len(titles) >= 5, "the hole, its filling, two scales of texture, and the end"
    assert len({panel.image.size for panel in result.explanation.panels}) == 1


def test_sixteen_bits_stay_and_the_filling_uses_them(runtime: Runtime) -> None:
    values = numpy.asarray(pictures.scene()).astype(numpy.uint16) * 257 + 3
    values[0, 0] = 65535
    result = filled(runtime, pictures.deep_rgb_png(values), feather=0)
    after = decoded(saved(result))
    assert after is not None
    assert after.dtype == numpy.uint16
    hole = inside((96, 72))
    assert numpy.array_equal(after[~hole], values[~hole])
    assert len(numpy.unique(after[hole] % 257)) > 20


def test_grey_stays_grey(runtime: Runtime) -> None:
    grey = pictures.noisy().convert("L")
    file = Image.open(io.BytesIO(saved(filled(runtime, grey, feather=0))))
    assert file.mode == "L"
    hole = inside(grey.size)
    assert numpy.array_equal(numpy.asarray(file)[~hole], numpy.asarray(grey)[~hole])


def test_transparency_stays_around_the_hole(runtime: Runtime) -> None:
    values = numpy.dstack([numpy.asarray(pictures.noisy()), numpy.full((72, 96), 255, numpy.uint8)])
    values[:10, :, 3] = 0
    values[30:34, 35:40, 3] = 0  # of what goes
    after = numpy.asarray(Image.open(io.BytesIO(saved(filled(runtime, Image.fromarray(values), feather=0)))))
    hole = inside((96, 72))
    assert after.shape[2] == 4
    assert numpy.array_equal(after[~hole], values[~hole])
    assert after[hole][:, 3].min() > 250, "what is around is opaque, so the filling is"


def test_what_is_transparent_can_be_filled(runtime: Runtime) -> None:
    values = numpy.dstack([numpy.asarray(pictures.scene()), numpy.full((72, 96), 255, numpy.uint8)])
    values[20:40, 30:50] = 0
    picture = open_input(IMAGE, Image.fromarray(values))
    result = finished(runtime, TASK, {"image": [picture]}, method="network", transparent=True, feather=0)
    file = Image.open(io.BytesIO(saved(result)))
    assert file.mode == "RGB"
    after = numpy.asarray(file).astype(int)
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


def test_a_colour_profile_and_metadata_stay(photo: Path, runtime: Runtime) -> None:
    file = Image.open(io.BytesIO(saved(filled(runtime, photo, feather=0))))
    assert file.info["icc_profile"] == WIDE
    assert file.getexif()[0x010F] == "camera"
    hole = inside(file.size)
    assert numpy.array_equal(numpy.asarray(file)[~hole], numpy.asarray(Image.open(photo))[~hole])


def test_metadata_can_be_left_out(photo: Path, runtime: Runtime) -> None:
    assert (
        0x010F
        not in Image.open(io.BytesIO(saved(filled(runtime, photo, method="classical", metadata=False)))).getexif()
    )


def test_a_filling_gets_the_files_colours(runtime: Runtime) -> None:
    """A profile whose red and blue are exchanged: the file of a blue sky is red, and so is what is filled in."""
    exchanged = _swapped_profile()
    stored = Image.fromarray(numpy.asarray(pictures.scene())[..., ::-1])
    data = pictures.encoded(stored, "PNG", icc_profile=exchanged)
    result = filled(runtime, data, holed(stored.size, (20, 5, 35, 15)), feather=0, method="classical")
    with Image.open(io.BytesIO(saved(result))) as file:
        sky = numpy.asarray(file)[5:15, 20:35].mean(axis=(0, 1))
    assert numpy.abs(sky - numpy.asarray(stored)[5:15, 20:35].mean(axis=(0, 1))).max() < 12


def _swapped_profile() -> bytes:
    """sRGB with the tags of red's and blue's primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data).replace(b"sRGB", b"swap")


def test_a_mask_of_another_size_is_brought_to_the_pictures(runtime: Runtime) -> None:
    before = pictures.noisy()
    mask = as_mask(holed(before.size).image.resize((192, 144), Image.Resampling.NEAREST))
    after = numpy.asarray(filled(runtime, before, mask, feather=0).image)
    changed = (after != numpy.asarray(before)).any(axis=2)
    assert not changed[~inside(before.size)].any()


def test_a_large_picture_is_touched_in_the_hole_only(runtime: Runtime) -> None:
    small = numpy.asarray(pictures.noisy(600, 400))
    before = numpy.tile(small, (10, 10, 1))
    size = (6000, 4000)
    box = (2980, 1990, 3100, 2060)
    result = filled(runtime, Image.fromarray(before), holed(size, box), feather=0)
    assert result.image.size == size
    assert result.facts.task.figures["parts"] == [[512, 512]]
    after = numpy.asarray(result.image)
    changed = (after != before).any(axis=2)
    changed[box[1] : box[3], box[0] : box[2]] = False
    assert not changed.any()


def test_after_a_stop_every_hole_is_filled_and_the_facts_say_how(runtime: Runtime) -> None:
    before = pictures.noisy(1400, 600)
    boxes = ((40, 40, 80, 80), (1300, 500, 1340, 540))
    inputs = {"image": [open_input(IMAGE, before)], "mask": [holed(before.size, *boxes)]}
    blended = Message("blended")
    result = stopped_when(
        runtime, TASK, inputs, lambda step: says(step.stage, blended), method="network", feather=0
    )  # fmt: skip
    changed = (numpy.asarray(result.image) != numpy.asarray(before)).any(axis=2)
    hole = inside(before.size, *boxes)
    assert changed[hole].mean() > 0.8
    assert not changed[~hole].any()
    assert result.facts.task.unfinished is not None
    assert result.facts.task.unfinished.values == {"left_over": 1, "holes": 2}


def test_without_anything_marked_nothing_is_filled(runtime: Runtime) -> None:
    picture = open_input(IMAGE, pictures.scene())
    with pytest.raises(MissingInputError) as error:
        finished(runtime, TASK, {"image": [picture]})
    assert error.value.message == NOTHING_MARKED


def test_masks_that_cannot_be_meant_are_refused(runtime: Runtime) -> None:
    with pytest.raises(MaskError) as empty:
        filled(runtime, pictures.scene(), as_mask(Image.new("L", (96, 72))))
    assert empty.value.fields == {}
    with pytest.raises(MaskError) as shrunk:
        filled(runtime, pictures.scene(), grow=-40)
    assert shrunk.value.message == empty.value.message
    with pytest.raises(MaskError) as everything:
        filled(runtime, pictures.scene(), as_mask(Image.new("L", (96, 72), 255)))
    assert everything.value.fields == {"share": 1}
    with pytest.raises(MaskError) as other:
        filled(runtime, pictures.scene(), as_mask(Image.new("L", (72, 96), 255)))
    assert other.value.fields == {"width": 72, "height": 96, "picture_width": 96, "picture_height": 72}


def test_the_estimate_follows_the_size_of_the_hole() -> None:
    parameters = parse(TASK.parameters, {"method": "auto"})
    picture = open_picture(pictures.scene(1200, 900))
    sizes = [
        {
            "image": [Extent(*picture.size)],
            "mask": [MASK.extent(holed(picture.size, (100, 100, 100 + side, 100 + side)))],
        }
        for side in (40, 500)
    ]
    small, large = (TASK.cost(parameters, each) for each in sizes)
    assert large > 10 * small
    half = MASK.extent(as_mask(holed(picture.size, (100, 100, 600, 600)).image.resize((600, 450))))
    assert TASK.cost(parameters, {"image": [Extent(*picture.size)], "mask": [half]}) == pytest.approx(large, rel=0.02)
    with pytest.raises(MissingInputError):
        TASK.cost(parameters, {"image": [Extent(*picture.size)], "mask": []})
