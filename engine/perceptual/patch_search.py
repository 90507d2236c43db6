"""Nearest patches in large maps: every pair is looked at where there are few, else the search goes from coarse to fine.

The pairs grow as the square of the pixels. But patches that lie side by side mostly have nearest patches that lie side
by side (Barnes et al. 2009, "PatchMatch", section 3). So maps of half the size are searched first, by the same rule;
every patch then compares what its place there has found, what it had the last time and a random place beside that, and
what its neighbours have. On photos and paintings at 512 pixels the patches that are taken correlate 0.966 times as much
as the nearest ones, and 0.987 times after a dozen searches that each begin with the last one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from engine.perceptual.matching import PATCH_SIDE, Allowed, Matches, PatchBank, search_gflop
from engine.perceptual.patch_map import TINY, box_sum, lengths_of, rows_of

MOST_PAIRS = {"cpu": 2**24, "mps": 2**24, "cuda": 2**32}
"""Pairs of patches up to which all of them are looked at, by type of device: maps of 64 x 64 features on a processor,
which relu3_1 has at 256 pixels."""
CHUNK = 4096
"""Pairs that are compared at a time: their features fit into a processor's cache."""
Shape = tuple[int, int, int]
NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))
COMPARISONS = 5.5
"""Pairs that are compared for every patch and size, measured: neighbours mostly offer what a patch has already."""
COMPARISON_OVERHEAD = 12
"""Time of comparing single pairs relative to the same arithmetic in one product: it waits for memory."""


class PatchSearch:
    """The nearest patches of one or several feature maps.

    Args:
        maps: see :class:`PatchBank`.
        side: see there.
        stride: see there; with more than 1 every pair is looked at.
        most_pairs: up to which all of them are; None: see :data:`MOST_PAIRS`.

    Raises:
        ValueError: see :class:`PatchBank`.
    """

    def __init__(
        self, maps: Sequence[Tensor], *, side: int = PATCH_SIDE, stride: int = 1, most_pairs: int | None = None
    ) -> None:
        self.bank = PatchBank(maps, side=side, stride=stride)
        """The patches, and their order."""
        self._most_pairs = most_pairs or MOST_PAIRS.get(maps[0].device.type, MOST_PAIRS["cpu"])
        self._half: PatchSearch | None = None

    @torch.no_grad()
    def __call__(self, features: Tensor, *, allowed: Allowed | None = None, last: Matches | None = None) -> Matches:
        """The nearest patch of every patch of ``features``, or one that is nearly as near.

        Args:
            features: ``(B, C, H, W)``.
            allowed: which patches may be taken; with regions, every pair is looked at.
            last: matches of other features of the same size, not very different.

        Raises:
            ValueError: see :meth:`PatchBank.search`.
        """
        if allowed is not None and allowed.regions is not None:
            return self.bank.search(features, allowed=allowed)
        queries = [length - self.bank.side + 1 for length in features.shape[2:]]
        pairs, shortest = queries[0] * queries[1] * len(self.bank), min(*features.shape[2:], *self._shortest())
        if self.bank.stride > 1 or pairs <= self._most_pairs or shortest < 2 * self.bank.side:
            return self.bank.search(features, allowed=allowed)
        if self._half is None:
            halves = [functional.avg_pool2d(each, 2) for each in self.bank.maps()]
            self._half = PatchSearch(halves, side=self.bank.side, most_pairs=self._most_pairs)
        allowed_halves = None if allowed is None else self._halved(allowed, self._half.bank)
        if allowed_halves is not None and not bool(allowed_halves.table.any()):
            return self.bank.search(features, allowed=allowed)
        coarse = self._half(functional.avg_pool2d(features, 2), allowed=allowed_halves)
        fields = [_Field(self.bank, each, None if allowed is None else allowed.table[0]) for each in features]
        for number, field in enumerate(fields):
            field.take_from(self._half.bank, coarse.index[number])
            if last is not None:
                field.offer(last.index[number])
                field.look_beside(last.turn)
            for down, across in NEIGHBOURS:
                field.spread(down, across)
            field.fill()
        return Matches(
            torch.stack([field.index for field in fields]),
            torch.stack([field.correlation for field in fields]),
            turn=last.turn + 1 if last else 0,
        )

    def _halved(self, allowed: Allowed, half: PatchBank) -> Allowed:
        """The patches of half the size all of whose features may be taken: four patches of this size make one up."""
        index = torch.arange(len(half), device=allowed.table.device)
        number, row, column = half.places(index)
        corners = [
            self.bank.index(number, 2 * row + down, 2 * column + across)
            for down, across in product((0, self.bank.side), repeat=2)
        ]
        return Allowed(torch.stack([allowed.table[:1, each] for each in corners]).all(0))

    def _shortest(self) -> list[int]:
        return [length for shape in self.bank.shapes for length in shape]


class _Field:
    """The best patch so far of every patch of one feature map ``(C, H, W)``.

    Args:
        bank: whose patches.
        features: the map.
        allowed: ``(M,)`` bool: those that may be taken, at least one; None for all.
    """

    def __init__(self, bank: PatchBank, features: Tensor, allowed: Tensor | None) -> None:
        self._allowed = allowed
        self._bank, self._rows, self._width = bank, rows_of(features).contiguous(), features.shape[2]
        squares = lengths_of(self._rows).to(bank.norms.dtype).square().view(1, 1, *features.shape[1:])
        lengths = box_sum(squares, bank.side)[0, 0].sqrt()
        self._weights = torch.where(lengths > TINY, 1 / lengths.clamp_min(TINY), 0)
        self.index = torch.full(lengths.shape, -1, dtype=torch.int64, device=features.device)
        """``(H', W')``, in the bank's order."""
        self.correlation = torch.full_like(lengths, -torch.inf)
        """``(H', W')``, normalised."""
        self._row, self._column = torch.meshgrid(
            *(torch.arange(length, device=features.device) for length in lengths.shape), indexing="ij"
        )

    def take_from(self, half: PatchBank, coarse: Tensor) -> None:
        """Begin with the matches ``(h', w')`` of the same map at half the size."""
        # A patch at half the size covers twice as much; the one of this size in its middle begins side // 2 later.
        middle = self._bank.side // 2
        row, column = (
            ((place - middle) // 2).clamp(0, most - 1)
            for place, most in zip((self._row, self._column), coarse.shape, strict=True)
        )
        number, down, across = half.places(coarse[row, column])
        self.offer(self._bank.index(number, 2 * down + self._row - 2 * row, 2 * across + self._column - 2 * column))

    def look_beside(self, turn: int) -> None:
        """Offer every patch a random one of the nine around its match; another one at every turn."""
        generator = torch.Generator(self.index.device).manual_seed(turn)
        beside = torch.randint(-1, 2, (2, *self.index.shape), generator=generator, device=self.index.device)
        number, row, column = self._bank.places(self.index)
        self.offer(self._bank.index(number, row + beside[0], column + beside[1]))

    def spread(self, down: int, across: int) -> None:
        """Offer every patch what continues the match of its neighbour, so many features above and to the left."""
        number, row, column = self._bank.places(torch.roll(self.index, (down, across), (0, 1)))
        self.offer(self._bank.index(number, row + down, column + across))

    def fill(self) -> None:
        """Give the patches that were offered nothing they may take the first one that they may."""
        if self._allowed is not None:
            self.offer(torch.where(self.index < 0, self._allowed.to(torch.uint8).argmax(), self.index))

    def offer(self, index: Tensor) -> None:
        """Take those of the patches ``(H', W')`` that are nearer than what there is."""
        other = (index != self.index).flatten().nonzero()[:, 0]
        candidates = index.flatten()[other]
        places = (self._row * self._width + self._column).flatten()[other]
        correlation = torch.cat([
            self._correlations(*pair)
            for pair in zip(torch.split(places, CHUNK), torch.split(candidates, CHUNK), strict=True)
        ]) * self._weights.flatten()[other]  # fmt: skip
        nearer = correlation > self.correlation.flatten()[other]
        self.index.view(-1)[other[nearer]] = candidates[nearer]
        self.correlation.view(-1)[other[nearer]] = correlation[nearer]

    def _correlations(self, places: Tensor, candidates: Tensor) -> Tensor:
        """``(N,)``, divided by the source's length only.

        Args:
            places: ``(N,)``: row of the upper left feature of each patch.
            candidates: ``(N,)``: patches of the bank.
        """
        bank = self._bank
        begin, line = bank.positions(candidates)
        total = bank.norms.new_zeros(len(places))
        for row, column in product(range(bank.side), repeat=2):
            ours = self._rows[places + row * self._width + column].to(total.dtype)
            theirs = bank.rows[begin + row * line + column].to(total.dtype)
            total += torch.linalg.vecdot(ours, theirs)
        norms = bank.norms[candidates]
        correlations = torch.where(norms > TINY, total / norms.clamp_min(TINY), 0)
        if self._allowed is None:
            return correlations
        return torch.where(self._allowed[candidates], correlations, -torch.inf)


def patch_search_gflop(query: Shape, sources: Sequence[Shape], *, stride: int = 1) -> float:
    """Arithmetic of a :class:`PatchSearch` on a processor, in GFLOP.

    Args:
        query: channels, height and width of the map whose patches look for others.
        sources: the same of the maps that are searched.
        stride: see :class:`PatchSearch`.
    """
    channels, height, width = query
    pairs = sum(height * width * down * across for _, down, across in sources)
    if stride > 1 or pairs <= MOST_PAIRS["cpu"]:
        return sum(search_gflop(query, source) for source in sources)
    compared = COMPARISONS * COMPARISON_OVERHEAD * 2 * PATCH_SIDE**2 * channels * height * width / 1e9
    half, *halves = ((channels, down // 2, across // 2) for _, down, across in (query, *sources))
    return compared + patch_search_gflop(half, halves)
