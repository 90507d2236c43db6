"""Drawing pixel by pixel: cached activations against the whole network anew for every pixel."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor

from engine.nets.pixelcnn import STEP, Mixture, PixelCNN, enlarged, mixtures, shifts
from engine.super_resolution.pixel_sampling import Sampler


@pytest.fixture(scope="module")
def net() -> PixelCNN:
    torch.manual_seed(0)
    return PixelCNN().eval().requires_grad_(False)


def drawn(net: PixelCNN, small: Tensor, count: int, *, temperature: float = 1.0, seed: int = 3) -> Tensor:
    sampler = Sampler(net, small, count, temperature=temperature, seed=seed)
    assert list(sampler.rows()) == list(range(4 * small.shape[2]))
    return sampler.values


@torch.inference_mode()
def plainly_drawn(net: PixelCNN, small: Tensor, *, temperature: float, seed: int) -> Tensor:
    """One picture; the whole network for every colour of every pixel, and probabilities of all 256 values."""
    told = mixtures(net.conditioning(small), enlarged(small))
    values = torch.zeros(1, 3, 4 * small.shape[2], 4 * small.shape[3]).to(small)
    chances = torch.rand(values.shape[1:], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    levels = torch.arange(256).to(small) * STEP - 1
    for row in range(values.shape[2]):
        for column in range(values.shape[3]):
            for colour in range(3):
                joint, _, guess = net.prior(values)
                both = told * mixtures(joint[:, :-3], guess, shifts(joint, values, guess))
                place = (0, colour, row, column)
                one = Mixture(both.logits[place][None], both.means[place][None], both.scales[place][None])
                likely = (one.log_probability(levels) / temperature).softmax(0)
                level = (likely.cumsum(0) <= chances[colour, row, column].to(small)).sum().clamp(max=255)
                values[place] = levels[level]
    return values


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_nothing_is_drawn_otherwise_for_being_calculated_once(net: PixelCNN, temperature: float) -> None:
    small = torch.rand(1, 3, 1, 2, generator=torch.Generator().manual_seed(1))
    whole = PixelCNN().double().eval().requires_grad_(False)
    whole.load_state_dict(net.state_dict())
    plain = plainly_drawn(whole, small.double(), temperature=temperature, seed=3)
    assert (drawn(whole, small.double(), 1, temperature=temperature) - plain).abs().max() < STEP / 4
    # In 32 bits, too, the levels are the same, as long as no chance falls onto the bound between two of them.
    assert (drawn(net, small, 1, temperature=temperature).double() - plain).abs().max() < STEP / 4


def test_it_is_ten_times_as_quick(net: PixelCNN) -> None:
    small = torch.rand(1, 3, 4, 4)
    begun = time.perf_counter()
    drawn(net, small, 1)
    cached = time.perf_counter() - begun
    values = torch.zeros(1, 3, 16, 16)
    with torch.inference_mode():
        begun = time.perf_counter()
        for _ in range(16):
            net.prior(values)
        plain = (time.perf_counter() - begun) * 16 * 3  # each colour of each pixel
    assert plain > 10 * cached


def test_a_picture_does_not_depend_on_those_beside_it(net: PixelCNN) -> None:
    small = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    three = drawn(net, small, 3, seed=5)
    for index in range(3):
        assert torch.allclose(drawn(net, small, 1, seed=5 + index)[0], three[index], atol=1e-6)
    assert not torch.equal(three[0], three[1])


def test_values_are_grey_levels_and_cold_ones_are_the_likeliest(net: PixelCNN) -> None:
    small = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    levels = 127.5 * (drawn(net, small, 1) + 1)
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    cold = drawn(net, small, 4, temperature=0.02)
    assert cold.std(0).mean() < 0.3 * drawn(net, small, 4).std(0).mean()
