"""Style V1 and reconstruction: the pictures are what the method promises."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from PIL import Image

from demos.examples.paintings import PAINTINGS
from engine import TASKS, Picture, RunResult, Runtime, open_picture
from engine.contracts.errors import ParameterError, PictureSizeError
from engine.contracts.parameters import parse
from engine.evaluation.style import lattice
from engine.imaging.tensors import resized, to_tensor
from engine.model_store.catalogue import catalogue
from engine.nets import eight_bits
from engine.nets.vgg import LAYERS
from engine.perceptual import losses
from engine.perceptual.colour import match_colours, palette
from engine.perceptual.network import TUNED, PerceptualNetwork, perceptual_network
from engine.perceptual.synthesis import Scale, pyramid
from engine.tasks.style_v1 import STYLE_LAYERS, StyleV1
from tests.support import pictures
from tests.support.runs import finished, stopped_when


def style(runtime: Runtime, content: Picture, *paintings: Picture, **values: Any) -> RunResult:
    inputs = {"content": [content], "style": list(paintings)}
    return finished(runtime, TASKS["style-v1"], inputs, **{"size": 64, "iterations": 12, **values})


def losses_of(result: RunResult, which: str = "losses_last") -> dict[str, float]:
    return result.facts.task.figures[which]


def reconstruct(runtime: Runtime, picture: Picture, **values: Any) -> RunResult:
    settings = {"size": 64, "iterations": 15, **values}
    return finished(runtime, TASKS["reconstruction"], {"picture": [picture]}, **settings)


def network(runtime: Runtime) -> PerceptualNetwork:
    return perceptual_network("vgg19-normalised", runtime.nets, "max")


def style_distance(runtime: Runtime, result: RunResult, painting: Picture) -> float:
    """Mean relative error of the Gram matrices, from the pictures themselves."""
    net = network(runtime)
    device = net.device.torch_device
    features = net.targets(to_tensor(result.image, device), STYLE_LAYERS)
    goal = net.targets(resized(painting.image, (64, 64), device), STYLE_LAYERS)
    errors = [losses.style_loss(features[layer], losses.gram_matrix(goal[layer])).item() for layer in STYLE_LAYERS]
    return float(numpy.mean(errors))


def chroma(image: Any) -> numpy.ndarray:
    values = numpy.asarray(image).astype(float)
    return values - values.mean(axis=2, keepdims=True)


@pytest.fixture(scope="module")
def default(runtime: Runtime) -> RunResult:
    return style(runtime, open_picture(pictures.scene()), open_picture(pictures.painting()), iterations=30)


def test_the_style_loss_falls_and_the_scene_stays(
    default: RunResult, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    first, last = losses_of(default, "losses_first"), losses_of(default)
    assert last["style"] < 0.5 * first["style"]
    nothing_but_style = losses_of(style(runtime, photo, painting, iterations=30, balance=100))
    assert last["content"] < 0.8 * nothing_but_style["content"]
    assert default.facts.task.figures["iterations"] == 30


def test_the_result_is_nearer_to_its_painting_than_the_photo_and_than_to_another(
    default: RunResult, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    untouched = style(runtime, photo, painting, iterations=1, start="content")
    other = open_picture(pictures.painting().transpose(0).point(lambda value: 255 - value))
    assert style_distance(runtime, default, painting) < 0.6 * style_distance(runtime, untouched, painting)
    assert style_distance(runtime, default, painting) < style_distance(runtime, default, other)


def test_balance_trades_content_for_style(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    scene, painted = (losses_of(style(runtime, photo, painting, balance=value, iterations=20)) for value in (10, 95))
    assert scene["content"] < painted["content"]


def test_keeping_the_photos_colours_keeps_its_chroma(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    kept = style(runtime, photo, painting, colours="photo")
    original = photo.image.resize(kept.image.size)
    changed = style(runtime, photo, painting)
    far = numpy.abs(chroma(changed.image) - chroma(original)).mean()
    assert numpy.abs(chroma(kept.image) - chroma(original)).mean() < 0.5 * far


def test_the_photo_shows_through_as_much_as_is_said(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    thick, thin = (style(runtime, photo, painting, iterations=4, show_through=share).image for share in (0, 0.5))
    expected = Image.blend(thick, photo.image.resize(thick.size, Image.Resampling.LANCZOS), 0.5)
    assert numpy.abs(numpy.asarray(thin, int) - numpy.asarray(expected, int)).max() <= 1


def test_matched_colours_lie_between(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    original = numpy.asarray(photo.image.resize((64, 48))).reshape(-1, 3).mean(axis=0)
    matched = numpy.asarray(style(runtime, photo, painting, colours="matched").image).reshape(-1, 3).mean(axis=0)
    painted = numpy.asarray(style(runtime, photo, painting).image).reshape(-1, 3).mean(axis=0)
    assert numpy.abs(matched - original).sum() < numpy.abs(painted - original).sum()


def test_several_paintings_count_by_their_weights(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    other = open_picture(pictures.painting().rotate(90))
    alone = style(runtime, photo, painting)
    weighed = style(runtime, photo, painting, other, style_weights=(1, 0))
    assert weighed.image.tobytes() == alone.image.tobytes()
    mixed = style(runtime, photo, painting, other)
    assert mixed.image.tobytes() != alone.image.tobytes()


@pytest.mark.parametrize("weights", [(1.0,), (0.0, 0.0)])
def test_weights_that_do_not_fit_are_refused(
    weights: tuple[float, ...], photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    with pytest.raises(ParameterError) as error:
        style(runtime, photo, painting, painting, style_weights=weights)
    assert error.value.fields["parameter"] == "style_weights"


@pytest.mark.parametrize("start", ["noise", "blend"])
def test_the_seed_decides_a_noisy_start(start: str, photo: Picture, painting: Picture, runtime: Runtime) -> None:
    one, again, two = (style(runtime, photo, painting, start=start, seed=seed, iterations=3) for seed in (1, 1, 2))
    assert one.image.tobytes() == again.image.tobytes() != two.image.tobytes()


def test_the_recoloured_start_has_the_paintings_colours(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    first = to_tensor(style(runtime, photo, painting, iterations=1).image)
    goal = to_tensor(painting.image)
    assert (first.mean(dim=(2, 3)) - goal.mean(dim=(2, 3))).abs().max() < 0.08


def test_a_picture_too_narrow_for_the_size_is_refused(painting: Picture, runtime: Runtime) -> None:
    with pytest.raises(PictureSizeError) as error:
        style(runtime, open_picture(pictures.scene(400, 40)), painting)
    assert error.value.fields["size"] == 64


def test_adam_works_too(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    result = style(runtime, photo, painting, optimiser="adam")
    assert losses_of(result)["style"] < losses_of(result, "losses_first")["style"]


def test_a_stop_in_a_coarse_scale_still_gives_the_full_size(
    photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    inputs = {"content": [photo], "style": [painting]}
    result = stopped_when(runtime, TASKS["style-v1"], inputs, lambda step: True, size=192, iterations=6)
    assert max(result.image.size) == 192
    assert max(result.facts.task.figures["reached_size"]) == 96


def test_the_pyramid_doubles_and_shares_the_iterations() -> None:
    assert pyramid((512, 384), 100, 3, shortest=32) == [
        Scale((128, 96), 34),
        Scale((256, 192), 33),
        Scale((512, 384), 33),
    ]
    assert pyramid((128, 96), 10, 5, shortest=32) == [Scale((128, 96), 10)], "96 px is the coarsest"
    assert [scale.iterations for scale in pyramid((512, 512), 2, 3, shortest=32)] == [1, 1]
    falling = pyramid((512, 384), 120, 3, shortest=32, schedule="falling")
    assert [scale.iterations for scale in falling] == [60, 40, 20]
    assert [scale.iterations for scale in pyramid((512, 384), 3, 3, shortest=32, schedule="falling")] == [1, 1, 1]
    assert pyramid((64, 64), 5, 3, shortest=32) == [Scale((64, 64), 5)]


def test_pixels_come_back(photo: Picture, runtime: Runtime) -> None:
    result = reconstruct(runtime, photo, of="pixels", iterations=80)
    original = photo.image.resize(result.image.size)
    assert numpy.abs(numpy.asarray(result.image).astype(float) - numpy.asarray(original)).mean() < 8


def test_an_early_layer_brings_back_more_than_a_late_one(photo: Picture, runtime: Runtime) -> None:
    def error(layer: str) -> float:
        result = reconstruct(runtime, photo, of="content", content_layer=layer, iterations=40)
        original = photo.image.resize(result.image.size)
        return float(numpy.abs(numpy.asarray(result.image).astype(float) - numpy.asarray(original)).mean())

    early, late = error("relu1_1"), error("relu5_1")
    assert early < 12
    assert early < 0.5 * late


def test_style_forgets_places_and_keeps_statistics(painting: Picture, runtime: Runtime) -> None:
    result = reconstruct(runtime, painting, of="style", iterations=45)
    noise = reconstruct(runtime, painting, of="style", iterations=1)
    assert style_distance(runtime, result, painting) < 0.1 * style_distance(runtime, noise, painting)
    difference = numpy.asarray(result.image).astype(float) - numpy.asarray(painting.image.resize((64, 64)))
    assert numpy.abs(difference).mean() > 20, "the places should differ"


def test_the_strip_has_two_rows_of_five_panels(photo: Picture, runtime: Runtime) -> None:
    result = reconstruct(runtime, photo, of="strip", iterations=2)
    assert result.facts.task.figures["panels"] == 10
    assert result.facts.task.figures["iterations"] == 20
    assert result.image.width > 5 * 64
    assert result.image.height > 2 * 48


def test_both_networks_have_tuned_weights() -> None:
    assert set(TUNED) == {entry.name for entry in catalogue() if entry.architecture.startswith("vgg19")}
    assert set(STYLE_LAYERS) < set(LAYERS)


def test_recolouring_is_the_start_not_the_goal(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    """The content term still wants the photo's own features."""
    content = to_tensor(photo.image.resize((64, 48)))
    recoloured = match_colours(content, palette([to_tensor(painting.image)]))
    net = network(runtime)
    detail = StyleV1().detail
    total = 1 + 2 * detail
    layers = {"relu4_2": 1 / total, "relu2_1": detail / total, "relu3_1": detail / total}
    goal, start = (net.targets(each.to(net.device.torch_device), layers) for each in (content, recoloured))
    expected = sum(weight * losses.content_loss(start[layer], goal[layer]).item() for layer, weight in layers.items())
    assert losses_of(style(runtime, photo, painting, iterations=1), "losses_first")["content"] == pytest.approx(
        expected, rel=0.02
    )


def calm(runtime: Runtime, grey: int, painting: str, **values: Any) -> float:
    """Lattice of a calm sky of about this grey, painted."""
    sky = Image.linear_gradient("L").resize((128, 96)).point(lambda value: grey + value // 8).convert("RGB")
    style_picture = open_picture(next(each.path for each in PAINTINGS if each.name == painting))
    painted = style(runtime, open_picture(sky), style_picture, size=128, iterations=40, **values)
    return lattice(to_tensor(painted.image), to_tensor(sky))


def test_calm_places_get_less_of_a_lattice(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gram matrices of averaged poolings lay a grid of dots into a calm sky."""
    monkeypatch.setattr(eight_bits, "works", lambda dtype: False)  # one sky alone is chaotic enough
    ours, theirs = (calm(runtime, 150, "whalers", **values) for values in ({}, {**StyleV1.earlier, "balance": 50.0}))
    assert ours < 0.7 * theirs


def test_bytes_lay_no_lattice_into_calm_places(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    skies = ((120, "whalers"), (150, "starry_night"), (150, "seashore"))
    in_bytes = [calm(runtime, *sky) for sky in skies]
    monkeypatch.setattr(eight_bits, "works", lambda dtype: False)
    assert sum(in_bytes) < 1.15 * sum(calm(runtime, *sky) for sky in skies)


def test_a_result_is_gone_on_from_at_a_larger_size(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    small = style(runtime, photo, painting, size=64, iterations=12)
    inputs = {"content": [photo], "style": [painting], "begin": [open_picture(small.image)]}
    untouched = finished(runtime, TASKS["style-v1"], inputs, size=128, iterations=1, show_through=0)
    assert untouched.image.size == (128, 96)
    back = untouched.image.resize((64, 48), Image.Resampling.BICUBIC)
    apart = numpy.abs(numpy.asarray(back, int) - numpy.asarray(small.image, int))
    assert apart.mean() < 3, "it begins with the result, not with the photo, and not at a coarser scale"
    larger = finished(runtime, TASKS["style-v1"], inputs, size=128, iterations=8)
    assert larger.facts.task.figures["scales"] == [[128, 96]]
    assert losses_of(larger)["total"] < losses_of(larger, "losses_first")["total"]


def test_a_result_of_another_photo_is_not_gone_on_from(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo], "style": [painting], "begin": [open_picture(pictures.scene(64, 64))]}
    with pytest.raises(PictureSizeError):
        finished(runtime, TASKS["style-v1"], inputs, size=64, iterations=1)


def test_finishing_costs_one_scale(photo: Picture, painting: Picture) -> None:
    task = TASKS["style-v1"]
    inputs = {"content": [photo], "style": [painting]}
    parameters = parse(task.parameters, {"size": 512, "iterations": 30})
    anew = task.cost(parameters, task.extents(inputs))
    finishing = task.cost(parameters, task.extents({**inputs, "begin": [photo]}))
    assert finishing > 1.5 * anew, "all iterations at the largest size"
