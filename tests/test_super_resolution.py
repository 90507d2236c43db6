"""Super-resolution: its nets against the papers' plain form, tiles against the whole, scales, and what a file keeps."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from engine import TASKS, Job, Walk, open_picture, run, weights
from engine.catalogue import catalogue
from engine.device import best_device
from engine.enlargement import enlarge as enlarging
from engine.enlargement.comparison import Comparison, difference
from engine.enlargement.enlarge import Enlarger
from engine.enlargement.methods import METHODS, cost, reach
from engine.errors import DeviceMemoryError, ParameterError, PictureError
from engine.models import Models
from engine.nets import residual, rrdb
from engine.parameters import parse
from engine.raster import Raster
from engine.resize import imresize
from engine.tasks.super_resolution import enlarged
from engine.tensors import to_tensor
from engine.tiles import Box
from tests import pictures

TASK, COMPARISON = TASKS["super-resolution"], TASKS["super-resolution-comparison"]


def finished(image: Any, **values: Any) -> Any:
    given = {"image": [TASK.inputs[0].open(image)]}
    return Walk(run(TASK, given, parse(TASK.parameters, values))).finish()


def photo(width: int = 96, height: int = 72) -> Image.Image:
    """A scene with the noise of a camera: something on which a seam would show."""
    noise = numpy.random.default_rng(0).normal(0, 6, (height, width, 3))
    return Image.fromarray((numpy.asarray(pictures.scene(width, height)) + noise).clip(0, 255).astype(numpy.uint8))


# --- the nets ---


def test_a_convolution_before_the_shuffle_is_the_one_after_it() -> None:
    generator = torch.Generator().manual_seed(0)
    for side in (3, 5, 9):
        weight = torch.randn(2, 3, side, side, generator=generator, dtype=torch.float64)
        features = torch.randn(1, 12, 7, 6, generator=generator, dtype=torch.float64)
        after = functional.conv2d(functional.pixel_shuffle(features, 2), weight, padding=side // 2)
        moved = residual.before_shuffle(weight)
        before = functional.pixel_shuffle(functional.conv2d(features, moved, padding=moved.shape[-1] // 2), 2)
        assert torch.allclose(before, after, atol=1e-12)


def plain_residual(tensors: dict[str, Tensor], picture: Tensor, *, doublings: int, edsr: bool) -> Tensor:
    """SRResNet or EDSR as the papers draw them, from our names."""

    def convolution(value: Tensor, name: str) -> Tensor:
        weight = tensors[f"{name}.weight"]
        return functional.conv2d(value, weight, tensors[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def slope(value: Tensor, name: str) -> Tensor:
        return value if edsr else functional.prelu(value, tensors[f"{name}.weight"])

    head = value = slope(convolution(picture, "head"), "activation")
    for block in range(residual.BLOCKS):
        inner = convolution(value, f"blocks.{block}.first")
        inner = inner.relu() if edsr else slope(inner, f"blocks.{block}.activation")
        value = value + convolution(inner, f"blocks.{block}.second")
    value = head + convolution(value, "body")
    for index in range(doublings):
        value = functional.pixel_shuffle(convolution(value, f"doublings.{index}.convolution"), 2)
        value = slope(value, f"doublings.{index}.activation")
    made = convolution(value, "tail")
    return made if edsr else (made.tanh() + 1) / 2


def test_srresnet_is_the_papers_network() -> None:
    from safetensors.torch import load_file

    tensors = {name: value.float() for name, value in load_file(weights.locate(catalogue()["srresnet-x4"])).items()}
    picture = to_tensor(photo(24, 20))
    with torch.inference_mode():
        made = residual.srresnet(tensors)(picture)
        expected = plain_residual(tensors, picture, doublings=2, edsr=False)
    assert made.shape == (1, 3, 80, 96)
    assert (made - expected).abs().max() < 1e-5


def random_tensors(names: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """A file with the layout that the names describe."""
    generator = torch.Generator().manual_seed(0)
    made = {}
    for ours, theirs in names.items():
        weight = torch.randn(shapes[ours], generator=generator)
        made[f"{theirs}.weight"] = weight / weight[0].numel() ** 0.5
        made[f"{theirs}.bias"] = 0.1 * torch.randn(shapes[ours][0], generator=generator)
    return made


def edsr_shapes(scale: int) -> dict[str, tuple[int, ...]]:
    shapes = dict.fromkeys(residual.edsr_keys(scale), (64, 64, 3, 3))
    shapes |= {name: (256, 64, 3, 3) for name in shapes if name.startswith("doublings")}
    return shapes | {"head": (64, 3, 3, 3), "tail": (3, 64, 3, 3)}


def rrdb_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name in rrdb.keys(old=True):
        index = int(name[-1]) if "convolutions" in name else 0
        shapes[name] = (32 if "convolutions" in name and index < 4 else 64, 64 + 32 * index, 3, 3)
    return shapes | {"first": (64, 3, 3, 3), "last": (3, 64, 3, 3)}


@pytest.mark.parametrize("name", ["edsr-x2", "edsr-x4", "rrdb-psnr-x4", "real-esrgan-x4"])
def test_files_of_the_published_layouts_are_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    entry = catalogue()[name]
    edsr = name.startswith("edsr")
    scale = int(name[-1])
    keys = residual.edsr_keys(scale) if edsr else rrdb.keys(old=name == "rrdb-psnr-x4")
    file = random_tensors(keys, edsr_shapes(scale) if edsr else rrdb_shapes())
    path = tmp_path / Path(entry.file).name
    if path.suffix == ".safetensors":
        save_file(file, path)
    else:
        torch.save({**file, **({"sub_mean.weight": torch.zeros(3, 3, 1, 1)} if edsr else {})}, path)
    monkeypatch.setattr(weights, "locate", lambda _: path)
    known = replace(entry, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    net = Models().get(known, replace(best_device(), dtype=torch.float32))
    picture = to_tensor(pictures.scene(10, 9))
    with torch.inference_mode():
        made = net(picture)
        tensors = {f"{ours}.{part}": file[f"{keys[ours]}.{part}"] for ours in keys for part in ("weight", "bias")}
        expected = (
            plain_residual(tensors, picture, doublings=scale // 2, edsr=True) if edsr else plain_rrdb(tensors, picture)
        )
    assert made.shape == (1, 3, 9 * scale, 10 * scale)
    assert torch.allclose(made, expected, atol=1e-4)


def plain_rrdb(tensors: dict[str, Tensor], picture: Tensor) -> Tensor:
    """ESRGAN's network, line by line as its paper has it."""

    def convolution(value: Tensor, name: str) -> Tensor:
        return functional.conv2d(value, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding=1)

    def leaky(value: Tensor) -> Tensor:
        return torch.where(value > 0, value, 0.2 * value)

    first = value = convolution(picture, "first")
    for block in range(23):
        before = value
        for index in range(3):
            outputs, start = [value], value
            for number in range(5):
                made = convolution(torch.cat(outputs, 1), f"blocks.{block}.dense.{index}.convolutions.{number}")
                outputs.append(leaky(made))
            value = start + 0.2 * made
        value = before + 0.2 * value
    value = first + convolution(value, "body")
    for index in range(2):
        value = value.repeat_interleave(2, 2).repeat_interleave(2, 3)
        value = leaky(convolution(value, f"up.{index}"))
    return convolution(leaky(convolution(value, "high")), "last")


def test_a_foreign_file_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    class Attack:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    path = tmp_path / "RRDB_PSNR_x4.pth"
    torch.save({"conv_first.weight": Attack()}, path)
    monkeypatch.setattr(weights, "locate", lambda _: path)
    entry = replace(catalogue()["rrdb-psnr-x4"], sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(pickle.UnpicklingError):
        Models().get(entry, best_device())
    assert not (tmp_path / "ran").exists()


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
def test_the_result_has_the_size_and_is_the_same_picture(method: str, scale: float) -> None:
    image = pictures.scene(40, 30)
    result = finished(image, method=method, scale=scale)
    assert result.image.size == (round(40 * scale), round(30 * scale))
    back = imresize(to_tensor(result.image), (40, 30))
    assert (back - to_tensor(image)).abs().mean() < 0.01


def test_bicubic_is_matlabs() -> None:
    image = photo(31, 23)
    made = finished(image, method="bicubic", scale=2.5).image
    expected = imresize(to_tensor(image), (78, 58)).clamp(0, 1)
    assert (to_tensor(made) - expected).abs().max() <= 0.51 / 255


def test_a_residual_network_beats_interpolation_and_a_gan_is_sharper() -> None:
    original = (
        Image.open(Path(__file__).parents[1] / "demos" / "examples" / "cat.jpg").convert("RGB").crop((96, 64, 352, 256))
    )
    values = {"original": True, "side": 64}
    found = Walk(run(COMPARISON, {"image": [open_picture(original)]}, parse(COMPARISON.parameters, values))).finish()
    bicubic, network, gan = found.facts["methods"].values()
    assert network["psnr"] > bicubic["psnr"] + 0.5
    assert network["ssim"] > bicubic["ssim"]
    assert gan["lpips"] < network["lpips"] < bicubic["lpips"]


def test_colours_of_a_gan_are_led_back_unless_told_not_to() -> None:
    image = photo()
    own, faithful = (
        imresize(to_tensor(finished(image, method="gan", faithful=each).image), image.size) for each in (False, True)
    )
    given = to_tensor(image)
    assert (faithful - given).abs().mean() < 0.5 * (own - given).abs().mean()


# --- tiles ---


@pytest.mark.parametrize("method", ["residual", "gan", "bicubic"])
def test_tiles_give_the_whole_picture(method: str) -> None:
    image = photo(150, 110)
    whole, tiled = (numpy.asarray(finished(image, method=method, scale=3, tile=tile).image) for tile in (160, 64))
    assert abs(whole.astype(int) - tiled).max() <= 1


def test_boxes_cover_a_picture_once() -> None:
    seen = numpy.zeros((101, 53), int)
    for box in Box(0, 0, 53, 101).tiles(20):
        assert max(box.width, box.height) <= 20
        seen[box.top : box.bottom, box.left : box.right] += 1
    assert (seen == 1).all()
    assert Box(5, 5, 9, 9).grown(3, (10, 30)) == Box(2, 2, 10, 12)


def test_tiles_are_halved_when_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Enlarger.window

    def scarce(self: Enlarger, box: Box) -> Tensor:
        if box.width > 64 * 2:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return window(self, box)

    image = photo(160, 96)
    expected = numpy.asarray(finished(image, scale=2, tile=160).image)
    monkeypatch.setattr(Enlarger, "window", scarce)
    walk = Walk(run(TASK, {"image": [TASK.inputs[0].open(image)]}, parse(TASK.parameters, {"scale": 2, "tile": 160})))
    stages = [step.stage for step in walk]
    assert any("tiles halved to 40 pixels" in stage for stage in stages)
    assert walk.result.facts["tile"] == 40
    assert abs(numpy.asarray(walk.result.image).astype(int) - expected).max() <= 1


def test_a_picture_that_fits_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Enlarger, box: Box) -> Tensor:
        raise RuntimeError("can't allocate memory")

    monkeypatch.setattr(Enlarger, "window", none)
    with pytest.raises(DeviceMemoryError, match="smaller"):
        finished(photo())


def test_other_errors_are_not_taken_for_want_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Enlarger, box: Box) -> Tensor:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Enlarger, "window", broken)
    with pytest.raises(RuntimeError, match="do not fit"):
        finished(photo())


def test_a_stop_keeps_the_tiles_that_are_done() -> None:
    image = photo(96, 96)
    whole = numpy.asarray(finished(image, scale=2, tile=32).image)
    plain = numpy.asarray(finished(image, scale=2, method="bicubic").image)
    job = Job()
    walk = Walk(
        run(TASK, {"image": [TASK.inputs[0].open(image)]}, parse(TASK.parameters, {"scale": 2, "tile": 32}), job)
    )
    for step in walk:
        if "tile 4" in step.stage:
            job.stop()
    made = numpy.asarray(walk.result.image)
    assert walk.result.facts["unfinished"] == "5 tiles are only interpolated"
    assert (made[:64] == whole[:64]).all()
    assert (made[64:, 64:] == plain[64:, 64:]).all()


def test_the_device_sees_only_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    tensor = Enlarger._tensor

    def spy(self: Enlarger, part: Box) -> Tensor:
        seen.append(part.area)
        return tensor(self, part)

    monkeypatch.setattr(enlarging.Enlarger, "_tensor", spy)
    finished(photo(200, 150), scale=4, tile=32)
    assert max(seen) <= (32 + 2 * 24) ** 2 < 200 * 150


# --- files ---


def test_transparency_depth_and_grey_survive() -> None:
    y, x = numpy.mgrid[0:24, 0:32]
    alpha = numpy.where((x - 16) ** 2 + (y - 12) ** 2 < 80, 65535, 0)
    values = numpy.stack([x * 2000, y * 2500, 30000 + 0 * x, alpha], axis=-1).clip(0, 65535).astype(numpy.uint16)
    values[alpha == 0, :3] = 0
    stream = io.BytesIO()
    Raster(values, exif=None).save(stream, kind="png", text={})
    found = finished(stream.getvalue(), scale=2).raster
    assert found.values.shape == (48, 64, 4)
    assert found.values.dtype == numpy.uint16
    inside, outside = found.values[24, 32], found.values[2, 2]
    assert inside[3] > 60000
    assert outside[3] < 1500
    rim = found.values[(found.alpha > 20000) & (found.alpha < 45000)]
    assert rim[:, 2].mean() > 25000, "the black under full transparency bled into the edge"
    assert len(numpy.unique(found.values[..., 0])) > 256, "eight bits are not sixteen"
    grey = finished(pictures.encoded(pictures.scene().convert("L"), "PNG"), scale=2)
    assert grey.raster.values.shape == (144, 192, 1)
    assert grey.image.mode == "RGB"


def test_metadata_stays_unless_it_is_not_wanted() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Pentimento"
    data = pictures.encoded(pictures.scene(), "JPEG", exif=exif.tobytes())
    for wanted in (True, False):
        stream = io.BytesIO()
        finished(data, method="bicubic", scale=2, metadata=wanted).save(stream)
        with Image.open(stream) as again:
            assert (again.getexif().get(0x010F) == "Pentimento") == wanted


def test_a_result_that_is_too_large_is_refused_with_a_scale_that_is_not() -> None:
    image = Image.new("RGB", (4000, 3000))
    with pytest.raises(ParameterError, match=r"768 million pixels; please choose a scale of at most 5\.7"):
        finished(image, scale=8)


def test_a_picture_without_raster_is_enlarged_too() -> None:
    found = Walk(run(TASK, {"image": [open_picture(pictures.scene())]}, parse(TASK.parameters, {"scale": 2}))).finish()
    assert found.image.size == (192, 144)


# --- side by side ---


def test_the_comparison_shows_every_method_and_the_original() -> None:
    values = {"original": True, "side": 32, "scale": 2, "methods": ["gan", "bicubic"]}
    image = photo(101, 75)
    found = Walk(run(COMPARISON, {"image": [open_picture(image)]}, parse(COMPARISON.parameters, values))).finish()
    comparison = found.explanation
    assert isinstance(comparison, Comparison)
    assert [panel.title for panel in comparison.panels] == ["GAN (SRGAN)", "bicubic", "original"]
    assert {panel.image.size for panel in comparison.panels} == {(64, 64)}
    assert comparison.panels[2].image.tobytes() == image.crop((18, 6, 82, 70)).tobytes()
    assert all(panel.seconds and panel.memory is not None for panel in comparison.panels[:2])
    assert set(comparison.panels[0].quality) == {"psnr", "ssim", "lpips"}
    assert comparison.picture().width >= 3 * 64


def test_the_part_lies_where_it_is_wanted() -> None:
    image = photo(96, 72)
    values = {"side": 32, "scale": 2, "methods": ["bicubic"], "across": 100, "down": 0}
    found = Walk(run(COMPARISON, {"image": [open_picture(image)]}, parse(COMPARISON.parameters, values))).finish()
    shown = found.explanation.panels[-1].image
    assert shown.resize((32, 32), Image.Resampling.NEAREST).tobytes() == image.crop((64, 0, 96, 32)).tobytes()


def test_an_original_that_is_too_small_is_refused() -> None:
    values = parse(COMPARISON.parameters, {"original": True})
    with pytest.raises(PictureError, match="at least 64 pixels"):
        Walk(run(COMPARISON, {"image": [open_picture(photo(63, 90))]}, values)).finish()


def test_a_stopped_comparison_says_what_is_missing() -> None:
    job = Job()
    values = parse(COMPARISON.parameters, {"side": 32})
    walk = Walk(run(COMPARISON, {"image": [open_picture(photo())]}, values, job))
    for step in walk:
        if step.done > 0:
            job.stop()
    assert walk.result.explanation.missing == 2
    assert list(walk.result.facts["methods"]) == ["bicubic"]


def test_a_network_that_was_stopped_is_not_passed_off_as_its_result() -> None:
    job = Job()
    values = parse(
        COMPARISON.parameters, {"side": 64, "scale": 2, "methods": ["residual", "bicubic"], "original": True}
    )
    walk = Walk(run(COMPARISON, {"image": [open_picture(photo(128, 128))]}, values, job))
    for step in walk:
        if "first tile" in step.stage:
            job.stop()
    (stopped, original) = walk.result.explanation.panels
    assert stopped.title == "residual (SRResNet), stopped"
    assert not stopped.quality
    assert original.title == "original"


def test_a_stop_does_not_count_as_work_done() -> None:
    job = Job()
    parameters = parse(TASK.parameters, {"scale": 2, "tile": 32})
    walk = Walk(run(TASK, {"image": [TASK.inputs[0].open(photo(96, 96))]}, parameters, job))
    done = 0.0
    for step in walk:
        done = step.done
        if "tile 3" in step.stage:
            job.stop()
    assert done == pytest.approx(3 / 9, abs=0.01)


def test_the_estimate_knows_tiles_and_refuses_what_cannot_be() -> None:
    def cost_of(**values: Any) -> float:
        return TASK.cost(parse(TASK.parameters, values), {"image": [(500, 400)]})

    assert cost_of(tile=64) > 1.3 * cost_of()
    assert cost_of(method="bicubic") > 0.01 * cost_of()
    with pytest.raises(ParameterError, match="million pixels"):
        TASK.cost(parse(TASK.parameters, {"scale": 8}), {"image": [(6000, 4000)]})


def test_the_difference_is_signed_and_around_grey() -> None:
    one, other = Image.new("RGB", (2, 2), (100, 100, 100)), Image.new("RGB", (2, 2), (90, 100, 110))
    assert difference(one, other).getpixel((0, 0)) == (168, 128, 88)


def test_enlarging_is_the_same_for_the_task_and_for_the_table() -> None:
    image = photo(40, 32)
    direct = Walk(enlarged(Raster(numpy.asarray(image)), "residual", 4, Job())).finish().raster.image()
    assert direct.tobytes() == finished(image).image.tobytes()
