from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.perceptual.matching import Allowed, Matches, PatchBank
from engine.perceptual.patch_search import MOST_PAIRS, PatchSearch, patch_search_gflop

FEW = 2**16
"""Pairs that are all looked at in these tests; larger maps have more."""


def scene(seed: int, height: int, width: int, channels: int = 6) -> Tensor:
    """A feature map ``(1, C, H, W)`` with large and small parts, never below 0, as after a ReLU."""
    generator = torch.Generator().manual_seed(seed)
    parts = [torch.randn(1, channels, height // part + 2, width // part + 2, generator=generator) for part in (4, 16)]
    return sum(
        (functional.interpolate(each, size=(height, width), mode="bilinear") for each in parts), torch.zeros(())
    ).relu()


def correlations(bank: PatchBank, features: Tensor, index: Tensor) -> Tensor:
    """``(B, H', W')`` of patches with the bank's, one by one."""
    sources = torch.cat([functional.unfold(each, bank.side)[0].mT for each in bank.maps()])
    queries = functional.unfold(features, bank.side).mT
    chosen = sources[index.flatten(1)]
    return functional.cosine_similarity(queries, chosen, dim=2, eps=1e-12).view(index.shape)


def test_few_pairs_are_all_looked_at() -> None:
    source, query = scene(1, 12, 14), scene(2, 11, 9)
    quick, exact = PatchSearch([source])(query), PatchBank([source]).search(query)
    assert torch.equal(quick.index, exact.index)
    assert torch.equal(quick.correlation, exact.correlation)


@pytest.mark.parametrize("named", [{"stride": 2}, {"allowed": True}])
def test_so_are_those_of_a_stride_or_of_regions(named: dict[str, int]) -> None:
    source, query = scene(1, 24, 20), scene(2, 22, 26)
    stride = named.get("stride", 1)
    bank = PatchBank([source], stride=stride)
    regions = torch.arange(20 * 24).view(20, 24) % 2
    tables = torch.stack([torch.arange(len(bank)) % 3 == region for region in range(2)])
    allowed = Allowed(tables, regions) if "allowed" in named else None
    found = PatchSearch([source], stride=stride, most_pairs=FEW)(query, allowed=allowed)
    assert torch.equal(found.index, bank.search(query, allowed=allowed).index)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_correlation_is_that_of_its_patch(dtype: torch.dtype) -> None:
    maps, query = [scene(1, 30, 26), scene(2, 21, 34)], torch.cat([scene(3, 33, 28), scene(4, 33, 28)]).to(dtype)
    search = PatchSearch(maps, most_pairs=FEW)
    matches = search(query)
    assert matches.index.shape == (2, 31, 26)
    assert 0 <= int(matches.index.min()) <= int(matches.index.max()) < len(search.bank)
    torch.testing.assert_close(matches.correlation, correlations(search.bank, query.float(), matches.index))
    assert set(search.bank.places(matches.index)[0].unique().tolist()) == {0, 1}, "both maps are searched"


def test_it_is_nearly_as_near_and_gets_nearer() -> None:
    source, query = scene(1, 64, 60), scene(2, 58, 70)
    search = PatchSearch([source], most_pairs=FEW)
    nearest = search.bank.search(query).correlation.mean()
    shares, last = [], None
    for _ in range(8):
        last = search(query, last=last)
        shares.append(float(last.correlation.mean() / nearest))
    assert shares == sorted(shares)
    assert shares[0] > 0.8
    assert shares[-1] > 0.93
    anywhere = torch.randint(len(search.bank), last.index.shape, generator=torch.Generator().manual_seed(0))
    assert float(correlations(search.bank, query, anywhere).mean() / nearest) < 0.6, "the maps are not all alike"


@pytest.mark.parametrize("hidden", [slice(10, 40), slice(1, 60), slice(0, 55)])
def test_only_patches_that_may_be_taken_are(hidden: slice) -> None:
    source, query = scene(1, 64, 60), scene(2, 58, 70)
    query[..., 20:30, 20:30] = 0
    unknown = torch.zeros(1, 1, 64, 60)
    unknown[..., hidden, 5:50] = 1
    search = PatchSearch([source], most_pairs=FEW)
    allowed = Allowed((functional.max_pool2d(unknown, search.bank.side, stride=1) == 0).flatten()[None])
    nearest = search.bank.search(query, allowed=allowed).correlation.mean()
    matches = search(query, allowed=allowed)
    assert bool(allowed.table[0, matches.index].all())
    torch.testing.assert_close(matches.correlation, correlations(search.bank, query, matches.index))
    assert float(matches.correlation.mean() / nearest) > 0.75
    assert not bool(allowed.table[0, search(query).index].all()), "without the rule, others are nearer"


def test_the_last_patch_that_may_be_taken_is_taken() -> None:
    search = PatchSearch([scene(1, 64, 60)], most_pairs=FEW)
    alone = torch.arange(len(search.bank)) == 1234
    assert set(search(scene(2, 58, 70), allowed=Allowed(alone[None])).index.flatten().tolist()) == {1234}


def test_a_part_of_the_source_finds_itself() -> None:
    source = scene(5, 60, 60)
    search = PatchSearch([scene(6, 50, 44), source], most_pairs=FEW)
    matches = search(source[..., 8:52, 12:56])
    _, row, column = search.bank.places(matches.index)
    there = (row[0] == torch.arange(8, 50)[:, None]) & (column[0] == torch.arange(12, 54))
    assert float(there.float().mean()) > 0.9


def test_the_same_search_finds_the_same() -> None:
    query = scene(2, 40, 40)

    def found() -> Matches:
        search = PatchSearch([scene(1, 40, 40)], most_pairs=FEW)
        return search(query, last=search(query))

    before = query.clone()
    assert torch.equal(found().index, found().index)
    assert torch.equal(query, before)


def test_patches_of_zeros_match_nothing() -> None:
    source, query = scene(1, 40, 40), scene(2, 40, 40)
    source[..., :20], query[..., :20, :] = 0, 0
    matches = PatchSearch([source], most_pairs=FEW)(query)
    assert not bool(matches.correlation[:, :18].any())
    assert bool(matches.correlation.isfinite().all())


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_an_index_is_known_by_its_place(stride: int) -> None:
    bank = PatchBank([scene(1, 9, 12), scene(2, 13, 7)], stride=stride)
    every = torch.arange(len(bank))
    number, row, column = bank.places(every)
    assert torch.equal(bank.index(number, row, column), every)
    ones = torch.ones_like(every[:2])
    outside = bank.index(torch.arange(2), -5 * ones, 50 * ones)
    assert [tuple(int(part) for part in place) for place in zip(*bank.places(outside), strict=True)] == [
        (0, 0, (9 // stride) * stride), (1, 0, (4 // stride) * stride),
    ]  # fmt: skip


def test_large_searches_cost_what_their_pixels_do() -> None:
    costs = [patch_search_gflop((256, side, side), [(256, side, side)]) for side in (256, 512, 1024)]
    assert 3 < costs[1] / costs[0] < 4.1
    assert 3 < costs[2] / costs[1] < 4.1
    small, large = (256, 64, 64), (256, 128, 128)
    assert patch_search_gflop(small, [small]) == 1.5 * 2 * 256 * 64**4 / 1e9
    assert patch_search_gflop(large, [large], stride=2) == 1.5 * 2 * 256 * 128**4 / 1e9, "every pair is looked at"
    many = patch_search_gflop(large, [large] * 4)
    assert many < 4 * patch_search_gflop(large, [large]), "several maps are searched at once"
    assert MOST_PAIRS["cpu"] == 64**4
