"""Cutting a large picture into pieces that fit into memory; no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    def grown(self, margin: int, size: tuple[int, int]) -> Box:
        """With a margin on every side, as far as a picture of ``size`` (width, height) reaches."""
        return Box(
            max(self.left - margin, 0), max(self.top - margin, 0),
            min(self.right + margin, size[0]), min(self.bottom + margin, size[1]),
        )  # fmt: skip

    def within(self, other: Box) -> Box:
        """The same part, counted from the corner of another one that holds it."""
        return Box(
            self.left - other.left, self.top - other.top, self.right - other.left, self.bottom - other.top
        )  # fmt: skip

    def tiles(self, side: int) -> list[Box]:
        """Boxes of about equal size that cover this one, row after row; no side is longer than ``side``."""
        columns, rows = _cuts(self.left, self.right, side), _cuts(self.top, self.bottom, side)
        return [Box(left, top, right, bottom) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


def _cuts(start: int, stop: int, side: int) -> list[int]:
    count = -(-(stop - start) // side)
    return [start + round(index * (stop - start) / count) for index in range(count + 1)]
