"""Style V3 and V1 beside V3: the pictures are what the method promises."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from PIL import Image, ImageOps
from torch import Tensor

from engine import TASKS, Job, Picture, Result, Walk, open_picture, run
from engine.hardware.device import best_device
from engine.imaging.comparison import Comparison
from engine.imaging.tensors import resized, to_tensor
from engine.perceptual.correspondence import Correspondence
from engine.perceptual.losses import gram_matrix, relative_error
from engine.perceptual.matching import PatchBank
from engine.perceptual.network import perceptual_network
from engine.perceptual.patches import patch_loss, patch_target
from engine.tasks.style_comparison import TITLES, StyleComparison
from engine.tasks.style_v3 import StyleV3
from tests.support import pictures

LAYERS = ("relu3_1", "relu4_1")


def style(content: Picture, *paintings: Picture, **values: Any) -> Result:
    parameters = StyleV3(**{"size": 64, "iterations": 12, **values})
    return Walk(run(TASKS["style-v3"], {"content": [content], "style": list(paintings)}, parameters)).finish()


def distance(result: Image.Image, painting: Picture) -> float:
    """Mean patch loss against the painting, from the pictures themselves."""
    net = perceptual_network("vgg19-normalised", best_device())
    found = net.targets(to_tensor(result, net.device.torch_device), LAYERS)
    goal = net.targets(resized(painting.image, (64, 64), net.device.torch_device), LAYERS)
    total = 0.0
    for layer in LAYERS:
        bank = PatchBank([goal[layer]])
        total += patch_loss(found[layer], patch_target(bank, bank.search(found[layer]))).item()
    return total / len(LAYERS)


def correspondence(result: Result) -> Correspondence:
    assert isinstance(result.explanation, Correspondence)
    return result.explanation


@pytest.fixture(scope="module")
def default() -> Result:
    return style(open_picture(pictures.scene()), open_picture(pictures.painting()), iterations=40)


def test_the_patch_loss_falls_and_the_scene_stays(default: Result) -> None:
    facts = default.facts
    assert facts["losses_last"]["patches"] < 0.6 * facts["losses_first"]["patches"]
    assert facts["losses_last"]["content"] < 1
    assert set(facts["losses_last"]) == {"content", "patches", "palette", "smoothness", "total"}


def test_the_result_is_nearer_to_the_paintings_patches(default: Result, photo: Picture, painting: Picture) -> None:
    assert distance(default.image, painting) < 0.6 * distance(photo.image.resize((64, 48)), painting)


def test_balance_100_takes_the_painting_alone(photo: Picture, painting: Picture) -> None:
    alone = style(photo, painting, balance=100, start="noise", iterations=25)
    assert "content" not in alone.facts["losses_last"]
    other = style(open_picture(pictures.scene().transpose(Image.Transpose.ROTATE_180)), painting, balance=100,
                  start="noise", iterations=25)  # fmt: skip
    assert other.image.tobytes() == alone.image.tobytes(), "nothing of the photo is left"
    assert distance(alone.image, painting) < 0.5


def test_balance_trades_content_for_patches(photo: Picture, painting: Picture) -> None:
    less, more = (style(photo, painting, balance=value, iterations=20) for value in (10, 90))
    assert distance(more.image, painting) < distance(less.image, painting)


def test_parts_stay_whole_where_gram_matrices_mix_them(photo: Picture) -> None:
    """Of a photo in grey and the same one in colours as painting, every place finds its own patch."""
    grey = open_picture(ImageOps.grayscale(photo.image).convert("RGB"))
    found = style(grey, photo, size=96, iterations=30)
    (layer,) = [each for each in correspondence(found).layers if each.layer == "relu3_1"]
    down, across = numpy.mgrid[0 : layer.number.shape[0], 0 : layer.number.shape[1]]
    own = numpy.stack([(across + 1.5) / (layer.number.shape[1] + 2), (down + 1.5) / (layer.number.shape[0] + 2)], -1)
    moved = numpy.abs(layer.corners.mean(axis=2) - own).max(axis=-1)
    assert numpy.median(moved) < 0.05


def test_keeping_the_photos_colours_keeps_its_chroma(photo: Picture, painting: Picture) -> None:
    def chroma(image: Image.Image) -> numpy.ndarray:
        return numpy.asarray(image.resize((64, 48)).convert("YCbCr")).astype(float)[..., 1:]

    kept, changed = (style(photo, painting, colours=value) for value in ("photo", "painting"))
    original = chroma(photo.image)
    assert numpy.abs(chroma(kept.image) - original).mean() < 0.5 * numpy.abs(chroma(changed.image) - original).mean()


def test_the_palette_term_brings_the_paintings_colours(photo: Picture, painting: Picture) -> None:
    net = perceptual_network("vgg19-normalised", best_device())

    def gram(image: Image.Image) -> Tensor:
        return gram_matrix(net.targets(to_tensor(image, net.device.torch_device), ["relu1_1"])["relu1_1"])

    def far(image: Image.Image) -> float:
        return relative_error(gram(image), gram(painting.image.resize((64, 64)))).item()

    without, with_palette = (
        style(photo, painting, palette=value, start="content", iterations=25).image for value in (0, 10)
    )
    assert far(with_palette) < far(without)


def test_patches_come_from_all_paintings_and_copies(photo: Picture, painting: Picture) -> None:
    other = open_picture(pictures.scene(90, 70))  # the photo itself: its patches are the nearest
    found = style(photo, painting, other, rotations=1, resizings=1)
    explained = correspondence(found)
    assert len(explained.paintings) == 2
    for layer in explained.layers:
        assert (layer.number == 1).mean() > 0.5
        assert layer.corners.min() > -0.01
        assert layer.corners.max() < 1.01


def test_copies_are_searched_too(photo: Picture) -> None:
    """A turned photo is found again among the turned copies."""
    turned = open_picture(pictures.scene(160, 120).rotate(7.5, Image.Resampling.BICUBIC).crop((20, 20, 140, 100)))
    straight = open_picture(pictures.scene(160, 120))
    without, with_copies = (
        style(turned, straight, size=96, iterations=1, start="content", rotations=count) for count in (0, 1)
    )
    first, second = (correspondence(each).layers[0].correlation.mean() for each in (without, with_copies))
    assert second > first


def test_matching_less_often_finds_almost_the_same(photo: Picture, painting: Picture) -> None:
    often, seldom = (style(photo, painting, rematch=value, iterations=30).image for value in (1, 5))
    assert distance(seldom, painting) < 1.3 * distance(often, painting)
    assert often.tobytes() != seldom.tobytes()


def test_the_seed_decides_a_noisy_start(photo: Picture, painting: Picture) -> None:
    one, again, two = (style(photo, painting, start="noise", seed=seed, iterations=3) for seed in (1, 1, 2))
    assert one.image.tobytes() == again.image.tobytes() != two.image.tobytes()


def test_there_are_three_scales_and_a_stop_in_the_first_gives_the_full_size(photo: Picture, painting: Picture) -> None:
    job = Job()
    given = {"content": [photo], "style": [painting]}
    walk = Walk(run(TASKS["style-v3"], given, StyleV3(size=256, iterations=9), job))
    for _ in walk:
        job.stop()
    facts = walk.result.facts
    assert [max(scale) for scale in facts["scales"]] == [100, 160, 256]
    assert max(facts["reached_size"]) == 100
    assert max(walk.result.image.size) == 256
    assert correspondence(walk.result).result.size == walk.result.image.size


@pytest.mark.parametrize("layer", ["relu2_1", "relu3_1", "relu4_1"])
def test_every_patch_layer_works_at_the_smallest_size(layer: str, painting: Picture) -> None:
    narrow = open_picture(pictures.scene(64, 33))
    found = style(narrow, painting, patch_layers=(layer,), iterations=2, stride=3, style_scale=0.25)
    assert found.image.size == (64, 33)


def test_the_styles_stand_side_by_side(photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    found = Walk(run(TASKS["style-comparison"], given, StyleComparison(size=96, iterations=4))).finish()
    assert list(found.facts["methods"]) == ["Style V1", "Style V2", "Style V3"]
    for method in found.facts["methods"].values():
        assert method["seconds"] > 0
    assert found.facts["methods"]["Style V3"]["losses_last"]["total"] > 0
    assert isinstance(found.explanation, Comparison)
    panels = {panel.title: panel.image for panel in found.explanation.panels}
    assert list(panels) == ["photo", *TITLES.values(), "painting"]
    assert all(image.size == (96, 72) and numpy.asarray(image).std() > 10 for image in panels.values())
    alone = style(photo, painting, size=96, iterations=4).image
    assert panels[TITLES["v3"]].tobytes() == alone.tobytes(), "V3's panel is what V3 makes alone"
    sheet = found.explanation.picture()
    assert sheet.width >= 5 * 96, "one picture with everything, to be kept"


def test_only_the_chosen_styles_are_made(photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    parameters = StyleComparison(size=64, methods=("v2",))
    found = Walk(run(TASKS["style-comparison"], given, parameters)).finish()
    assert list(found.facts["methods"]) == ["Style V2"]
    assert {each["name"] for each in found.facts["weights"]} <= {"style-v2", "vgg19-normalised", "adain-decoder"}
