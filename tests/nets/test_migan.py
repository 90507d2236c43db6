"""MI-GAN's generator: its filters against the graph's own way, outputs of the graph, and a hole in something simple."""

from __future__ import annotations

import numpy
import pytest
import torch
from torch.nn import functional

from engine.nets import migan
from engine.nets.migan import SIDE, doubled, halved
from tests.support.graphs import graph_record
from tests.support.nets import exact_nets

NAME = "migan-512-places2"


def test_doubling_is_zeros_between_the_pixels_and_the_filter() -> None:
    features = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64)
    weight = (line[:, None] * line / 16).expand(3, 1, 4, 4)
    apart = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
    apart[..., 1::2, :] = 0
    apart[..., 1::2] = 0
    expected = functional.conv2d(functional.pad(apart, (2, 1, 2, 1)), weight, groups=3)
    assert torch.allclose(doubled(features), expected)


def test_halving_keeps_what_is_constant() -> None:
    small = halved(torch.full((1, 2, 8, 8), 0.7))
    assert small.shape == (1, 2, 4, 4)
    assert torch.allclose(small[..., 1:-1, 1:-1], torch.tensor(0.7))


def test_a_hole_in_something_simple_is_filled_with_it() -> None:
    net = exact_nets().get(NAME)
    rows = torch.linspace(-0.5, 0.6, SIDE)[:, None].expand(SIDE, SIDE)
    picture = torch.stack([rows, 0.3 * rows, -rows])[None]
    known = torch.ones(1, 1, SIDE, SIDE)
    known[..., 180:300, 200:330] = 0
    with torch.inference_mode():
        filled = net(torch.cat([known - 0.5, picture * known], dim=1))
    error = (filled - picture).abs()[..., 180:300, 200:330].mean()
    assert error < 0.06


@torch.inference_mode()
def test_bands_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    net, masked = exact_nets().get(NAME), torch.rand(1, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) - 0.5
    monkeypatch.setattr(migan, "BAND", SIDE)
    whole = net(masked)
    monkeypatch.setattr(migan, "BAND", 64)
    torch.testing.assert_close(net(masked), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
@torch.inference_mode()
def test_it_gives_what_the_published_graph_gives(seed: int) -> None:
    picture, recorded = graph_record("migan", seed, SIDE)
    net = exact_nets().get(NAME)
    known = torch.ones(1, 1, SIDE, SIDE)
    known[..., 100 + 30 * seed : 300, 150:400] = 0
    filled = net(torch.cat([known - 0.5, picture * known], dim=1))
    difference = 127.5 * numpy.abs(filled[0, :, ::32, ::32].numpy() - recorded)
    assert difference.mean() < 0.1
    assert difference.max() < 2
