"""Where the patches of a result came from, as something to look at. Plain arrays, which outlive the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from PIL import Image, ImageDraw

from engine.tensors import Size

CORNERS = numpy.array([[[214, 62, 77], [244, 190, 66]], [[58, 92, 190], [58, 168, 124]]], dtype=float)
"""Colours of the upper left, upper right, lower left and lower right corner of the paintings laid side by side."""


@dataclass(frozen=True)
class LayerMatches:
    """Sources of the patches of one layer."""

    layer: str
    corners: numpy.ndarray
    """``(H', W', 4, 2)`` in [0, 1]: corners of the source patch in its painting, clockwise from the upper left."""
    number: numpy.ndarray
    """``(H', W')``: which painting."""
    correlation: numpy.ndarray
    """``(H', W')``: how alike the patches are, 0 to 1."""
    side: int
    """Features on each side of a patch."""

    def rectangle(self, row: int, column: int) -> numpy.ndarray:
        """``(2, 2)`` in [0, 1]: upper left and lower right of a patch in the result."""
        down, across = self.number.shape
        grid = numpy.array([across + self.side - 1, down + self.side - 1], dtype=float)
        corners: numpy.ndarray = numpy.array([[column, row], [column + self.side, row + self.side]]) / grid
        return corners

    def nearest(self, across: float, down: float) -> tuple[int, int]:
        """Row and column of the patch whose centre is nearest to a point in [0, 1]."""
        rows, columns = self.number.shape
        row = round(down * (rows + self.side - 1) - self.side / 2)
        column = round(across * (columns + self.side - 1) - self.side / 2)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


@dataclass(frozen=True)
class Found:
    """One patch of the result and its source; points in [0, 1] of the picture each."""

    layer: str
    patch: numpy.ndarray
    """``(2, 2)``: upper left and lower right in the result."""
    number: int
    """Which painting."""
    corners: numpy.ndarray
    """``(4, 2)`` in the painting."""
    correlation: float


@dataclass(frozen=True)
class Correspondence:
    """Sources of all patches of a result, layer by layer."""

    layers: Sequence[LayerMatches]
    size: Size
    """Of the result."""
    paintings: Sequence[Image.Image]

    def at(self, across: float, down: float) -> list[Found]:
        """The patches around a point of the result, given in [0, 1]; one for each layer."""
        found = []
        for matches in self.layers:
            place = matches.nearest(across, down)
            found.append(
                Found(
                    matches.layer,
                    matches.rectangle(*place),
                    int(matches.number[place]),
                    matches.corners[place],
                    float(matches.correlation[place]),
                )
            )
        return found

    def coloured(self, layer: str) -> Image.Image:
        """The result's size; every patch in the colour that its source has in :meth:`legend`."""
        matches = next(each for each in self.layers if each.layer == layer)
        colours = _colours(matches.corners.mean(axis=2), matches.number, len(self.paintings))
        before = matches.side // 2  # the first patch is centred there; what is before it gets its colour
        after = matches.side - 1 - before
        grid = numpy.pad(colours, ((before, after), (before, after), (0, 0)), mode="edge")
        return Image.fromarray(grid.round().astype(numpy.uint8)).resize(self.size, Image.Resampling.NEAREST)

    def legend(self, number: int, *, tint: float = 0.65) -> Image.Image:
        """A painting under the colours that its places have."""
        painting = self.paintings[number]
        down, across = numpy.mgrid[0 : painting.height, 0 : painting.width]
        points = numpy.stack((across / painting.width, down / painting.height), axis=-1)
        code = _colours(points, numpy.full(points.shape[:2], number), len(self.paintings))
        grey = numpy.asarray(painting.convert("L"), dtype=float)[..., None] / 255
        mixed = code * (tint + (1 - tint) * grey) * (0.55 + 0.45 * grey)
        return Image.fromarray(mixed.clip(0, 255).round().astype(numpy.uint8))

    def picture(self) -> Image.Image:
        """All of it in one row: a coloured map for each layer, then the paintings as legend."""
        height = self.size[1]
        parts = [self.coloured(matches.layer) for matches in self.layers]
        for number, painting in enumerate(self.paintings):
            width = max(1, round(painting.width * height / painting.height))
            parts.append(self.legend(number).resize((width, height), Image.Resampling.LANCZOS))
        gap = 6
        sheet = Image.new("RGB", (sum(part.width + gap for part in parts) - gap, height), "white")
        left = 0
        for part in parts:
            sheet.paste(part, (left, 0))
            left += part.width + gap
        return sheet


def outlined(image: Image.Image, outline: numpy.ndarray, colour: str) -> Image.Image:
    """A copy of the image with an outline, ``(N, 2)`` in [0, 1]."""
    marked = image.copy()
    points = [tuple(point) for point in (outline * numpy.array(image.size)).tolist()]
    width = max(2, max(image.size) // 160)
    draw = ImageDraw.Draw(marked)
    draw.line([*points, points[0], points[1]], fill="black", width=width + 2, joint="curve")
    draw.line([*points, points[0], points[1]], fill=colour, width=width, joint="curve")
    return marked


def _colours(points: numpy.ndarray, number: numpy.ndarray, count: int) -> numpy.ndarray:
    """``(H, W, 2)`` in [0, 1] and which of ``count`` pictures side by side -> ``(H, W, 3)``."""
    across = ((points[..., 0].clip(0, 1) + number) / count)[..., None]
    down = points[..., 1].clip(0, 1)[..., None]
    upper = CORNERS[0, 0] * (1 - across) + CORNERS[0, 1] * across
    lower = CORNERS[1, 0] * (1 - across) + CORNERS[1, 1] * across
    mixed: numpy.ndarray = upper * (1 - down) + lower * down
    return mixed
