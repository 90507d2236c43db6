"""Style V3 and V1 beside V3: the pictures are what the method promises."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from PIL import Image, ImageOps
from torch import Tensor

from engine import TASKS, Picture, RunResult, Runtime, open_picture
from engine.imaging.comparison import Comparison
from engine.imaging.tensors import resized, to_tensor
from engine.perceptual.correspondence import Correspondence
from engine.perceptual.losses import gram_matrix, relative_error
from engine.perceptual.matching import PatchBank
from engine.perceptual.network import perceptual_network
from engine.perceptual.patches import patch_loss, patch_target
from engine.tasks.style_comparison import METHODS, TITLES
from tests.support import pictures
from tests.support.runs import finished, stopped_when

LAYERS = ("relu3_1", "relu4_1")


def style(runtime: Runtime, content: Picture, *paintings: Picture, **values: Any) -> RunResult:
    inputs = {"content": [content], "style": list(paintings)}
    return finished(runtime, TASKS["style-v3"], inputs, **{"size": 64, "iterations": 12, **values})


def distance(runtime: Runtime, result: Image.Image, painting: Picture) -> float:
    """Mean patch loss against the painting, from the pictures themselves."""
    net = perceptual_network("vgg19-normalised", runtime.nets)
    features = net.targets(to_tensor(result, net.device.torch_device), LAYERS)
    goal = net.targets(resized(painting.image, (64, 64), net.device.torch_device), LAYERS)
    total = 0.0
    for layer in LAYERS:
        bank = PatchBank([goal[layer]])
        total += patch_loss(features[layer], patch_target(bank, bank.search(features[layer]))).item()
    return total / len(LAYERS)


def correspondence(result: RunResult) -> Correspondence:
    assert isinstance(result.explanation, Correspondence)
    return result.explanation


@pytest.fixture(scope="module")
def default(runtime: Runtime) -> RunResult:
    return style(runtime, open_picture(pictures.scene()), open_picture(pictures.painting()), iterations=40)


def test_the_patch_loss_falls_and_the_scene_stays(default: RunResult) -> None:
    facts = default.facts.task.figures
    assert facts["losses_last"]["patches"] < 0.6 * facts["losses_first"]["patches"]
    assert facts["losses_last"]["content"] < 1.2  # 0.9 to 1.1 with one and two threads: sums in another order
    assert set(facts["losses_last"]) == {"content", "patches", "palette", "smoothness", "total"}


def test_the_result_is_nearer_to_the_paintings_patches(
    default: RunResult, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    assert distance(runtime, default.image, painting) < 0.6 * distance(runtime, photo.image.resize((64, 48)), painting)


def test_balance_100_takes_the_painting_alone(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    alone = style(runtime, photo, painting, balance=100, start="noise", iterations=25)
    assert "content" not in alone.facts.task.figures["losses_last"]
    other = style(runtime, open_picture(pictures.scene().transpose(Image.Transpose.ROTATE_180)), painting, balance=100,
                  start="noise", iterations=25)  # fmt: skip
    assert other.image.tobytes() == alone.image.tobytes(), "nothing of the photo is left"
    assert distance(runtime, alone.image, painting) < 0.5


def test_balance_trades_content_for_patches(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    less, more = (style(runtime, photo, painting, balance=value, iterations=20) for value in (10, 90))
    assert distance(runtime, more.image, painting) < distance(runtime, less.image, painting)


def test_parts_stay_whole_where_gram_matrices_mix_them(photo: Picture, runtime: Runtime) -> None:
    """Of a photo in grey and the same one in colours as painting, every place finds its own patch."""
    grey = open_picture(ImageOps.grayscale(photo.image).convert("RGB"))
    result = style(runtime, grey, photo, size=96, iterations=30)
    (layer,) = [each for each in correspondence(result).layers if each.layer == "relu3_1"]
    down, across = numpy.mgrid[0 : layer.number.shape[0], 0 : layer.number.shape[1]]
    own = numpy.stack([(across + 1.5) / (layer.number.shape[1] + 2), (down + 1.5) / (layer.number.shape[0] + 2)], -1)
    moved = numpy.abs(layer.corners.mean(axis=2) - own).max(axis=-1)
    assert numpy.median(moved) < 0.05


def test_keeping_the_photos_colours_keeps_its_chroma(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    def chroma(image: Image.Image) -> numpy.ndarray:
        return numpy.asarray(image.resize((64, 48)).convert("YCbCr")).astype(float)[..., 1:]

    kept, changed = (style(runtime, photo, painting, colours=value) for value in ("photo", "painting"))
    original = chroma(photo.image)
    assert numpy.abs(chroma(kept.image) - original).mean() < 0.5 * numpy.abs(chroma(changed.image) - original).mean()


def test_the_palette_term_brings_the_paintings_colours(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    net = perceptual_network("vgg19-normalised", runtime.nets)

    def gram(image: Image.Image) -> Tensor:
        return gram_matrix(net.targets(to_tensor(image, net.device.torch_device), ["relu1_1"])["relu1_1"])

    def far(image: Image.Image) -> float:
        return relative_error(gram(image), gram(painting.image.resize((64, 64)))).item()

    without, with_palette = (
        style(runtime, photo, painting, palette=value, start="content", iterations=25).image for value in (0, 10)
    )
    assert far(with_palette) < far(without)


def test_patches_come_from_all_paintings_and_copies(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    other = open_picture(pictures.scene(90, 70))  # the photo itself: its patches are the nearest
    result = style(runtime, photo, painting, other, rotations=1, resizings=1)
    explained = correspondence(result)
    assert len(explained.paintings) == 2
    for layer in explained.layers:
        assert (layer.number == 1).mean() > 0.5
        assert layer.corners.min() > -0.01
        assert layer.corners.max() < 1.01


def test_copies_are_searched_too(photo: Picture, runtime: Runtime) -> None:
    """A turned photo is result again among the turned copies."""
    turned = open_picture(pictures.scene(160, 120).rotate(7.5, Image.Resampling.BICUBIC).crop((20, 20, 140, 100)))
    straight = open_picture(pictures.scene(160, 120))
    without, with_copies = (
        style(runtime, turned, straight, size=96, iterations=1, start="content", rotations=count) for count in (0, 1)
    )
    first, second = (correspondence(each).layers[0].correlation.mean() for each in (without, with_copies))
    assert second > first


def test_matching_less_often_finds_almost_the_same(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    often, seldom = (style(runtime, photo, painting, rematch=value, iterations=30).image for value in (1, 5))
    assert distance(runtime, seldom, painting) < 1.3 * distance(runtime, often, painting)
    assert often.tobytes() != seldom.tobytes()


def test_the_seed_decides_a_noisy_start(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    one, again, two = (style(runtime, photo, painting, start="noise", seed=seed, iterations=3) for seed in (1, 1, 2))
    assert one.image.tobytes() == again.image.tobytes() != two.image.tobytes()


def test_there_are_three_scales_and_a_stop_in_the_first_gives_the_full_size(
    photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    inputs = {"content": [photo], "style": [painting]}
    result = stopped_when(runtime, TASKS["style-v3"], inputs, lambda step: True, size=256, iterations=9)
    facts = result.facts.task.figures
    assert [max(scale) for scale in facts["scales"]] == [100, 160, 256]
    assert max(facts["reached_size"]) == 100
    assert max(result.image.size) == 256
    assert correspondence(result).result.size == result.image.size


@pytest.mark.parametrize("layer", ["relu2_1", "relu3_1", "relu4_1"])
def test_every_patch_layer_works_at_the_smallest_size(layer: str, painting: Picture, runtime: Runtime) -> None:
    narrow = open_picture(pictures.scene(64, 33))
    result = style(runtime, narrow, painting, patch_layers=(layer,), iterations=2, stride=3, style_scale=0.25)
    assert result.image.size == (64, 33)


def test_the_styles_stand_side_by_side(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo], "style": [painting]}
    result = finished(runtime, TASKS["style-comparison"], inputs, size=96, iterations=4)
    methods = result.facts.task.methods
    assert [each.title for each in methods] == [task.title for task in METHODS.values()]
    assert all(each.seconds > 0 for each in methods)
    assert methods[-1].figures["losses_last"]["total"] > 0
    assert isinstance(result.explanation, Comparison)
    assert [panel.title for panel in result.explanation.panels[1:-1]] == list(TITLES.values())
    images = [panel.image for panel in result.explanation.panels]
    assert all(image.size == (96, 72) and numpy.asarray(image).std() > 10 for image in images)
    assert images[0].tobytes() == photo.image.resize((96, 72), Image.Resampling.LANCZOS).tobytes()
    alone = style(runtime, photo, painting, size=96, iterations=4).image
    assert images[3].tobytes() == alone.tobytes(), "V3's panel is what V3 makes alone"
    sheet = result.explanation.picture()
    assert sheet.width >= 5 * 96, "one picture with everything, to be kept"


def test_only_the_chosen_styles_are_made(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo], "style": [painting]}
    result = finished(runtime, TASKS["style-comparison"], inputs, size=64, methods=("v2",))
    assert [each.title for each in result.facts.task.methods] == [METHODS["v2"].title]
    names = {each["name"] for each in result.recipe["weights"]}
    assert names <= {"style-v2", "any-style-predictor", "any-style"}
