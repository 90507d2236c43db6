"""Original, mask, classical, network and refined beside each other, and the table on a folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from engine import TASKS, Job, Result, Walk, run
from engine.cli.main import main
from engine.contracts.parameters import parse
from engine.evaluation.inpainting import centre, strokes
from engine.imaging.comparison import Comparison
from engine.imaging.metrics import inside, lpips, ssim
from engine.imaging.tensors import to_tensor
from tests.support import pictures

TASK = TASKS["inpainting-comparison"]
PHOTO = Path(__file__).parents[2] / "demos" / "examples" / "temple.jpg"


def compared(image: Image.Image, mask: Image.Image, job: Job | None = None, **values: Any) -> Result:
    opened, marked = (each.open(given) for each, given in zip(TASK.inputs, (image, mask), strict=True))
    return Walk(run(TASK, {"image": [opened], "mask": [marked]}, parse(TASK.parameters, values), job)).finish()


def test_the_network_comes_nearer_than_the_classical_methods() -> None:
    photo = Image.open(PHOTO).convert("RGB")
    mask = Image.fromarray(centre(photo.size))
    methods = ["telea", "navier-stokes", "biharmonic", "network"]
    found = compared(photo, mask, methods=methods, truth=True).facts["methods"]
    network = found.pop("content network")
    assert len(found) == 3
    assert all(network["lpips"] < each["lpips"] for each in found.values())
    assert all(abs(network["sharpness"] - 1) < abs(each["sharpness"] - 1) for each in found.values())


def test_everything_stands_side_by_side() -> None:
    result = compared(pictures.noisy(), pictures.hole(), methods=["biharmonic", "telea", "telea"], truth=True)
    comparison = result.explanation
    assert isinstance(comparison, Comparison)
    assert [panel.title for panel in comparison.panels] == ["your picture", "mask", "biharmonic", "Telea"]
    assert comparison.pair == ("biharmonic", "Telea")
    assert len({panel.image.size for panel in comparison.panels}) == 1
    assert set(comparison.panels[2].quality) == {"l1", "l2", "psnr", "ssim", "lpips", "sharpness"}
    assert not comparison.panels[0].quality


def test_without_a_truth_nothing_is_measured() -> None:
    result = compared(pictures.noisy(), pictures.hole(), methods=["telea"])
    assert "psnr" not in result.facts["methods"]["Telea"]
    assert [each["name"] for each in result.facts["weights"]] == []


def test_measures_inside_a_hole_against_their_definitions() -> None:
    random = numpy.random.default_rng(0)
    original = random.random((60, 70, 3)).astype(numpy.float32)
    made, mask = original.copy(), numpy.zeros((60, 70), bool)
    mask[10:50, 20:60] = True
    made[mask] = 0.5 * made[mask] + 0.1
    tensors = [to_tensor(Image.fromarray((255 * each).round().astype(numpy.uint8))) for each in (made, original)]
    found = inside(tensors[0], tensors[1], mask)
    eight = [(255 * each).round() / 255 for each in (made, original)]
    error = (eight[0] - eight[1])[mask]
    assert found["l1"] == pytest.approx(abs(error).mean(), abs=1e-6)
    assert found["l2"] == pytest.approx((error**2).mean(), abs=1e-6)
    assert found["psnr"] == pytest.approx(-10 * math.log10((error**2).mean()), abs=1e-3)
    cut = (..., slice(10, 50), slice(20, 60))
    assert found["ssim"] == pytest.approx(ssim(tensors[0][cut], tensors[1][cut]))
    assert found["lpips"] == pytest.approx(lpips(tensors[0][cut], tensors[1][cut]))
    assert found["sharpness"] == pytest.approx(0.25, abs=0.01)


def test_a_tiny_hole_can_be_measured() -> None:
    picture = to_tensor(pictures.noisy())
    mask = numpy.zeros((72, 96), bool)
    mask[70, 94] = True
    found = inside(picture, picture, mask)
    assert found["psnr"] == math.inf
    assert found["lpips"] == pytest.approx(0)
    assert math.isnan(found["sharpness"])


def test_strokes_are_free_form_and_the_same_in_every_run() -> None:
    one, other = strokes((512, 512), 1), strokes((512, 512), 2)
    assert numpy.array_equal(one, strokes((512, 512), 1))
    assert not numpy.array_equal(one, other)
    assert 0.03 < one.mean() < 0.35
    assert centre((200, 100)).mean() == 0.25


def test_the_table_through_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        pictures.noisy(120, 90).save(tmp_path / f"{name}.png")
    (tmp_path / "mask").mkdir()
    out = tmp_path / "table.json"
    for mask in ("random", str(pictures.saved(pictures.hole(), tmp_path / "mask" / "m.png"))):
        arguments = ["--images", tmp_path, "--mask", mask, "--methods", "telea", "biharmonic", "--json", out]
        assert main(["evaluate", "inpainting", *map(str, arguments), "--side", "100"]) == 0
        table = json.loads(out.read_text())
        assert set(table["mean"]) == {"telea", "biharmonic"}
        assert [(row["name"], row["method"]) for row in table["pictures"]] == [
            ("a", "telea"), ("a", "biharmonic"), ("b", "telea"), ("b", "biharmonic"),
        ]  # fmt: skip
        assert "mean" in capsys.readouterr().out
    assert main(["evaluate", "inpainting", "--images", str(tmp_path / "mask"), "--mask", str(tmp_path / "no.png")]) == 1
    assert "There is no readable file 'no.png'" in capsys.readouterr().err
