"""Votes of matched patches, beside a slow version that puts one patch after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.imaging.tensors import blurred
from engine.perceptual.matching import Matches, PatchBank
from engine.perceptual.voting import COARSE, MIDDLE, SHARPNESS, detail, voted

STRIDE, SIDE = 4, 3


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def bank() -> PatchBank:
    """Of a picture with some pixels beyond its last feature."""
    return PatchBank([random(1, 5, 8, 10)])


@pytest.fixture
def source() -> Tensor:
    return random(1, 3, 8 * STRIDE + 2, 10 * STRIDE + 3, seed=1)


def test_votes_are_the_weighted_mean_of_patches(bank: PatchBank, source: Tensor) -> None:
    index = torch.randint(0, len(bank), (1, 4, 5), generator=torch.Generator().manual_seed(2))
    correlation = random(1, 4, 5, seed=3)
    pixels = SIDE * STRIDE
    total, count = torch.zeros(3, 6 * STRIDE, 7 * STRIDE).double(), torch.zeros(6 * STRIDE, 7 * STRIDE).double()
    for row in range(4):
        for column in range(5):
            place = int(index[0, row, column])
            top, left = STRIDE * (place // 8), STRIDE * (place % 8)
            for down in range(pixels):
                for across in range(pixels):
                    apart = (down - (pixels - 1) / 2) ** 2 + (across - (pixels - 1) / 2) ** 2
                    weight = torch.exp(torch.tensor(-apart / (2 * (MIDDLE * pixels) ** 2)).double())
                    weight *= torch.exp(SHARPNESS * (correlation[0, row, column] - 1))
                    at = STRIDE * row + down, STRIDE * column + across
                    total[:, at[0], at[1]] += weight * source[0, :, top + down, left + across]
                    count[at] += weight
    torch.testing.assert_close(voted(source, bank, Matches(index, correlation), STRIDE)[0], total / count)


def test_a_picture_that_matches_itself_votes_for_itself(bank: PatchBank, source: Tensor) -> None:
    whole = torch.arange(len(bank)).view(1, 6, 8)
    votes = voted(source, bank, Matches(whole, random(*whole.shape)), STRIDE)
    torch.testing.assert_close(votes, source[..., : 8 * STRIDE, : 10 * STRIDE])


def test_detail_is_what_a_blur_takes(source: Tensor) -> None:
    torch.testing.assert_close(detail(source) + blurred(source, COARSE), source)
    assert detail(torch.full_like(source, 0.3)).abs().max() < 1e-9
