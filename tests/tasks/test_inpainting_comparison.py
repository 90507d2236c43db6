"""Original, mask, classical, network and refined beside each other, and the table on a folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from engine import TASKS, RunResult, Runtime
from engine.cli.main import main
from engine.contracts.errors import UnreadablePictureError
from engine.evaluation.inpainting import centre, strokes
from engine.imaging.comparison import Comparison
from engine.imaging.door import open_input
from engine.imaging.metrics import ssim
from engine.imaging.tensors import to_tensor
from engine.perceptual.quality import lpips, quality_inside
from engine.tasks.inpainting_comparison import TITLES
from tests.support import pictures
from tests.support.commands import refusal
from tests.support.runs import finished

TASK = TASKS["inpainting-comparison"]
PHOTO = pictures.EXAMPLES / "temple.jpg"


def compared(runtime: Runtime, image: Image.Image, mask: Image.Image, **values: Any) -> RunResult:
    photo, marked = TASK.inputs
    inputs = {photo.name: [open_input(photo, image)], marked.name: [open_input(marked, mask)]}
    return finished(runtime, TASK, inputs, **values)


def test_the_network_comes_nearer_than_the_classical_methods(runtime: Runtime) -> None:
    photo = Image.open(PHOTO).convert("RGB")
    mask = Image.fromarray(centre(photo.size))
    names = ["telea", "navier-stokes", "biharmonic", "network"]
    result = compared(runtime, photo, mask, methods=names, truth=True)
    assert [each.title for each in result.facts.task.methods] == [TITLES[name] for name in names]
    *classical, network = (each.figures for each in result.facts.task.methods)
    assert all(network["lpips"] < each["lpips"] for each in classical)
    assert all(abs(network["sharpness"] - 1) < abs(each["sharpness"] - 1) for each in classical)


def test_everything_stands_side_by_side(runtime: Runtime) -> None:
    names = ["biharmonic", "telea", "telea"]
    comparison = compared(runtime, pictures.noisy(), pictures.hole(), methods=names, truth=True).explanation
    assert isinstance(comparison, Comparison)
    assert len(comparison.panels) == 4, "the picture, the mask, and each method once"
    assert [panel.title for panel in comparison.panels[2:]] == [TITLES["biharmonic"], TITLES["telea"]]
    assert comparison.first_pair == (2, 3)
    assert len({panel.image.size for panel in comparison.panels}) == 1
    assert set(comparison.panels[2].quality) == {"l1", "l2", "psnr", "ssim", "lpips", "sharpness"}
    assert not comparison.panels[0].quality


def test_without_a_truth_nothing_is_measured(runtime: Runtime) -> None:
    result = compared(runtime, pictures.noisy(), pictures.hole(), methods=["telea"])
    (method,) = result.facts.task.methods
    assert not method.figures
    assert result.recipe["weights"] == []


def test_measures_inside_a_hole_against_their_definitions(runtime: Runtime) -> None:
    random = numpy.random.default_rng(0)
    original = random.random((60, 70, 3)).astype(numpy.float32)
    filled, mask = original.copy(), numpy.zeros((60, 70), bool)
    mask[10:50, 20:60] = True
    filled[mask] = 0.5 * filled[mask] + 0.1
    tensors = [to_tensor(Image.fromarray((255 * each).round().astype(numpy.uint8))) for each in (filled, original)]
    measures = quality_inside(tensors[0], tensors[1], mask, runtime.nets)
    eight = [(255 * each).round() / 255 for each in (filled, original)]
    error = (eight[0] - eight[1])[mask]
    assert measures["l1"] == pytest.approx(abs(error).mean(), abs=1e-6)
    assert measures["l2"] == pytest.approx((error**2).mean(), abs=1e-6)
    assert measures["psnr"] == pytest.approx(-10 * math.log10((error**2).mean()), abs=1e-3)
    cut = (..., slice(10, 50), slice(20, 60))
    assert measures["ssim"] == pytest.approx(ssim(tensors[0][cut], tensors[1][cut]))
    assert measures["lpips"] == pytest.approx(lpips(tensors[0][cut], tensors[1][cut], runtime.nets))
    assert measures["sharpness"] == pytest.approx(0.25, abs=0.01)


def test_a_tiny_hole_can_be_measured(runtime: Runtime) -> None:
    picture = to_tensor(pictures.noisy())
    mask = numpy.zeros((72, 96), bool)
    mask[70, 94] = True
    measures = quality_inside(picture, picture, mask, runtime.nets)
    assert measures["psnr"] == math.inf
    assert measures["lpips"] == pytest.approx(0)
    assert math.isnan(measures["sharpness"])


def test_strokes_are_free_form_and_the_same_in_every_run() -> None:
    one, other = strokes((512, 512), 1), strokes((512, 512), 2)
    assert numpy.array_equal(one, strokes((512, 512), 1))
    assert not numpy.array_equal(one, other)
    assert 0.03 < one.mean() < 0.35
    assert centre((200, 100)).mean() == 0.25


def test_the_table_through_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], runtime: Runtime
) -> None:
    for name in ("a", "b"):
        pictures.noisy(120, 90).save(tmp_path / f"{name}.png")
    (tmp_path / "mask").mkdir()
    out = tmp_path / "table.json"
    for mask in ("random", str(pictures.saved(pictures.hole(), tmp_path / "mask" / "m.png"))):
        arguments = ["--images", tmp_path, "--mask", mask, "--methods", "telea", "biharmonic", "--json", out]
        assert main(["evaluate", "inpainting", *map(str, arguments), "--side", "100"], runtime=runtime) == 0
        table = json.loads(out.read_text())
        assert set(table["mean"]) == {"telea", "biharmonic"}
        assert [(row["name"], row["method"]) for row in table["pictures"]] == [
            ("a", "telea"), ("a", "biharmonic"), ("b", "telea"), ("b", "biharmonic"),
        ]  # fmt: skip
        assert "mean" in capsys.readouterr().out


def test_a_mask_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], runtime: Runtime
) -> None:
    pictures.noisy(120, 90).save(tmp_path / "a.png")
    command = ["evaluate", "inpainting", "--images", str(tmp_path), "--mask", str(tmp_path / "no.png")]
    error = refusal(runtime, command, capsys)
    assert isinstance(error, UnreadablePictureError)
    assert error.fields == {"file": "no.png"}
