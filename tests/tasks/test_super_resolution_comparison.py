"""Bicubic, residual, GAN and original beside each other."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from engine import TASKS, RunResult, Runtime, open_picture
from engine.contracts.errors import PictureSizeError
from engine.imaging.comparison import STOPPED, Comparison, difference
from engine.super_resolution.methods import METHODS
from tests.support.pictures import EXAMPLES, noisy
from tests.support.runs import finished, stopped_when

COMPARISON = TASKS["super-resolution-comparison"]


def compared(runtime: Runtime, image: Image.Image, **values: Any) -> RunResult:
    return finished(runtime, COMPARISON, {"image": [open_picture(image)]}, **values)


def panels_of(result: RunResult) -> Comparison:
    assert isinstance(result.explanation, Comparison)
    return result.explanation


def test_a_residual_network_beats_interpolation_and_a_gan_is_sharper(runtime: Runtime) -> None:
    original = Image.open(EXAMPLES / "cat.jpg").convert("RGB").crop((96, 64, 352, 256))
    methods = compared(runtime, original, original=True, side=64).facts.task.methods
    bicubic, network, gan = (each.figures for each in methods)
    assert network["psnr"] > bicubic["psnr"] + 0.5
    assert network["ssim"] > bicubic["ssim"]
    assert gan["lpips"] < network["lpips"] < bicubic["lpips"]


def test_the_comparison_shows_every_method_and_the_original(runtime: Runtime) -> None:
    image = noisy(101, 75)
    result = compared(runtime, image, original=True, side=32, scale=2, methods=["gan", "bicubic"])
    comparison = panels_of(result)
    assert [panel.title for panel in comparison.panels[:2]] == [METHODS["gan"].title, METHODS["bicubic"].title]
    assert {panel.image.size for panel in comparison.panels} == {(64, 64)}
    assert comparison.panels[2].image.tobytes() == image.crop((18, 6, 82, 70)).tobytes()
    assert all(panel.seconds and panel.memory_bytes is not None for panel in comparison.panels[:2])
    assert set(comparison.panels[0].quality) == {"psnr", "ssim", "lpips"}
    assert comparison.picture().width >= 3 * 64


def test_the_part_lies_where_it_is_wanted(runtime: Runtime) -> None:
    image = noisy(96, 72)
    result = compared(runtime, image, side=32, scale=2, methods=["bicubic"], across=100, down=0)
    shown = panels_of(result).panels[-1].image
    assert shown.resize((32, 32), Image.Resampling.NEAREST).tobytes() == image.crop((64, 0, 96, 32)).tobytes()


def test_an_original_that_is_too_small_is_refused(runtime: Runtime) -> None:
    with pytest.raises(PictureSizeError) as error:
        compared(runtime, noisy(63, 90), original=True)
    assert error.value.fields == {"minimum": 64, "scale": 4}


def test_a_stopped_comparison_says_what_is_missing(runtime: Runtime) -> None:
    inputs = {"image": [open_picture(noisy())]}
    result = stopped_when(runtime, COMPARISON, inputs, lambda step: step.done > 0, side=32)
    assert panels_of(result).missing == [METHODS["residual"].title, METHODS["gan"].title]
    assert [each.title for each in result.facts.task.methods] == [METHODS["bicubic"].title]


def test_a_network_that_was_stopped_is_not_passed_off_as_its_result(runtime: Runtime) -> None:
    inputs = {"image": [open_picture(noisy(128, 128))]}
    values = {"side": 64, "scale": 2, "methods": ["residual", "bicubic"], "original": True}
    result = stopped_when(runtime, COMPARISON, inputs, lambda step: "method" in step.stage.values, **values)
    stopped, original = panels_of(result).panels
    assert stopped.stopped
    assert stopped.figures.parts[-1] == STOPPED
    assert not stopped.quality
    assert not original.stopped
    assert original.image.size == (128, 128)


def test_the_difference_is_signed_and_around_grey() -> None:
    one, other = Image.new("RGB", (2, 2), (100, 100, 100)), Image.new("RGB", (2, 2), (90, 100, 110))
    assert difference(one, other).getpixel((0, 0)) == (168, 128, 88)
