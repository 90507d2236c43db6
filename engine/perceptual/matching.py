"""Nearest patches: for every patch of a feature map, the most similar patch of others.

Li & Wand 2016, "Combining Markov random fields and convolutional neural networks for image synthesis", equation 3. The
search is exact and looks at every patch; :mod:`engine.perceptual.patch_map` says why it is quick all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from engine.hardware.memory import is_out_of_memory
from engine.perceptual.patch_map import TINY, PatchMap, box_sum, lengths_of, rows_of, scaled, unit_of

PATCH_SIDE = 3
"""Features on each side of a patch (Li & Wand 2016, section 4)."""

BUDGETS = {"cpu": 64 * 2**20, "cuda": 2**30, "mps": 256 * 2**20}
"""Bytes of working memory for a search, by type of device: a processor's cache, or enough to keep a GPU busy."""

SEARCH_OVERHEAD = 1.5
"""Time of a search relative to its products alone: neighbouring tiles overlap, and the sums pass over memory."""


@dataclass(frozen=True)
class Allowed:
    """Which source patches a query patch may take; the bank's order of patches, see :class:`PatchBank`."""

    table: Tensor
    """``(R, M)`` bool: region x source patch. Every region that is used has to allow at least one."""
    regions: Tensor | None = None
    """``(H', W')`` int64: the region of every query patch; None when all of them belong to region 0."""

    def within(self, rows: slice, sources: slice) -> Tensor:
        """``(queries or 1, sources)`` bool, for some rows of query patches and some source patches."""
        table = self.table[:, sources]
        return table[:1] if self.regions is None else table[self.regions[rows].flatten()]


@dataclass(frozen=True)
class Matches:
    """The nearest source patch of every query patch of maps ``(B, C, H, W)``; H' = H - k + 1, W' = W - k + 1."""

    index: Tensor
    """``(B, H', W')`` int64, in the bank's order; the lower one of equals."""
    correlation: Tensor
    """``(B, H', W')``, normalised: 1 for patches that differ by a factor only, 0 where a patch is all zero."""
    turn: int = 0
    """How many searches before have each begun with the last one's matches."""


class PatchBank:
    """The patches of one or several feature maps, to be searched and taken from.

    The order of patches: map after map, row after row.

    Args:
        maps: each ``(1, C, h, w)`` with the same C, on one device, at least ``side`` wide and high.
        side: features on each side of a patch.
        stride: every how many features a patch begins, in both directions; queries always have stride 1.
        dtype: number format of the products; half precision only pays on a GPU. None: float16 on CUDA, else float32,
            but float64 stays.

    Raises:
        ValueError: no map, or one smaller than a patch.
    """

    def __init__(
        self, maps: Sequence[Tensor], *, side: int = PATCH_SIDE, stride: int = 1, dtype: torch.dtype | None = None
    ) -> None:
        if not maps or any(min(each.shape[2:]) < side for each in maps):
            raise ValueError(f"there is no patch of {side} x {side} features in maps of {[m.shape for m in maps]}")
        self.side, self.stride = side, stride
        wide = torch.float64 if maps[0].dtype == torch.float64 else torch.float32
        self.dtype = dtype or (torch.float16 if maps[0].is_cuda and wide == torch.float32 else wide)
        self._wide = wide
        self.rows = torch.cat([rows_of(each[0]) for each in maps])
        """``(sum of h * w, C)``: the features of all maps, as they were given."""
        self._maps: list[PatchMap] = []
        begin = first = 0
        for height, width in (each.shape[2:] for each in maps):
            rows, shape = self.rows[begin : begin + height * width], (height, width)
            patch_map = PatchMap.of(rows, shape, begin=begin, first=first, side=side, stride=stride, dtype=self.dtype)
            self._maps.append(patch_map)
            begin, first = begin + len(rows), patch_map.last
        columns = [(each.last, each.first, each.norms.shape[1], each.begin, each.width) for each in self._maps]
        self._table = torch.tensor(columns, device=self.rows.device).T.contiguous()
        self.norms = torch.cat([each.norms.flatten() for each in self._maps])
        """``(M,)``: length of every patch."""
        self.mean_square = self.norms.square().mean()
        """Mean squared length of a patch, a scalar."""

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Height and width of every map in features."""
        return [(len(each.rows) // each.width, each.width) for each in self._maps]

    def __len__(self) -> int:
        """M, the number of patches."""
        return self._maps[-1].last

    def maps(self) -> list[Tensor]:
        """The feature maps, each ``(1, C, h, w)``; views."""
        parts = torch.split(self.rows, [height * width for height, width in self.shapes])
        return [part.view(1, *shape, -1).permute(0, 3, 1, 2) for part, shape in zip(parts, self.shapes, strict=True)]

    def index(self, number: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """The inverse of :meth:`places`; places beyond a map's border become the nearest inside. int64, same shape."""
        last, first, across, _, _ = self._table[:, number]
        inside = (row // self.stride).clamp_min(0).minimum((last - first) // across - 1) * across
        place: Tensor = first + inside + (column // self.stride).clamp_min(0).minimum(across - 1)
        return place

    def places(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Indices of patches -> number of the map, row and column of the upper left feature; int64, same shape."""
        number = torch.bucketize(index, self._table[0], right=True)
        _, first, across, _, _ = self._table[:, number]
        inside = index - first
        return number, inside // across * self.stride, inside % across * self.stride

    def positions(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Indices of patches -> the row of :attr:`rows` of the upper left feature, and the rows from line to line."""
        number, row, column = self.places(index)
        _, _, _, begin, width = self._table[:, number]
        return begin + row * width + column, width

    def covering(self, index: Tensor) -> Iterator[tuple[tuple[int, int], tuple[slice, slice], Tensor]]:
        """What patches of this bank put where, one feature of a patch after the other.

        Args:
            index: int64 ``(..., H', W')``, the patch for every place of a map.

        Yields:
            Row and column of the feature in its patch; the rows and columns of the map that it covers; the rows of
            :attr:`rows` that lie there, flat.
        """
        begin, line = (part.flatten() for part in self.positions(index))
        down, across = index.shape[-2:]
        for row, column in product(range(self.side), repeat=2):
            yield (row, column), (slice(row, row + down), slice(column, column + across)), begin + row * line + column

    @torch.no_grad()
    def search(self, features: Tensor, *, allowed: Allowed | None = None, budget: int | None = None) -> Matches:
        """The nearest patch of every patch of ``features``, by normalised cross-correlation.

        Args:
            features: ``(B, C, H, W)``.
            allowed: which patches may be taken; None for all.
            budget: bytes of working memory besides the maps; the smallest piece is one row of patches against one.
                The result does not depend on it, beyond ties within rounding. Where the device has less, it is halved
                as often as needed.

        Raises:
            ValueError: features smaller than a patch, or a region in use that allows no patch.
        """
        if min(features.shape[2:]) < self.side:
            raise ValueError(f"features of {tuple(features.shape)} have no patch of {self.side} x {self.side}")
        _check(allowed, features, self)
        budget = budget or BUDGETS.get(features.device.type, BUDGETS["cpu"])
        while True:
            try:
                matched = [self._search(each, allowed, budget) for each in features]
                break
            except RuntimeError as error:  # torch.OutOfMemoryError is one
                if not is_out_of_memory(error) or budget < 2**20:
                    raise
                budget //= 2
        index, best = (torch.stack(part) for part in zip(*matched, strict=True))
        squares = features.to(self._wide).square().sum(1, keepdim=True)
        lengths = box_sum(squares, self.side)[:, 0].sqrt()
        return Matches(index, best / lengths.clamp_min(TINY) * (lengths > TINY))

    def _search(self, features: Tensor, allowed: Allowed | None, budget: int) -> tuple[Tensor, Tensor]:
        """Best index and correlation, the latter not yet divided by the query's length, for one map ``(C, H, W)``."""
        height, width = features.shape[1:]
        unit = unit_of(lengths_of(rows_of(features)).to(self._wide), self.dtype)
        rows = scaled(rows_of(features), unit, self.dtype)
        shape = (height - self.side + 1, width - self.side + 1)
        index = torch.zeros(shape, dtype=torch.int64, device=features.device)
        best = torch.full(shape, -math.inf, dtype=self._wide, device=features.device)
        for source in self._maps:
            factors = source.factors()
            for tile in source.tiles(height, width, budget, masked=allowed is not None):
                score = source.scores(rows, factors, width, tile)
                if allowed is not None:
                    score.masked_fill_(~allowed.within(tile.queries, source.patches(tile)), -math.inf)
                value, place = score.max(dim=1)
                value, place = value.view(-1, shape[1]), place.view(-1, shape[1]) + source.patches(tile).start
                better = value > best[tile.queries]
                index[tile.queries] = torch.where(better, place, index[tile.queries])
                best[tile.queries] = torch.where(better, value, best[tile.queries])
        return index, best * unit


def search_gflop(query: tuple[int, int, int], source: tuple[int, int, int]) -> float:
    """Arithmetic of a search with both maps given as channels, height, width; in GFLOP."""
    channels, places = query[0], query[1] * query[2] * source[1] * source[2]
    return SEARCH_OVERHEAD * 2 * channels * places / 1e9


def _check(allowed: Allowed | None, features: Tensor, bank: PatchBank) -> None:
    if allowed is None:
        return
    if allowed.table.shape[1] != len(bank):
        raise ValueError(f"the table allows {allowed.table.shape[1]} patches, the bank has {len(bank)}")
    height, width = (length - bank.side + 1 for length in features.shape[2:])
    if allowed.regions is not None and allowed.regions.shape != (height, width):
        raise ValueError(f"regions of {tuple(allowed.regions.shape)} for patches of ({height}, {width})")
    used = allowed.table[:1] if allowed.regions is None else allowed.table[torch.unique(allowed.regions)]
    if not bool(used.any(dim=1).all()):
        raise ValueError("there is a region of queries that no patch is allowed for")
