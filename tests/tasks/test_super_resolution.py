"""Super-resolution: scales, tiles against the whole, stops, and what a file keeps."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
from PIL import Image
from torch import Tensor

from engine import TASKS, Job, RunResult, Runtime, Step, StepRun, open_picture
from engine.contracts.errors import DeviceMemoryError, ParameterError
from engine.contracts.parameters import parse
from engine.contracts.task import Extent, Inputs
from engine.imaging.door import Source, open_input
from engine.imaging.raster import Raster
from engine.imaging.resize import imresize
from engine.imaging.tensors import to_tensor
from engine.imaging.tiles import Box
from engine.model_store.catalogue import catalogue
from engine.super_resolution.enlarge import enlarged
from engine.super_resolution.methods import METHODS, cost, reach
from engine.super_resolution.tiled_inference import Enlarger, _turned, _turned_back
from tests.support import pictures, runs
from tests.support.pictures import noisy
from tests.support.runs import fields_of, stopped_when

TASK = TASKS["super-resolution"]


def inputs_of(image: Source) -> Inputs:
    return {"image": [open_input(TASK.inputs[0], image)]}


def finished(runtime: Runtime, image: Source, **values: Any) -> RunResult:
    return runs.finished(runtime, TASK, inputs_of(image), **values)


def at_tile(number: int) -> Callable[[Step], bool]:
    return lambda step: fields_of(step.stage).get("tile") == number


# --- methods and scales ---


def test_every_network_is_in_the_catalogue_and_shipped_or_on_the_hub() -> None:
    for method in METHODS.values():
        for upscaler in method.upscalers:
            assert catalogue()[upscaler.weights].architecture
    shipped = {
        name for name, method in METHODS.items() if all(catalogue()[u.weights].shipped for u in method.upscalers)
    }
    assert {"bicubic", "residual", "gan"} <= shipped


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8])
def test_every_scale_is_reached_at_the_least_cost(method: str, scale: float) -> None:
    chain = METHODS[method].chain(scale)
    if method == "bicubic" or scale == 1:
        assert chain == ()
        return
    assert reach(chain) >= scale
    assert chain[0] in METHODS[method].upscalers
    assert all(cost(chain) <= cost((each,)) for each in METHODS[method].upscalers if each.scale >= scale)


@pytest.mark.parametrize("scale", [1, 1.5, 2, 3, 4])
@pytest.mark.parametrize("method", ["bicubic", "residual"])
def test_the_result_has_the_size_and_is_the_same_picture(method: str, scale: float, runtime: Runtime) -> None:
    image = pictures.scene(40, 30)
    result = finished(runtime, image, method=method, scale=scale)
    assert result.image.size == (round(40 * scale), round(30 * scale))
    back = imresize(to_tensor(result.image), (40, 30))
    assert (back - to_tensor(image)).abs().mean() < 0.01


def test_bicubic_is_matlabs(runtime: Runtime) -> None:
    image = noisy(31, 23)
    large = finished(runtime, image, method="bicubic", scale=2.5).image
    expected = imresize(to_tensor(image), (78, 58)).clamp(0, 1)
    assert (to_tensor(large) - expected).abs().max() <= 0.51 / 255


def test_colours_of_a_gan_are_led_back_unless_its_own_are_wanted(runtime: Runtime) -> None:
    image = noisy()
    own, faithful = (
        imresize(to_tensor(finished(runtime, image, method="gan", faithful=each).image), image.size)
        for each in (False, True)
    )
    original = to_tensor(image)
    assert (faithful - original).abs().mean() < 0.5 * (own - original).abs().mean()


# --- tiles ---


@pytest.mark.parametrize("method", ["residual", "gan", "bicubic"])
def test_tiles_give_the_whole_picture(method: str, runtime: Runtime) -> None:
    image = noisy(150, 110)
    whole, tiled = (
        numpy.asarray(finished(runtime, image, method=method, scale=3, tile=tile).image) for tile in (160, 64)
    )
    assert abs(whole.astype(int) - tiled).max() <= 1


def test_boxes_cover_a_picture_once() -> None:
    seen = numpy.zeros((101, 53), int)
    for box in Box(0, 0, 53, 101).tiles(20):
        assert max(box.width, box.height) <= 20
        seen[box.top : box.bottom, box.left : box.right] += 1
    assert (seen == 1).all()
    assert Box(5, 5, 9, 9).grown(3, (10, 30)) == Box(2, 2, 10, 12)


def test_tiles_are_halved_when_memory_runs_out(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    window = Enlarger.window

    def scarce(self: Enlarger, box: Box) -> Tensor:
        if box.width > 64 * 2:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return window(self, box)

    image = noisy(160, 96)
    expected = numpy.asarray(finished(runtime, image, scale=2, tile=160).image)
    monkeypatch.setattr(Enlarger, "window", scarce)
    run = StepRun(runtime.run(TASK, inputs_of(image), parse(TASK.parameters, {"scale": 2, "tile": 160})))
    halved = [fields_of(step.stage).get("pixels") for step in run]
    assert 40 in halved, "a step says what tiles have become"
    assert run.result.facts.task.figures["tile"] == 40
    assert abs(numpy.asarray(run.result.image).astype(int) - expected).max() <= 1


def test_a_picture_that_fits_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    def none(self: Enlarger, box: Box) -> Tensor:
        raise RuntimeError("can't allocate memory")

    monkeypatch.setattr(Enlarger, "window", none)
    with pytest.raises(DeviceMemoryError):
        finished(runtime, noisy())


def test_other_errors_are_not_taken_for_want_of_memory(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    def broken(self: Enlarger, box: Box) -> Tensor:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Enlarger, "window", broken)
    with pytest.raises(RuntimeError) as error:
        finished(runtime, noisy())
    assert error.value.args == ("shapes do not fit",)


def test_a_stop_keeps_the_tiles_that_are_done(runtime: Runtime) -> None:
    image = noisy(96, 96)
    whole = numpy.asarray(finished(runtime, image, scale=2, tile=32).image)
    plain = numpy.asarray(finished(runtime, image, scale=2, method="bicubic").image)
    result = stopped_when(runtime, TASK, inputs_of(image), at_tile(4), scale=2, tile=32)
    after = numpy.asarray(result.image)
    assert result.facts.task.unfinished is not None
    assert result.facts.task.unfinished.values == {"count": 5}, "of nine tiles"
    assert (after[:64] == whole[:64]).all()
    assert (after[64:, 64:] == plain[64:, 64:]).all()


def test_the_device_sees_only_tiles(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    seen = []
    tensor = Enlarger._tensor

    def spy(self: Enlarger, part: Box) -> Tensor:
        seen.append(part.area)
        return tensor(self, part)

    monkeypatch.setattr(Enlarger, "_tensor", spy)
    finished(runtime, noisy(200, 150), scale=4, tile=32)
    assert max(seen) <= (32 + 2 * 24) ** 2 < 200 * 150


# --- files ---


def test_transparency_depth_and_grey_survive(runtime: Runtime) -> None:
    y, x = numpy.mgrid[0:24, 0:32]
    alpha = numpy.where((x - 16) ** 2 + (y - 12) ** 2 < 80, 65535, 0)
    values = numpy.stack([x * 2000, y * 2500, 30000 + 0 * x, alpha], axis=-1).clip(0, 65535).astype(numpy.uint16)
    values[alpha == 0, :3] = 0
    stream = io.BytesIO()
    Raster(values, exif=None).save(stream, kind="png", text={})
    large = finished(runtime, stream.getvalue(), scale=2).raster
    assert large is not None
    assert large.values.shape == (48, 64, 4)
    assert large.values.dtype == numpy.uint16
    inside, outside = large.values[24, 32], large.values[2, 2]
    assert inside[3] > 60000
    assert outside[3] < 1500
    rim = large.values[(large.alpha > 20000) & (large.alpha < 45000)]
    assert rim[:, 2].mean() > 25000, "the black under full transparency bled into the edge"
    assert len(numpy.unique(large.values[..., 0])) > 256, "eight bits are not sixteen"
    grey = finished(runtime, pictures.encoded(pictures.scene().convert("L"), "PNG"), scale=2)
    assert grey.raster.values.shape == (144, 192, 1)
    assert grey.image.mode == "RGB"


def test_metadata_stays_unless_it_is_not_wanted(runtime: Runtime) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Pentimento"
    data = pictures.encoded(pictures.scene(), "JPEG", exif=exif.tobytes())
    for wanted in (True, False):
        stream = io.BytesIO()
        finished(runtime, data, method="bicubic", scale=2, metadata=wanted).save(stream)
        with Image.open(stream) as again:
            assert (again.getexif().get(0x010F) == "Pentimento") == wanted


def test_a_result_that_is_too_large_is_refused_with_a_scale_that_is_not(runtime: Runtime) -> None:
    image = Image.new("RGB", (4000, 3000))
    with pytest.raises(ParameterError) as error:
        finished(runtime, image, scale=8)
    assert error.value.fields == {"megapixels": 768, "largest": 5.7}


def test_a_picture_without_raster_is_enlarged_too(runtime: Runtime) -> None:
    result = runs.finished(runtime, TASK, {"image": [open_picture(pictures.scene())]}, scale=2)
    assert result.image.size == (192, 144)


def test_a_stop_does_not_count_as_work_done(runtime: Runtime) -> None:
    done = []
    job = Job()
    run = StepRun(runtime.run(TASK, inputs_of(noisy(96, 96)), parse(TASK.parameters, {"scale": 2, "tile": 32}), job))
    for step in run:
        done.append(step.done)
        if fields_of(step.stage).get("tile") == 3:
            job.stop()
    assert job.stopped
    assert done[-1] == pytest.approx(3 / 9, abs=0.01)


def test_the_estimate_knows_tiles_and_refuses_what_cannot_be() -> None:
    def cost_of(**values: Any) -> float:
        return TASK.cost(parse(TASK.parameters, values), {"image": [Extent(500, 400)]})

    assert cost_of(tile=64) > 1.3 * cost_of()
    assert cost_of(method="bicubic") > 0.01 * cost_of()
    with pytest.raises(ParameterError) as error:
        TASK.cost(parse(TASK.parameters, {"scale": 8}), {"image": [Extent(6000, 4000)]})
    assert error.value.fields["megapixels"] == 64 * 24


def test_enlarging_is_the_same_for_the_task_and_for_the_table(runtime: Runtime) -> None:
    image = noisy(40, 32)
    direct = StepRun(enlarged(Raster(numpy.asarray(image)), "residual", 4, runtime.nets, Job())).finish()
    assert direct.raster.image().tobytes() == finished(runtime, image).image.tobytes()


# --- eight looks ---


@pytest.mark.parametrize("view", range(8))
def test_every_view_comes_back_upright(view: int) -> None:
    picture = to_tensor(noisy(7, 5))
    turned = _turned(picture, view)
    assert torch.equal(_turned_back(turned, view), picture)
    assert view == 0 or not torch.equal(turned, picture)


def test_eight_looks_are_the_mean_of_eight_views(runtime: Runtime) -> None:
    image = noisy(24, 20).point(lambda value: 50 + 0.6 * value)  # nothing that is cut off at white
    mean = sum(
        numpy.asarray(
            _viewed_back(finished(runtime, _viewed(image, view), method="compact").image, view), numpy.float64
        )
        for view in range(8)
    )
    ours = numpy.asarray(finished(runtime, image, method="compact", ensemble=True).image, numpy.float64)
    assert abs(ours - mean / 8).max() <= 2.5  # each of the eight was rounded
    area = {"image": [Extent(64, 64)]}
    one, eight = (TASK.cost(parse(TASK.parameters, {"ensemble": each}), area) for each in (False, True))
    assert 5 * one < eight < 8 * one


def _viewed(image: Image.Image, view: int) -> Image.Image:
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if view >= 4 else image
    return mirrored.rotate(90 * (view % 4), expand=True)


def _viewed_back(image: Image.Image, view: int) -> Image.Image:
    upright = image.rotate(-90 * (view % 4), expand=True)
    return upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if view >= 4 else upright
