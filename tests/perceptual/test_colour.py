from __future__ import annotations

import colorsys

import numpy
import pytest
import torch

from engine.imaging.tensors import to_tensor
from engine.perceptual.colour import match_colours, palette, with_colours_of
from tests.support import pictures


def test_matched_colours_have_the_targets_mean_and_covariance() -> None:
    noise = 0.2 * torch.rand(1, 3, 72, 96, generator=torch.Generator().manual_seed(0))  # colours in all directions
    picture, target = (to_tensor(pictures.scene()) + noise).double(), to_tensor(pictures.painting()).double()
    matched = match_colours(picture, palette([target])).flatten(2)[0]
    goal = target.flatten(2)[0]
    torch.testing.assert_close(matched.mean(1), goal.mean(1), atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.cov(matched), torch.cov(goal), atol=2e-3, rtol=0.05)


def test_matching_a_picture_with_itself_changes_nothing() -> None:
    picture = to_tensor(pictures.scene())
    torch.testing.assert_close(match_colours(picture, palette([picture])), picture, atol=1e-5, rtol=0)


def test_a_picture_of_one_colour_can_be_matched() -> None:
    flat = torch.full((1, 3, 8, 8), 0.4)
    matched = match_colours(flat, palette([to_tensor(pictures.painting())]))
    assert torch.isfinite(matched).all()
    assert matched.std(dim=(2, 3)).max() < 1e-4


def test_luminance_transfer_takes_luminance_from_one_and_chroma_from_the_other() -> None:
    painted, content = to_tensor(pictures.painting(20, 16)), to_tensor(pictures.scene(20, 16))
    mixed = with_colours_of(painted, content)[0].permute(1, 2, 0).double().numpy()
    for y, x in ((0, 0), (7, 3), (15, 19)):
        luminance = colorsys.rgb_to_yiq(*painted[0, :, y, x].tolist())[0]
        _, i, q = colorsys.rgb_to_yiq(*content[0, :, y, x].tolist())
        y_mixed, i_mixed, q_mixed = colorsys.rgb_to_yiq(*mixed[y, x])
        assert (y_mixed, i_mixed, q_mixed) == pytest.approx((luminance, i, q), abs=8e-3)  # colorsys rounds its matrix


def test_luminance_transfer_of_a_picture_to_itself_is_the_picture() -> None:
    picture = to_tensor(pictures.scene())
    numpy.testing.assert_allclose(with_colours_of(picture, picture).numpy(), picture.numpy(), atol=1e-5)


def test_several_palettes_count_by_their_weights_whatever_their_size() -> None:
    small, large = to_tensor(pictures.scene(24, 18)), to_tensor(pictures.painting())
    mixed = palette([small, large], [0.25, 0.75])
    pixels = torch.cat((small.repeat(1, 1, 1, 1).flatten(2)[0], large.flatten(2)[0]), dim=1).double()
    weights = torch.cat((torch.full((24 * 18,), 0.25 / (24 * 18)), torch.full((80 * 80,), 0.75 / (80 * 80)))).double()
    mean = (pixels * weights).sum(1, keepdim=True)
    covariance = (weights * (pixels - mean)) @ (pixels - mean).mT
    torch.testing.assert_close(mixed.mean, mean, atol=1e-6, rtol=0)
    torch.testing.assert_close(
        mixed.covariance, covariance + 1e-4 * torch.eye(3, dtype=torch.float64), atol=1e-6, rtol=0
    )
    alone = palette([large])
    torch.testing.assert_close(palette([small, large], [0.0, 1.0]).covariance, alone.covariance)
