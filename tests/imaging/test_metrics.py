"""PSNR and SSIM against slow versions and against what they have to do."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from PIL import Image, ImageFilter

from engine.imaging import metrics
from engine.imaging.tensors import to_tensor
from tests.support import pictures

SCENE = pictures.scene(64, 48)
BLURRED = SCENE.filter(ImageFilter.GaussianBlur(1.5))


def test_luma_is_matlabs() -> None:
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]).T.reshape(1, 3, 1, 5)
    assert metrics.luma(colours).flatten().tolist() == [16, 235, 81, 145, 41]
    assert metrics.luma(colours, grey=True).flatten().tolist() == [0, 255, 255, 0, 0]


def test_psnr_by_hand() -> None:
    ours, theirs = (metrics.luma(to_tensor(each))[0, 0, 4:-4, 4:-4].numpy() for each in (BLURRED, SCENE))
    expected = 20 * math.log10(255 / math.sqrt(((ours - theirs) ** 2).mean()))
    assert metrics.psnr(to_tensor(BLURRED), to_tensor(SCENE), border=4) == pytest.approx(expected, abs=1e-9)
    assert metrics.psnr(to_tensor(SCENE), to_tensor(SCENE)) == math.inf


def test_ssim_window_by_window() -> None:
    x, y = (metrics.luma(to_tensor(each))[0, 0, 2:-2, 2:-2].numpy() for each in (BLURRED, SCENE))
    offsets = numpy.arange(11) - 5
    window = numpy.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for row in range(x.shape[0] - 10):
        for column in range(x.shape[1] - 10):
            a, b = (each[row : row + 11, column : column + 11] for each in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            variance_a, variance_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            covariance = (window * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = 2.55**2, 7.65**2
            values.append(
                (2 * mean_a * mean_b + c1)
                * (2 * covariance + c2)
                / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))
            )
    expected = sum(values) / len(values)
    assert metrics.ssim(to_tensor(BLURRED), to_tensor(SCENE), border=2) == pytest.approx(expected, abs=1e-9)
    assert metrics.ssim(to_tensor(SCENE), to_tensor(SCENE)) == pytest.approx(1)


def test_a_grey_picture_may_be_given_as_one_channel() -> None:
    grey = Image.merge("RGB", [SCENE.convert("L")] * 3)
    worse = grey.filter(ImageFilter.GaussianBlur(1))
    full, narrow = (
        metrics.psnr(to_tensor(worse), to_tensor(grey), grey=each) for each in (True, False)
    )  # luma has 219 steps where the channel has 255
    assert narrow - full == pytest.approx(20 * math.log10(255 / 219), abs=0.2)
