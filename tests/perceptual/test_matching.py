"""The patch matcher against loops over single patches in float64, and the patch loss against the sum of its patches."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy
import pytest
import torch
from torch import Tensor

from engine.perceptual.matching import Allowed, Matches, PatchBank
from engine.perceptual.patch_map import PatchMap
from engine.perceptual.patches import PatchTarget, patch_loss, patch_target

SMALLEST = 1
"""A budget that leaves one row of patches against one."""


def features(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def patches(values: Tensor, side: int, stride: int = 1) -> list[numpy.ndarray]:
    """Of one map ``(C, H, W)``, row after row."""
    array = values.double().numpy()
    rows, columns = (range(0, length - side + 1, stride) for length in array.shape[1:])
    return [array[:, y : y + side, x : x + side] for y, x in itertools.product(rows, columns)]


def slow_search(
    query: Tensor, maps: Sequence[Tensor], side: int, stride: int, allowed: numpy.ndarray | None = None
) -> tuple[list[int], list[float]]:
    """Every query patch against every source patch, as equation 3 says."""
    sources = [patch for each in maps for patch in patches(each[0], side, stride)]
    index, correlation = [], []
    for number, patch in enumerate(patches(query, side)):
        scores = [
            float((patch * other).sum() / (numpy.linalg.norm(patch) * numpy.linalg.norm(other))) for other in sources
        ]
        if allowed is not None:
            scores = [score if ok else -2.0 for score, ok in zip(scores, allowed[number], strict=True)]
        index.append(int(numpy.argmax(scores)))
        correlation.append(max(scores))
    return index, correlation


def assert_same(matches: Matches, item: int, expected: tuple[list[int], list[float]]) -> None:
    assert matches.index[item].flatten().tolist() == expected[0]
    numpy.testing.assert_allclose(matches.correlation[item].flatten().double().numpy(), expected[1], atol=1e-6)


@pytest.mark.parametrize("budget", [SMALLEST, 3000, 20_000, None])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_search_is_exact(side: int, stride: int, budget: int | None) -> None:
    query = features(2, 4, 6, 7)
    maps = [features(1, 4, 8, 5, seed=1), features(1, 4, 5, 9, seed=2)]
    matches = PatchBank(maps, side=side, stride=stride).search(query, budget=budget)
    assert matches.index.shape == (2, 6 - side + 1, 7 - side + 1)
    for item in range(2):
        assert_same(matches, item, slow_search(query[item], maps, side, stride))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_formats_of_the_features_do_not_matter(dtype: torch.dtype, layout: torch.memory_format) -> None:
    query = features(1, 16, 9, 8, dtype=dtype).contiguous(memory_format=layout)
    source = features(1, 16, 7, 10, seed=1, dtype=dtype).contiguous(memory_format=layout)
    matches = PatchBank([source]).search(query)
    assert_same(matches, 0, slow_search(query[0], [source], 3, 1))


@pytest.mark.parametrize("budget", [SMALLEST, 4000, None])
def test_a_query_takes_only_what_its_region_allows(budget: int | None) -> None:
    query, source = features(1, 3, 6, 7), features(1, 3, 7, 6, seed=1)
    bank = PatchBank([source])
    generator = torch.Generator().manual_seed(5)
    regions = torch.randint(0, 3, (4, 5), generator=generator)
    table = torch.rand(3, len(bank), generator=generator) < 0.2
    matches = bank.search(query, allowed=Allowed(table, regions), budget=budget)
    expected = slow_search(query[0], [source], 3, 1, table[regions.flatten()].numpy())
    assert_same(matches, 0, expected)
    assert_same(bank.search(query, allowed=Allowed(table[:1]), budget=budget), 0, slow_search(
        query[0], [source], 3, 1, table[:1].expand(20, -1).numpy()
    ))  # fmt: skip


def test_a_patch_that_is_in_the_source_finds_itself() -> None:
    source = features(1, 8, 12, 10)
    bank = PatchBank([features(1, 8, 6, 6, seed=3), source])
    matches = bank.search(source[:, :, 2:9, 3:9] * 0.3)  # a factor does not matter
    number, row, column = bank.places(matches.index[0])
    assert (number == 1).all()
    assert row[:, 0].tolist() == [2, 3, 4, 5, 6]
    assert column[0].tolist() == [3, 4, 5, 6]
    assert matches.correlation.min() == pytest.approx(1)


def test_places_are_in_features_whatever_the_stride() -> None:
    bank = PatchBank([features(1, 2, 5, 7), features(1, 2, 6, 4, seed=1)], stride=2)
    number, row, column = bank.places(torch.arange(len(bank)))
    assert len(bank) == 2 * 3 + 2 * 1
    assert number.tolist() == [0] * 6 + [1] * 2
    assert row.tolist() == [0, 0, 0, 2, 2, 2, 0, 2]
    assert column.tolist() == [0, 2, 4, 0, 2, 4, 0, 0]
    assert bank.shapes == [(5, 7), (6, 4)]


@pytest.mark.parametrize("budget", [SMALLEST, 2000, None])
def test_of_equals_the_first_is_taken(budget: int | None) -> None:
    tile = torch.tensor([[1.0, 2.0], [3.0, 5.0]]).expand(1, 2, 2, 2)
    source = tile.repeat(1, 1, 4, 4)  # every patch of an even place occurs many times; sums of integers are exact
    matches = PatchBank([source, source]).search(source, budget=budget)
    whole = PatchBank([source, source]).search(source)
    assert matches.index.tolist() == whole.index.tolist()
    assert matches.index[0, 0, 0] == matches.index[0, 4, 4] == 0


def test_patches_of_zeros_are_no_match_and_no_error() -> None:
    source = torch.cat((torch.zeros(1, 3, 5, 6), features(1, 3, 5, 6, dtype=torch.float32)), dim=3)
    matches = PatchBank([source]).search(features(1, 3, 4, 4, seed=1, dtype=torch.float32))
    assert (matches.index % 10 > 3).all()
    dark = PatchBank([source]).search(torch.zeros(1, 3, 4, 4))
    assert dark.correlation.tolist() == [[[0, 0], [0, 0]]]


@pytest.mark.parametrize("budget", [1, 10_000, 100_000, 1_000_000])
def test_tiles_stay_within_the_budget_and_cover_everything(budget: int) -> None:
    bank = PatchBank([features(1, 4, 30, 21, dtype=torch.float32)], stride=2)
    (source,) = bank._maps
    tiles = list(source.tiles(25, 40, budget))
    covered = numpy.zeros((23, 14), int)
    for tile in tiles:
        covered[tile.queries, tile.sources] += 1
        lines = tile.queries.stop - tile.queries.start + 2
        others = (tile.sources.stop - tile.sources.start - 1) * 2 + 3
        smallest = lines == 3 and others == 3
        assert smallest or 3 * 4 * lines * 40 * others * 21 <= budget
    assert (covered == 1).all()


def test_less_memory_than_asked_for_shrinks_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    query, source = features(1, 8, 40, 40), features(1, 8, 40, 40, seed=1)
    bank = PatchBank([source])
    expected = bank.search(query).index
    scores, sizes = PatchMap.scores, []

    def scarce(self: PatchMap, rows: Tensor, factors: Tensor, width: int, tile: object) -> Tensor:
        products = scores(self, rows, factors, width, tile)  # type: ignore[arg-type]
        sizes.append(products.numel())
        if products.numel() > 300_000:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes.")
        return products

    monkeypatch.setattr(PatchMap, "scores", scarce)
    assert torch.equal(bank.search(query).index, expected)
    assert sizes[0] > 300_000 > sizes[-1]

    nothing_left = RuntimeError("out of memory")
    monkeypatch.setattr(PatchMap, "scores", lambda *_: (_ for _ in ()).throw(nothing_left))
    with pytest.raises(RuntimeError) as failure:
        bank.search(query)
    assert failure.value is nothing_left


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_finds_patches_that_are_as_good(dtype: torch.dtype) -> None:
    query, source = (features(1, 64, 16, 16, seed=seed, dtype=torch.float32) * 300 for seed in (0, 1))
    exact, half = PatchBank([source]), PatchBank([source], dtype=dtype)
    best, matches = exact.search(query), half.search(query)
    assert torch.isfinite(matches.correlation).all()
    reached = slow_search(query[0], [source], 3, 1)[1]
    numpy.testing.assert_allclose(
        matches.correlation[0].flatten(), reached, atol=8e-3 if dtype == torch.bfloat16 else 1e-3
    )
    assert (best.index == matches.index).float().mean() > (0.5 if dtype == torch.bfloat16 else 0.9)


def test_what_cannot_be_searched_is_refused() -> None:
    bank = PatchBank([features(1, 3, 5, 5)])
    query, every = features(1, 3, 5, 5), torch.ones(1, 9, dtype=torch.bool)
    for maps in ([], [features(1, 3, 2, 9)]):
        with pytest.raises(ValueError):
            PatchBank(maps)
    with pytest.raises(ValueError):
        bank.search(features(1, 3, 9, 2))
    for allowed in (Allowed(every[:, :4]), Allowed(~every), Allowed(every, torch.zeros(2, 2, dtype=torch.int64))):
        with pytest.raises(ValueError):
            bank.search(query, allowed=allowed)
    whole = bank.search(query).index
    for allowed in (Allowed(every), Allowed(every, torch.zeros(3, 3, dtype=torch.int64))):
        assert torch.equal(bank.search(query, allowed=allowed).index, whole)


def slow_loss(query: Tensor, maps: Sequence[Tensor], index: Sequence[int], side: int, stride: int) -> float:
    """Equation 2, patch by patch."""
    sources = [patch for each in maps for patch in patches(each[0], side, stride)]
    own = patches(query, side)
    distance = sum(((patch - sources[at]) ** 2).sum() for patch, at in zip(own, index, strict=True))
    return float(distance / len(own) / numpy.mean([(patch**2).sum() for patch in sources]))


def target_and_index(query: Tensor, maps: Sequence[Tensor], **options: int) -> tuple[PatchTarget, list[int]]:
    bank = PatchBank(maps, **options)
    matches = bank.search(query)
    return patch_target(bank, matches), matches.index[0].flatten().tolist()


@pytest.mark.parametrize(("side", "stride"), [(1, 1), (2, 1), (3, 1), (3, 2)])
def test_the_patch_loss_is_the_sum_over_patches(side: int, stride: int) -> None:
    query = features(1, 3, 6, 5)
    maps = [features(1, 3, 7, 6, seed=1), features(1, 3, 4, 9, seed=2)]
    target, index = target_and_index(query, maps, side=side, stride=stride)
    for values in (query, features(1, 3, 6, 5, seed=9)):  # also at a picture that was not matched
        assert patch_loss(values, target).item() == pytest.approx(slow_loss(values[0], maps, index, side, stride))


def test_the_gradient_of_the_patch_loss() -> None:
    query = features(1, 3, 5, 6)
    target, _ = target_and_index(query, [features(1, 3, 6, 6, seed=1)])
    assert torch.autograd.gradcheck(lambda values: patch_loss(values, target), [query.requires_grad_()])


def test_a_picture_made_of_its_source_has_no_patch_loss() -> None:
    source = features(1, 4, 9, 9)
    target, _ = target_and_index(source[:, :, 1:7, 2:8], [source])
    assert patch_loss(source[:, :, 1:7, 2:8], target).item() == pytest.approx(0, abs=1e-12)
