"""Style V1 and reconstruction: the pictures are what the method promises."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from engine import TASKS, Picture, Result, Walk, open_picture, run
from engine.contracts.errors import ParameterError, PictureError
from engine.hardware.device import best_device
from engine.imaging.tensors import resized, to_tensor
from engine.nets.vgg import LAYERS
from engine.perceptual import losses
from engine.perceptual.colour import match_colours, palette
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from engine.perceptual.synthesis import Scale, pyramid
from engine.tasks.reconstruction import Reconstruction
from engine.tasks.style_v1 import STYLE_LAYERS, StyleV1
from tests.support import pictures


def style(content: Picture, *paintings: Picture, **values: Any) -> Result:
    parameters = StyleV1(**{"size": 64, "iterations": 12, **values})
    return Walk(run(TASKS["style-v1"], {"content": [content], "style": list(paintings)}, parameters)).finish()


def reconstruct(picture: Picture, **values: Any) -> Result:
    parameters = Reconstruction(**{"size": 64, "iterations": 15, **values})
    return Walk(run(TASKS["reconstruction"], {"picture": [picture]}, parameters)).finish()


def network() -> PerceptualNetwork:
    return perceptual_network("vgg19-normalised", best_device())


def style_distance(result: Result, painting: Picture) -> float:
    """Mean relative error of the Gram matrices, from the pictures themselves."""
    net = network()
    size = (64, 64)
    found = net.targets(to_tensor(result.image, net.device.torch_device), STYLE_LAYERS)
    goal = net.targets(resized(painting.image, size, net.device.torch_device), STYLE_LAYERS)
    errors = [losses.style_loss(found[layer], losses.gram_matrix(goal[layer])).item() for layer in STYLE_LAYERS]
    return float(numpy.mean(errors))


def chroma(image: Any) -> numpy.ndarray:
    values = numpy.asarray(image).astype(float)
    return values - values.mean(axis=2, keepdims=True)


@pytest.fixture(scope="module")
def default() -> Result:
    return style(open_picture(pictures.scene()), open_picture(pictures.painting()), iterations=60)


def test_the_style_loss_falls_and_the_scene_stays(default: Result) -> None:
    facts = default.facts
    assert facts["losses_last"]["style"] < 0.5 * facts["losses_first"]["style"]
    assert facts["losses_last"]["content"] < 0.8
    assert facts["iterations"] == 60


def test_the_result_is_nearer_to_its_painting_than_the_photo_and_than_to_another(
    default: Result, photo: Picture, painting: Picture
) -> None:
    untouched = style(photo, painting, iterations=1, start="content")
    other = open_picture(pictures.painting().transpose(0).point(lambda value: 255 - value))
    assert style_distance(default, painting) < 0.6 * style_distance(untouched, painting)
    assert style_distance(default, painting) < style_distance(default, other)


def test_balance_trades_content_for_style(photo: Picture, painting: Picture) -> None:
    scene, painted = (style(photo, painting, balance=value, iterations=20).facts["losses_last"] for value in (10, 95))
    assert scene["content"] < painted["content"]


def test_keeping_the_photos_colours_keeps_its_chroma(photo: Picture, painting: Picture) -> None:
    kept = style(photo, painting, colours="photo")
    original = photo.image.resize(kept.image.size)
    changed = style(photo, painting)
    far = numpy.abs(chroma(changed.image) - chroma(original)).mean()
    assert numpy.abs(chroma(kept.image) - chroma(original)).mean() < 0.5 * far


def test_matched_colours_lie_between(photo: Picture, painting: Picture) -> None:
    original = numpy.asarray(photo.image.resize((64, 48))).reshape(-1, 3).mean(axis=0)
    matched = numpy.asarray(style(photo, painting, colours="matched").image).reshape(-1, 3).mean(axis=0)
    painted = numpy.asarray(style(photo, painting).image).reshape(-1, 3).mean(axis=0)
    assert numpy.abs(matched - original).sum() < numpy.abs(painted - original).sum()


def test_several_paintings_count_by_their_weights(photo: Picture, painting: Picture) -> None:
    other = open_picture(pictures.painting().rotate(90))
    alone = style(photo, painting)
    weighed = style(photo, painting, other, style_weights=(1, 0))
    assert weighed.image.tobytes() == alone.image.tobytes()
    mixed = style(photo, painting, other)
    assert mixed.image.tobytes() != alone.image.tobytes()


@pytest.mark.parametrize("weights", [(1.0,), (0.0, 0.0)])
def test_weights_that_do_not_fit_are_refused(weights: tuple[float, ...], photo: Picture, painting: Picture) -> None:
    with pytest.raises(ParameterError, match="style_weights"):
        style(photo, painting, painting, style_weights=weights)


@pytest.mark.parametrize("start", ["noise", "blend"])
def test_the_seed_decides_a_noisy_start(start: str, photo: Picture, painting: Picture) -> None:
    one, again, two = (style(photo, painting, start=start, seed=seed, iterations=3) for seed in (1, 1, 2))
    assert one.image.tobytes() == again.image.tobytes() != two.image.tobytes()


def test_the_recoloured_start_has_the_paintings_colours(photo: Picture, painting: Picture) -> None:
    first = to_tensor(style(photo, painting, iterations=1).image)
    goal = to_tensor(painting.image)
    assert (first.mean(dim=(2, 3)) - goal.mean(dim=(2, 3))).abs().max() < 0.08


def test_a_picture_too_narrow_for_the_size_is_refused(painting: Picture) -> None:
    with pytest.raises(PictureError, match="too narrow for size 64"):
        style(open_picture(pictures.scene(400, 40)), painting)


def test_adam_works_too(photo: Picture, painting: Picture) -> None:
    facts = style(photo, painting, optimiser="adam").facts
    assert facts["losses_last"]["style"] < facts["losses_first"]["style"]


def test_a_stop_in_a_coarse_scale_still_gives_the_full_size(photo: Picture, painting: Picture) -> None:
    from engine import Job

    job = Job()
    walk = Walk(run(TASKS["style-v1"], {"content": [photo], "style": [painting]}, StyleV1(size=192, iterations=6), job))
    for _ in walk:
        job.stop()
    assert max(walk.result.image.size) == 192
    assert max(walk.result.facts["reached_size"]) == 96


def test_the_pyramid_doubles_and_shares_the_iterations() -> None:
    assert pyramid((512, 384), 100, 3, shortest=32) == [
        Scale((128, 96), 34),
        Scale((256, 192), 33),
        Scale((512, 384), 33),
    ]
    assert pyramid((128, 96), 10, 5, shortest=32) == [Scale((128, 96), 10)], "96 px is the coarsest"
    assert [scale.iterations for scale in pyramid((512, 512), 2, 3, shortest=32)] == [1, 1]
    assert pyramid((64, 64), 5, 3, shortest=32) == [Scale((64, 64), 5)]


def test_pixels_come_back(photo: Picture) -> None:
    found = reconstruct(photo, of="pixels", iterations=80)
    original = photo.image.resize(found.image.size)
    assert numpy.abs(numpy.asarray(found.image).astype(float) - numpy.asarray(original)).mean() < 8


def test_an_early_layer_brings_back_more_than_a_late_one(photo: Picture) -> None:
    def error(layer: str) -> float:
        found = reconstruct(photo, of="content", content_layer=layer, iterations=40)
        original = photo.image.resize(found.image.size)
        return float(numpy.abs(numpy.asarray(found.image).astype(float) - numpy.asarray(original)).mean())

    early, late = error("relu1_1"), error("relu5_1")
    assert early < 12
    assert early < 0.5 * late


def test_style_forgets_places_and_keeps_statistics(painting: Picture) -> None:
    found = reconstruct(painting, of="style", iterations=40)
    noise = reconstruct(painting, of="style", iterations=1)
    assert style_distance(found, painting) < 0.1 * style_distance(noise, painting)
    difference = numpy.asarray(found.image).astype(float) - numpy.asarray(painting.image.resize((64, 64)))
    assert numpy.abs(difference).mean() > 20, "the places should differ"


def test_the_strip_has_two_rows_of_five_panels(photo: Picture) -> None:
    found = reconstruct(photo, of="strip", iterations=2)
    assert found.facts["panels"] == 10
    assert found.facts["iterations"] == 20
    assert found.image.width > 5 * 64
    assert found.image.height > 2 * 48


def test_both_networks_have_tuned_weights() -> None:
    from engine.model_store.catalogue import catalogue
    from engine.perceptual.network import TUNED

    assert set(TUNED) == {entry.name for entry in catalogue() if entry.architecture.startswith("vgg19")}
    assert set(STYLE_LAYERS) < set(LAYERS)


def test_recolouring_is_the_start_not_the_goal(photo: Picture, painting: Picture) -> None:
    """The content term still wants the photo's own features."""
    content = to_tensor(photo.image.resize((64, 48)))
    recoloured = match_colours(content, palette([to_tensor(painting.image)]))
    net = network()
    layer = ["relu4_2"]
    goal = net.targets(content.to(net.device.torch_device), layer)["relu4_2"]
    expected = losses.content_loss(net.targets(recoloured.to(net.device.torch_device), layer)["relu4_2"], goal).item()
    assert style(photo, painting, iterations=1).facts["losses_first"]["content"] == pytest.approx(expected, rel=0.02)
