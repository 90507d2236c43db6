"""Style V2 as a task, and teaching it a style."""

from __future__ import annotations

import io
from typing import Any

import numpy
import pytest
from PIL import Image

from engine import TASKS, Job, Picture, Walk, estimate, open_picture, run
from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.parameters import parse
from engine.contracts.task import Pictures
from engine.feedforward_style import banded_inference as bands
from engine.feedforward_style import painters
from engine.feedforward_style.styles import HUB, SHIPPED
from engine.hardware.device import best_device
from engine.imaging.picture import read_recipe
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import models
from engine.nets.transform import TransformNet
from engine.tasks.style_v2 import painter_of
from tests.support import pictures

pytestmark = pytest.mark.usefixtures("small_lessons")
V2, TEACH = TASKS["style-v2"], TASKS["teach-style"]
SIZE = 96


def painted(given: Pictures, **values: Any) -> Image.Image:
    return Walk(run(V2, given, parse(V2.parameters, {"size": SIZE, **values}))).finish().image


def array(image: Image.Image) -> numpy.ndarray:
    return numpy.asarray(image).astype(float)


def test_every_shipped_style_paints_in_its_own_way(photo: Picture) -> None:
    made = {name: array(painted({"content": [photo]}, style_name=name)) for name in SHIPPED}
    names = list(made)
    for index, one in enumerate(names):
        assert abs(made[one] - array(photo.image.resize((96, 72)))).mean() > 10
        for other in names[:index]:
            assert abs(made[one] - made[other]).mean() > 5, (one, other)


def test_strength_lies_between_photo_and_painting(photo: Picture) -> None:
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    none, half, full = (array(painted({"content": [photo]}, strength=share)) for share in (0, 0.5, 1))
    assert abs(none - plain).max() <= 1
    assert abs(half - (none + full) / 2).max() <= 1


def test_the_photos_colours_are_kept(photo: Picture) -> None:
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    kept, taken = (array(painted({"content": [photo]}, colours=each)) for each in ("photo", "painting"))

    def chroma(values: numpy.ndarray) -> numpy.ndarray:
        return values - values.mean(2, keepdims=True)

    assert abs(chroma(kept) - chroma(plain)).mean() < 0.5 * abs(chroma(taken) - chroma(plain)).mean()


def test_the_mask_says_where(photo: Picture) -> None:
    mask = Image.new("L", photo.size)
    mask.paste(255, (0, 0, 48, 72))
    given = {"content": [photo], "mask": [open_picture(mask)]}
    made = array(painted(given, feather=0))
    plain = array(photo.image.resize((SIZE, 72), Image.Resampling.LANCZOS))
    assert abs(made[:, 50:] - plain[:, 50:]).max() == 0
    assert abs(made[:, :46] - array(painted({"content": [photo]}))[:, :46]).max() == 0
    soft = array(painted(given, feather=20))
    assert 0 < abs(soft[:, 52] - plain[:, 52]).mean() < abs(soft[:, 46] - plain[:, 46]).mean() + 30
    with pytest.raises(PictureError, match="mask is empty"):
        painted({"content": [photo], "mask": [open_picture(Image.new("L", photo.size))]})


def test_a_blend_lies_between_its_styles(photo: Picture) -> None:
    one, other = (array(painted({"content": [photo]}, style_name=name)) for name in ("scream", "great-wave"))
    mixed = array(painted({"content": [photo]}, style_name="scream", blend={"great-wave": 1.0}))
    assert abs(mixed - one).mean() < abs(other - one).mean()
    assert abs(mixed - other).mean() < abs(other - one).mean()
    same = array(painted({"content": [photo]}, style_name="scream", blend={"great-wave": 0.0}))
    assert abs(same - one).max() == 0
    wrong = parse(V2.parameters, {"style_name": "candy", "blend": {"scream": 1.0}})
    with pytest.raises(ParameterError, match="network of its own"):
        painter_of({}, wrong, best_device())


def test_any_painting_counts_instead_of_the_name(photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    one, other = (array(painted(given, style_name=name)) for name in ("scream", "great-wave"))
    assert abs(one - other).max() == 0
    assert abs(one - array(painted({"content": [photo]}))).mean() > 5


def test_a_size_of_zero_is_the_photos_own(photo: Picture) -> None:
    assert painted({"content": [photo]}, size=0).size == photo.size
    assert painted({"content": [photo]}, size=160).size == (160, 120)


def test_a_stopped_large_picture_is_painted_small(photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND_VALUES", 20_000)
    monkeypatch.setattr(painters, "WHOLE_PIXELS", {"cpu": 100})
    job = Job()
    walk = Walk(run(V2, {"content": [photo]}, parse(V2.parameters, {"size": 128}), job))
    for step in walk:
        if step.stage.startswith("layer 2"):
            job.stop()
    assert walk.result.image.size == (128, 96)
    assert "painted 768 pixels long" in walk.result.facts["unfinished"]


def test_weights_and_time_follow_the_choice() -> None:
    parameters = parse(V2.parameters, {"style_name": "mosaic"})
    assert HUB["mosaic"][0] in V2.weights(parameters)
    assert V2.weights(parse(V2.parameters, {}))[0] == "style-v2"
    sizes = {"content": [(400, 300)]}
    assert estimate(V2, parse(V2.parameters, {"size": 2048}), sizes) > estimate(V2, parse(V2.parameters, {}), sizes)  # type: ignore[operator]


def test_a_taught_style_comes_back_from_its_card(photo: Picture, painting: Picture) -> None:
    lesson = parse(TEACH.parameters, {"iterations": 12, "size": 128})
    result = Walk(run(TEACH, {"style": [painting], "content": [photo]}, lesson)).finish()
    assert result.facts["loss_best"] < result.facts["loss_first"]
    assert result.keeps
    stream = io.BytesIO()
    result.save(stream)
    assert "numbers" in (read_recipe(io.BytesIO(stream.getvalue())) or "")
    card = open_picture(stream.getvalue())
    with_card = array(painted({"content": [photo], "style": [card]}))
    without = array(painted({"content": [photo], "style": [open_picture(card.image)]}))
    assert abs(with_card - without).mean() > 1, "its own style, not that of the card's picture"
    for style, names in ((card, ["style-v2"]), (painting, ["vgg19-normalised", "adain-decoder"])):
        given = {"content": [photo], "style": [style]}
        facts = Walk(run(V2, given, parse(V2.parameters, {"size": SIZE}))).finish().facts
        assert [each["name"] for each in facts["weights"]] == names
    net = models.get(catalogue()["style-v2"], best_device())
    assert isinstance(net, TransformNet)
    assert set(net.styles) == set(SHIPPED), "what a visitor has taught is nobody else's"


def test_a_card_is_blended_and_another_painting_is_not(photo: Picture, painting: Picture) -> None:
    lesson = parse(TEACH.parameters, {"iterations": 1, "size": 128})
    stream = io.BytesIO()
    Walk(run(TEACH, {"style": [painting], "content": [photo]}, lesson)).finish().save(stream)
    card = {"content": [photo], "style": [open_picture(stream.getvalue())]}
    alone, mixed = (array(painted(card, blend=blend)) for blend in ({}, {"scream": 1.0}))
    assert abs(alone - mixed).mean() > 2
    with pytest.raises(ParameterError, match="cannot be blended"):
        painted({"content": [photo], "style": [painting]}, blend={"scream": 1.0})


def test_long_and_narrow_pictures_are_taught(painting: Picture) -> None:
    strip = open_picture(pictures.scene(2000, 16))
    lesson = parse(TEACH.parameters, {"iterations": 1, "size": 128})
    for given in ({"style": [painting], "content": [strip]}, {"style": [strip], "content": [painting]}):
        assert Walk(run(TEACH, given, lesson)).finish().image.width > 16


def test_a_stopped_lesson_keeps_the_best(photo: Picture, painting: Picture) -> None:
    job = Job()
    walk = Walk(
        run(TEACH, {"style": [painting], "content": [photo]}, parse(TEACH.parameters, {"iterations": 500}), job)
    )
    for step in walk:
        if step.stage.startswith("iteration 2"):
            job.stop()
    assert walk.result.facts["iterations"] == 2
    assert walk.result.facts["loss_best"] <= walk.result.facts["loss_first"]
