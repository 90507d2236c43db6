"""Original, mask, classical, network and refined beside each other."""

from __future__ import annotations

from typing import Any

from PIL import Image

from engine import TASKS, RunResult, Runtime
from engine.evaluation.inpainting import centre
from engine.imaging.comparison import Comparison
from engine.imaging.door import open_input
from engine.tasks.inpainting_comparison import TITLES
from tests.support import pictures
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
