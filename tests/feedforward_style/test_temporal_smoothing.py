"""Frames that follow each other: statistics that change slowly, still places that stay, scenes that begin anew."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.feedforward_style.painters import trained
from engine.feedforward_style.temporal_smoothing import (
    SmoothedPainter,
    SmoothedStatistics,
    _largest_around,
    _mean_around,
)
from engine.imaging.tensors import to_tensor
from engine.nets.normalisation import normalised
from tests.support import pictures
from tests.support.nets import exact_nets


def test_statistics_follow_slowly_and_forget() -> None:
    first, second = torch.randn(1, 4, 8, 8), 5 + 2 * torch.randn(1, 4, 8, 8)
    scale, shift = torch.ones(1, 4), torch.zeros(1, 4)
    smoothed = SmoothedStatistics(0.5)
    assert torch.allclose(smoothed(0, first, scale, shift), normalised(0, first, scale, shift), atol=1e-5)
    followed = smoothed(0, second, scale, shift)
    assert followed.mean() > 0.5, "it still knows the first frame"
    mean = 0.5 * (first.mean((0, 2, 3)) + second.mean((0, 2, 3)))
    variance = 0.5 * (first.var((0, 2, 3), correction=0) + second.var((0, 2, 3), correction=0))
    expected = (second - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt()
    assert torch.allclose(followed, expected, atol=1e-4)
    smoothed.forget()
    assert torch.allclose(smoothed(0, second, scale, shift), normalised(0, second, scale, shift), atol=1e-5)


def frames(count: int) -> list[Tensor]:
    """A still scene with a camera's noise."""
    scene = to_tensor(pictures.scene(96, 72))
    generator = torch.Generator().manual_seed(0)
    return [(scene + 0.02 * torch.randn(scene.shape, generator=generator)).clamp(0, 1) for _ in range(count)]


def flicker(steadiness: float) -> float:
    painter = SmoothedPainter(trained({"wheat-field": 1.0}, exact_nets()), steadiness)
    painted = [painter.frame(frame) for frame in frames(6)]
    changes = [(one - other).abs().mean() for one, other in zip(painted[2:], painted[1:], strict=False)]
    return float(torch.stack(changes).mean())


def test_steadiness_lowers_the_flicker_of_still_places() -> None:
    assert flicker(0.8) < 0.5 * flicker(0.0)


def test_another_scene_begins_anew() -> None:
    painter = trained({"scream": 1.0}, exact_nets())
    held = SmoothedPainter(painter, 1.0)
    held.frame(torch.zeros(1, 3, 48, 48))
    bright = to_tensor(pictures.scene(48, 48)).clamp(0.4, 1)
    assert torch.allclose(held.frame(bright), painter.whole(bright).clamp(0, 1), atol=1e-3)
    assert held.frame(torch.rand(1, 3, 32, 64)).shape == (1, 3, 32, 64)


def test_two_visitors_do_not_share_statistics() -> None:
    painter = trained({"scream": 1.0}, exact_nets())
    one, other = SmoothedPainter(painter, 0.9), SmoothedPainter(painter, 0.9)
    one.frame(torch.rand(1, 3, 48, 48))
    scene = to_tensor(pictures.scene(48, 48))
    assert torch.allclose(other.frame(scene), painter.whole(scene).clamp(0, 1), atol=1e-3)


@pytest.mark.parametrize("size", [(31, 40), (1, 1), (5, 30)])
def test_squares_are_those_of_torchs_poolings(size: tuple[int, int]) -> None:
    values = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    means = functional.avg_pool2d(values, 9, 1, 4, count_include_pad=False)
    torch.testing.assert_close(_mean_around(values, 9), means)
    for side in (3, 25):
        torch.testing.assert_close(_largest_around(values, side), functional.max_pool2d(values, side, 1, side // 2))
