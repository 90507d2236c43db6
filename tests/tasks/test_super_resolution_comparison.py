"""Bicubic, residual, GAN and original beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engine import TASKS, Job, Walk, open_picture, run
from engine.contracts.errors import PictureError
from engine.contracts.parameters import parse
from engine.imaging.comparison import Comparison, difference
from tests.support.pictures import noisy

COMPARISON = TASKS["super-resolution-comparison"]


def test_a_residual_network_beats_interpolation_and_a_gan_is_sharper() -> None:
    original = (
        Image.open(Path(__file__).parents[2] / "demos" / "examples" / "cat.jpg").convert("RGB").crop((96, 64, 352, 256))
    )
    values = {"original": True, "side": 64}
    found = Walk(run(COMPARISON, {"image": [open_picture(original)]}, parse(COMPARISON.parameters, values))).finish()
    bicubic, network, gan = found.facts["methods"].values()
    assert network["psnr"] > bicubic["psnr"] + 0.5
    assert network["ssim"] > bicubic["ssim"]
    assert gan["lpips"] < network["lpips"] < bicubic["lpips"]


def test_the_comparison_shows_every_method_and_the_original() -> None:
    values = {"original": True, "side": 32, "scale": 2, "methods": ["gan", "bicubic"]}
    image = noisy(101, 75)
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
    image = noisy(96, 72)
    values = {"side": 32, "scale": 2, "methods": ["bicubic"], "across": 100, "down": 0}
    found = Walk(run(COMPARISON, {"image": [open_picture(image)]}, parse(COMPARISON.parameters, values))).finish()
    shown = found.explanation.panels[-1].image
    assert shown.resize((32, 32), Image.Resampling.NEAREST).tobytes() == image.crop((64, 0, 96, 32)).tobytes()


def test_an_original_that_is_too_small_is_refused() -> None:
    values = parse(COMPARISON.parameters, {"original": True})
    with pytest.raises(PictureError, match="at least 64 pixels"):
        Walk(run(COMPARISON, {"image": [open_picture(noisy(63, 90))]}, values)).finish()


def test_a_stopped_comparison_says_what_is_missing() -> None:
    job = Job()
    values = parse(COMPARISON.parameters, {"side": 32})
    walk = Walk(run(COMPARISON, {"image": [open_picture(noisy())]}, values, job))
    for step in walk:
        if step.done > 0:
            job.stop()
    assert len(walk.result.explanation.missing) == 2
    assert list(walk.result.facts["methods"]) == ["bicubic"]


def test_a_network_that_was_stopped_is_not_passed_off_as_its_result() -> None:
    job = Job()
    values = parse(
        COMPARISON.parameters, {"side": 64, "scale": 2, "methods": ["residual", "bicubic"], "original": True}
    )
    walk = Walk(run(COMPARISON, {"image": [open_picture(noisy(128, 128))]}, values, job))
    for step in walk:
        if "first tile" in step.stage:
            job.stop()
    (stopped, original) = walk.result.explanation.panels
    assert stopped.stopped
    assert "stopped" in stopped.figures
    assert not stopped.quality
    assert original.title == "original"


def test_the_difference_is_signed_and_around_grey() -> None:
    one, other = Image.new("RGB", (2, 2), (100, 100, 100)), Image.new("RGB", (2, 2), (90, 100, 110))
    assert difference(one, other).getpixel((0, 0)) == (168, 128, 88)
