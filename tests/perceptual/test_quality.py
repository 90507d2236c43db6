"""LPIPS against a slow version and against what it has to do, and measures inside a hole by their definitions."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from PIL import Image, ImageFilter

from engine import Runtime
from engine.imaging.metrics import ssim
from engine.imaging.tensors import to_tensor
from engine.model_store.catalogue import LPIPS
from engine.perceptual.quality import lpips, quality_inside
from tests.support import pictures

SCENE = pictures.scene(64, 48)
BLURRED = SCENE.filter(ImageFilter.GaussianBlur(1.5))


def test_lpips_judges_as_people_do(runtime: Runtime) -> None:
    nets, scene = runtime.nets, to_tensor(SCENE)
    brighter = (scene + 8 / 255).clamp(0, 1)
    assert lpips(scene, scene, nets) == 0
    assert lpips(scene, to_tensor(BLURRED), nets) == pytest.approx(lpips(to_tensor(BLURRED), scene, nets))
    assert 0 < lpips(brighter, scene, nets) < lpips(to_tensor(BLURRED), scene, nets) < 1
    assert math.isnan(lpips(scene[..., :20, :20], scene[..., :20, :20], nets))


def test_lpips_place_by_place(runtime: Runtime) -> None:
    """The distance of the first layer alone, by loops."""
    net = runtime.nets.get(LPIPS, torch.float32)
    device = runtime.device.torch_device
    one, other = (to_tensor(each.crop((0, 0, 32, 32)), device) for each in (SCENE, BLURRED))
    with torch.inference_mode():
        first, second = (net.features(each)[0][0] for each in (one, other))  # type: ignore[operator]
        total = 0.0
        for row in range(first.shape[1]):
            for column in range(first.shape[2]):
                a, b = first[:, row, column], second[:, row, column]
                assert float((a**2).sum()) == pytest.approx(1, abs=1e-4)
                total += float((net.heads[0] * (a - b) ** 2).sum())  # type: ignore[index]
        whole = float(net(one, other))
    assert 0 < total / (first.shape[1] * first.shape[2]) < whole


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
