"""The PixelCNN of super-resolution: its distributions against sums, and what each pixel may know."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from torch import Tensor

from engine.nets.pixelcnn import STEP, Mixture, PixelCNN, Prior, mixtures, shifts

LEVELS = torch.arange(256, dtype=torch.float64) * STEP - 1


def some_mixture(seed: int, components: int) -> Mixture:
    numbers = torch.randn(3, 1, components, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return Mixture(numbers[0], 0.5 * numbers[1], 0.5 * numbers[2] - 2)


def density(mixture: Mixture, values: Tensor) -> Tensor:
    """At N values, written out."""
    shares = mixture.logits[0].softmax(-1)
    total = torch.zeros_like(values)
    for share, mean, scale in zip(shares, mixture.means[0], mixture.scales[0].exp(), strict=True):
        total += share * (-0.5 * ((values - mean) / scale) ** 2).exp() / (scale * math.sqrt(2 * math.pi))
    return total


def test_probabilities_of_all_values_are_integrals_and_sum_to_one() -> None:
    for seed in range(4):
        mixture = some_mixture(seed, 3)
        likely = mixture.log_probability(LEVELS).exp()
        assert math.isclose(float(likely.sum()), 1, abs_tol=1e-4)
        fine = torch.linspace(-STEP / 2, STEP / 2, 401, dtype=torch.float64)
        for level in (1, 100, 180):
            expected = torch.trapezoid(density(mixture, LEVELS[level] + fine), fine)
            assert math.isclose(float(likely[level]), float(expected), rel_tol=1e-2, abs_tol=1e-9)
        bounds = (LEVELS[:-1] + LEVELS[1:]) / 2
        assert torch.allclose(mixture.cumulated(bounds)[0], likely.cumsum(0)[:-1], atol=1e-5)


def test_far_values_are_unlikely_and_never_impossible() -> None:
    narrow = Mixture(torch.zeros(1, 1), torch.full((1, 1), -1.0), torch.full((1, 1), -5.0))
    likely = narrow.log_probability(torch.tensor([1.0, 0.0, -1.0]))
    assert torch.isfinite(likely).all()
    assert (likely.diff() > 0).all()


def test_a_product_of_mixtures_is_the_product_of_their_densities() -> None:
    one, other = some_mixture(1, 3), some_mixture(2, 2)
    values = torch.linspace(-4, 4, 4001, dtype=torch.float64)
    expected = density(one, values) * density(other, values)
    expected /= torch.trapezoid(expected, values)
    assert torch.allclose(density(one * other, values), expected, atol=1e-6)


def test_the_mean_is_the_mean() -> None:
    mixture = some_mixture(3, 3)
    values = torch.linspace(-6, 6, 8001, dtype=torch.float64)
    assert torch.allclose(mixture.mean(), torch.trapezoid(values * density(mixture, values), values), atol=1e-6)


@pytest.fixture(scope="module")
def prior() -> Prior:
    torch.manual_seed(0)
    return Prior().double().eval().requires_grad_(False)


def test_a_pixel_changes_nothing_before_it_and_all_kinds_of_places_after_it(prior: Prior) -> None:
    """In the order of drawing; to its right, and below on both sides: there is no blind spot."""
    generator = torch.Generator().manual_seed(1)
    picture = 2 * torch.rand(1, 3, 12, 14, generator=generator, dtype=torch.float64) - 1
    for row, column in ((5, 6), (0, 0), (11, 13), (3, 13)):
        for colour in range(3):
            changed = picture.clone()
            changed[0, colour, row, column] += 0.5
            for one, other in zip(prior(picture), prior(changed), strict=True):
                moved = (one - other).abs().sum((0, 1)).flatten() > 0
                place = row * 14 + column
                assert not moved[: place + 1].any()
    changed = picture.clone()
    changed[0, 0, 5, 6] += 0.5
    moved = (prior(picture)[0] - prior(changed)[0]).abs().sum((0, 1)) > 0
    assert moved[5, 7:].all()
    assert moved[6, 2:].all(), "the row below, on both sides"
    assert moved[10, :].all()


def test_green_knows_red_and_blue_knows_both_and_red_knows_neither() -> None:
    numbers = torch.ones(1, 3, 2, 2)
    values, guess = torch.rand(1, 3, 2, 2), torch.rand(1, 3, 2, 2)
    red, green, blue = shifts(numbers, values, guess).unbind(1)
    apart = values - guess
    assert torch.equal(red, torch.zeros_like(red))
    assert torch.equal(green, apart[:, 0])
    assert torch.equal(blue, apart[:, 0] + apart[:, 1])


def test_the_likelihood_is_that_of_both_networks_multiplied() -> None:
    """Against sums over all 256 values of densities, pixel by pixel, without the closed form."""
    torch.manual_seed(2)
    net = PixelCNN().double().eval().requires_grad_(False)
    small = torch.rand(1, 3, 2, 2, dtype=torch.float64)
    large = torch.randint(0, 256, (1, 3, 8, 8)).double() / 255
    likely = net.log_probabilities(small, large)
    values = 2 * large - 1
    joint, _, guess = net.prior(values)
    from engine.nets.pixelcnn import enlarged

    told, own = (
        mixtures(net.conditioning(small), enlarged(small)),
        mixtures(joint[:, :-3], guess, shifts(joint, values, guess)),
    )
    fine = torch.linspace(-3, 3, 12_001, dtype=torch.float64)
    for colour, row, column in ((0, 0, 0), (1, 3, 5), (2, 7, 7)):
        place = (0, colour, row, column)
        both = density(_at(told, place), fine) * density(_at(own, place), fine)
        value = float(values[place])
        inside = (fine >= (value - STEP / 2 if value > -1 else -9)) & (fine <= (value + STEP / 2 if value < 1 else 9))
        expected = numpy.log(float(both[inside].sum() / both.sum()))
        assert math.isclose(float(likely["both"][place]), expected, abs_tol=0.08)


def _at(mixture: Mixture, place: tuple[int, int, int, int]) -> Mixture:
    return Mixture(*(part[place][None] for part in (mixture.logits, mixture.means, mixture.scales)))
