"""LPIPS against a slow version and against what it has to do."""

from __future__ import annotations

import math

import pytest
import torch
from PIL import ImageFilter

from engine import Runtime
from engine.imaging.tensors import to_tensor
from engine.model_store.catalogue import LPIPS
from engine.perceptual.quality import lpips
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
