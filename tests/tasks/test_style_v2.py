"""Style V2 as a task, and teaching it a style."""

from __future__ import annotations

import io
from typing import Any

import numpy
import pytest
from PIL import Image

from engine import TASKS, Picture, Runtime, open_picture
from engine.contracts.errors import MaskError, ParameterError
from engine.contracts.parameters import parse
from engine.contracts.task import Extent, Inputs
from engine.feedforward_style import banded_inference as bands
from engine.feedforward_style import painters
from engine.feedforward_style.styles import HUB, RETIRED, SHIPPED, SHOWN
from engine.imaging.picture import read_recipe
from engine.nets.transform import TransformNet
from engine.tasks.one_pass import painter_of
from engine.tasks.style_v2 import SMALLER_SIDE
from tests.support import pictures
from tests.support.runs import fields_of, finished, stopped_when

pytestmark = pytest.mark.usefixtures("small_lessons")
V2, TEACH = TASKS["style-v2"], TASKS["teach-style"]
SIZE = 96


def painted(runtime: Runtime, inputs: Inputs, **values: Any) -> Image.Image:
    return finished(runtime, V2, inputs, **{"size": SIZE, **values}).image


def card(runtime: Runtime, photo: Picture, painting: Picture, iterations: int) -> bytes:
    """The file of a card that a short lesson has made."""
    stream = io.BytesIO()
    lesson = {"iterations": iterations, "size": 128}
    finished(runtime, TEACH, {"style": [painting], "content": [photo]}, **lesson).save(stream)
    return stream.getvalue()


def array(image: Image.Image) -> numpy.ndarray:
    return numpy.asarray(image).astype(float)


def test_every_shipped_style_paints_in_its_own_way(photo: Picture, runtime: Runtime) -> None:
    paintings = {name: array(painted(runtime, {"content": [photo]}, style_name=name)) for name in SHOWN}
    names = list(paintings)
    for index, one in enumerate(names):
        assert abs(paintings[one] - array(photo.image.resize((96, 72)))).mean() > 10
        for other in names[:index]:
            assert abs(paintings[one] - paintings[other]).mean() > 5, (one, other)


def test_two_of_magentas_styles_are_mixed(photo: Picture, runtime: Runtime) -> None:
    first, second = {"style_name": "pale-wash"}, {"style_name": "ink-and-yellow"}
    inputs = {"content": [photo]}
    one, other = (array(painted(runtime, inputs, **each)) for each in (first, second))
    for mix, alone in ((0.0, one), (1.0, other)):
        assert abs(array(painted(runtime, inputs, **first, mixed_with="ink-and-yellow", mix=mix)) - alone).max() <= 1
    half = array(painted(runtime, inputs, **first, mixed_with="ink-and-yellow"))
    assert all(abs(half - each).mean() > 5 for each in (one, other))
    with pytest.raises(ParameterError):
        painted(runtime, inputs, style_name="scream", mixed_with="ink-and-yellow")
    with pytest.raises(ParameterError):
        painted(runtime, {**inputs, "style": [photo]}, mixed_with="ink-and-yellow")


@pytest.mark.parametrize("name", RETIRED)
def test_a_style_that_is_no_longer_shown_still_paints(name: str, photo: Picture, runtime: Runtime) -> None:
    assert name not in SHOWN
    assert painted(runtime, {"content": [photo]}, style_name=name).size == (SIZE, 72)


def test_strength_lies_between_photo_and_painting(photo: Picture, runtime: Runtime) -> None:
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    none, half, full = (array(painted(runtime, {"content": [photo]}, strength=share)) for share in (0, 0.5, 1))
    assert abs(none - plain).max() <= 1
    assert abs(half - (none + full) / 2).max() <= 1


def test_the_photos_colours_are_kept(photo: Picture, runtime: Runtime) -> None:
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    kept, taken = (array(painted(runtime, {"content": [photo]}, colours=each)) for each in ("photo", "painting"))

    def chroma(values: numpy.ndarray) -> numpy.ndarray:
        return values - values.mean(2, keepdims=True)

    assert abs(chroma(kept) - chroma(plain)).mean() < 0.5 * abs(chroma(taken) - chroma(plain)).mean()


def test_the_mask_says_where(photo: Picture, runtime: Runtime) -> None:
    mask = Image.new("L", photo.size)
    mask.paste(255, (0, 0, 48, 72))
    inputs = {"content": [photo], "mask": [open_picture(mask)]}
    sharp = array(painted(runtime, inputs, feather=0))
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    assert abs(sharp[:, 50:] - plain[:, 50:]).max() == 0
    assert abs(sharp[:, :46] - array(painted(runtime, {"content": [photo]}))[:, :46]).max() == 0
    soft = array(painted(runtime, inputs, feather=20))
    assert 0 < abs(soft[:, 52] - plain[:, 52]).mean() < abs(soft[:, 46] - plain[:, 46]).mean() + 30
    with pytest.raises(MaskError):
        painted(runtime, {"content": [photo], "mask": [open_picture(Image.new("L", photo.size))]})


def test_a_blend_lies_between_its_styles(photo: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo]}
    one, other = (array(painted(runtime, inputs, style_name=name)) for name in ("scream", "great-wave"))
    mixed = array(painted(runtime, inputs, style_name="scream", blend={"great-wave": 1.0}))
    assert abs(mixed - one).mean() < abs(other - one).mean()
    assert abs(mixed - other).mean() < abs(other - one).mean()
    same = array(painted(runtime, inputs, style_name="scream", blend={"great-wave": 0.0}))
    assert abs(same - one).max() == 0


def test_a_network_of_its_own_is_not_blended(runtime: Runtime) -> None:
    parameters = parse(V2.parameters, {"style_name": "candy", "blend": {"scream": 1.0}})
    with pytest.raises(ParameterError) as error:
        painter_of({}, parameters, runtime.nets)
    assert error.value.fields == {"style": "candy"}


def test_any_painting_counts_instead_of_the_name(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo], "style": [painting]}
    one, other = (array(painted(runtime, inputs, style_name=name)) for name in ("scream", "great-wave"))
    assert abs(one - other).max() == 0
    assert abs(one - array(painted(runtime, {"content": [photo]}))).mean() > 5


def test_a_size_of_zero_is_the_photos_own(photo: Picture, runtime: Runtime) -> None:
    assert painted(runtime, {"content": [photo]}, size=0).size == photo.size
    assert painted(runtime, {"content": [photo]}, size=160).size == (160, 120)


def test_a_stopped_large_picture_is_painted_small(
    photo: Picture, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "BAND_VALUES", 20_000)
    monkeypatch.setattr(painters, "WHOLE_PIXELS", dict.fromkeys(painters.WHOLE_PIXELS, 100))
    result = stopped_when(
        runtime, V2, {"content": [photo]}, lambda step: fields_of(step.stage).get("layer") == 2, size=128
    )
    assert result.image.size == (128, 96)
    assert result.facts.task.unfinished is not None
    assert result.facts.task.unfinished.values == {"pixels": SMALLER_SIDE}


def test_weights_and_time_follow_the_choice(runtime: Runtime) -> None:
    assert HUB["mosaic"][0] in V2.weights(parse(V2.parameters, {"style_name": "mosaic"}))
    assert V2.weights(V2.parameters())[0] == "style-v2"
    extents = {"content": [Extent(400, 300)]}
    runtime.measure_speed()
    large, usual = (
        runtime.estimate(V2, parse(V2.parameters, values), extents) for values in ({"size": 2048}, {})
    )  # fmt: skip
    assert large > usual  # type: ignore[operator]


def test_a_taught_style_comes_back_from_its_card(
    photo: Picture, painting: Picture, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.teach_style.CROP", 96)  # smaller parts of this photo hardly show anything
    lesson = {"iterations": 12, "size": 128}
    result = finished(runtime, TEACH, {"style": [painting], "content": [photo]}, **lesson)
    assert result.facts.task.figures["loss_best"] < result.facts.task.figures["loss_first"]
    assert result.recipe_belongs
    stream = io.BytesIO()
    result.save(stream)
    assert "numbers" in (read_recipe(io.BytesIO(stream.getvalue())) or "")
    kept = open_picture(stream.getvalue())
    with_card = array(painted(runtime, {"content": [photo], "style": [kept]}))
    without = array(painted(runtime, {"content": [photo], "style": [open_picture(kept.image)]}))
    assert abs(with_card - without).mean() > 1, "its own style, not that of the card's picture"
    for style, way, names in (
        (kept, "outlines", ["style-v2"]),
        (painting, "outlines", ["any-style-predictor", "any-style"]),
        (painting, "moments", ["vgg19-normalised", "adain-decoder"]),
    ):
        recipe = finished(runtime, V2, {"content": [photo], "style": [style]}, size=SIZE, any_painting=way).recipe
        assert [each["name"] for each in recipe["weights"]] == names
    net = runtime.nets.get("style-v2")
    assert isinstance(net, TransformNet)
    assert set(net.styles) == set(SHIPPED), "what a visitor has taught is nobody else's"


def test_a_card_is_blended_and_another_painting_is_not(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"content": [photo], "style": [open_picture(card(runtime, photo, painting, 1))]}
    alone, mixed = (array(painted(runtime, inputs, blend=blend)) for blend in ({}, {"scream": 1.0}))
    assert abs(alone - mixed).mean() > 2
    with pytest.raises(ParameterError):
        painted(runtime, {"content": [photo], "style": [painting]}, blend={"scream": 1.0})


def test_long_and_narrow_pictures_are_taught(painting: Picture, runtime: Runtime) -> None:
    strip = open_picture(pictures.scene(2000, 16))
    for inputs in ({"style": [painting], "content": [strip]}, {"style": [strip], "content": [painting]}):
        assert finished(runtime, TEACH, inputs, iterations=1, size=128).image.width > 16


def test_a_stopped_lesson_keeps_the_best(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    inputs = {"style": [painting], "content": [photo]}
    result = stopped_when(
        runtime, TEACH, inputs, lambda step: fields_of(step.stage).get("done") == 2, iterations=500
    )  # fmt: skip
    figures = result.facts.task.figures
    assert figures["iterations"] == 2
    assert figures["loss_best"] <= figures["loss_first"]
