"""One feature map as a source of patches: correlations of all its patches with those of another map, tile by tile.

The correlation of two k x k patches is the sum of k x k correlations of single features along a diagonal. So one
product of the two maps serves all patches, and sums of shifted views of it do the rest: k * k times less arithmetic
than the product of unfolded patches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

TINY = 1e-12


class Tile(NamedTuple):
    """Rows of query patches against rows of source patches."""

    queries: slice
    sources: slice


@dataclass(frozen=True)
class PatchMap:
    """One feature map of a bank."""

    rows: Tensor
    """``(h * w, C)``: the features; a view of the bank's."""
    unit: Tensor
    """What they are divided by for products; see :func:`scaled`."""
    dtype: torch.dtype
    """Number format of the products."""
    norms: Tensor
    """``(h', w')``: length of every patch."""
    weights: Tensor
    """``(h', w')``: what a correlation is multiplied by; 0 for a patch of zeros."""
    width: int
    begin: int
    """Index of this map's first row among the bank's rows."""
    first: int
    """First patch in the bank's order."""
    side: int
    stride: int

    @staticmethod
    def of(
        rows: Tensor, shape: tuple[int, int], *, begin: int, first: int, side: int, stride: int, dtype: torch.dtype
    ) -> PatchMap:
        """From features ``(h * w, C)`` of ``shape`` (h, w)."""
        lengths = lengths_of(rows)
        norms = box_sum(lengths.square().view(1, 1, *shape), side)[0, 0, ::stride, ::stride].sqrt()
        unit = unit_of(lengths, dtype)
        return PatchMap(
            rows=rows,
            unit=unit,
            dtype=dtype,
            norms=norms,
            weights=torch.where(norms > TINY, unit / norms.clamp_min(TINY), 0),
            width=shape[1],
            begin=begin,
            first=first,
            side=side,
            stride=stride,
        )

    @property
    def last(self) -> int:
        """One beyond the last patch."""
        return self.first + self.norms.numel()

    def patches(self, tile: Tile) -> slice:
        """The source patches of a tile in the bank's order."""
        across = self.norms.shape[1]
        return slice(self.first + tile.sources.start * across, self.first + tile.sources.stop * across)

    def tiles(self, height: int, width: int, budget: int, *, masked: bool = False) -> Iterator[Tile]:
        """Tiles of a query map that need at most ``budget`` bytes each, but at least one row; sources innermost.

        Args:
            height: of the query map, in features.
            width: of the query map, in features.
            budget: in bytes.
            masked: whether a mask of allowed patches (two bytes for each pair) has to fit in, too.
        """
        queries, sources = height - self.side + 1, self.norms.shape[0]
        halves = self.dtype.itemsize if self.dtype != self.weights.dtype else 0
        each = 3 * self.weights.element_size() + halves + 2 * masked
        room = budget / each / (width * self.width)  # lines of queries times lines of sources
        halo = self.side - 1
        most_sources = max(1, min(sources, int((math.sqrt(room) - halo - 1) / self.stride) + 1))
        most_queries = max(1, min(queries, int(room / (most_sources * self.stride + halo)) - halo))
        most_sources = max(1, min(sources, int((room / (most_queries + halo) - halo - 1) / self.stride) + 1))
        for top in range(0, queries, most_queries):
            for start in range(0, sources, most_sources):
                yield Tile(
                    slice(top, min(top + most_queries, queries)), slice(start, min(start + most_sources, sources))
                )

    def factors(self) -> Tensor:
        """``(h * w, C)`` for products."""
        return scaled(self.rows, self.unit, self.dtype)

    def scores(self, query: Tensor, source: Tensor, width: int, tile: Tile) -> Tensor:
        """Correlations ``(queries, sources)`` of the patches of a tile, divided by the sources' lengths.

        Args:
            query: features of the query map for products, row after row.
            source: see :meth:`factors`.
            width: of the query map in features.
            tile: which patches.
        """
        side, stride = self.side, self.stride
        lines = tile.queries.stop - tile.queries.start + side - 1
        top, bottom = tile.sources.start * stride, (tile.sources.stop - 1) * stride + side
        left = query[tile.queries.start * width : (tile.queries.start + lines) * width]
        right = source[top * self.width : bottom * self.width]
        product = (left @ right.mT).view(lines, width, bottom - top, self.width).to(self.weights.dtype)
        across = _diagonal_sum(product, side, stride, query_dim=1, source_dim=3)
        both = _diagonal_sum(across, side, stride, query_dim=0, source_dim=2)
        both *= self.weights[tile.sources]
        return both.view(both.shape[0] * both.shape[1], -1)


def rows_of(features: Tensor) -> Tensor:
    """``(C, H, W)`` -> ``(H * W, C)``; a view of channels_last features."""
    return features.permute(1, 2, 0).reshape(-1, features.shape[0])


def _diagonal_sum(values: Tensor, side: int, stride: int, *, query_dim: int, source_dim: int) -> Tensor:
    """Sum over d < ``side`` of ``values`` shifted by d in both dimensions; every ``stride``-th source stays."""
    queries = values.shape[query_dim] - side + 1
    sources = values.shape[source_dim] - side + 1

    def shifted(by: int) -> Tensor:
        index: list[slice] = [slice(None)] * values.dim()
        index[query_dim] = slice(by, by + queries)
        index[source_dim] = slice(by, by + sources, stride)
        return values[tuple(index)]

    total = shifted(0) + shifted(1) if side > 1 else shifted(0).clone()
    for by in range(2, side):
        total += shifted(by)
    return total


def lengths_of(rows: Tensor) -> Tensor:
    """``(N, C)`` -> ``(N,)``, float32 or wider."""
    wide = torch.promote_types(rows.dtype, torch.float32)
    lengths: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=wide)
    return lengths


def unit_of(lengths: Tensor, dtype: torch.dtype) -> Tensor:
    """The longest of the lengths ``(N,)`` where features of that length could overflow ``dtype``, else 1."""
    return lengths.new_ones(()) if dtype == lengths.dtype else lengths.max().clamp_min(TINY)


def scaled(rows: Tensor, unit: Tensor, dtype: torch.dtype) -> Tensor:
    """``(N, C)`` in ``dtype``, divided by ``unit`` where that dtype is narrow; see :func:`unit_of`."""
    return rows.to(dtype) if dtype == unit.dtype else (rows.to(unit.dtype) / unit).to(dtype)


def box_sum(values: Tensor, side: int) -> Tensor:
    """``(B, 1, H, W)`` -> sums over ``side`` x ``side``, ``(B, 1, H', W')``."""
    return functional.avg_pool2d(values, side, stride=1, divisor_override=1)
