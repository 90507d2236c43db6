"""Where the patches of a result came from, as something to look at. Plain arrays, which outlive the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy
from PIL import Image, ImageDraw

from engine.imaging.montage import side_by_side

if TYPE_CHECKING:
    from engine.perceptual.copies import Copy
    from engine.perceptual.matching import Matches, PatchBank


CORNERS = numpy.array([[[214, 62, 77], [244, 190, 66]], [[58, 92, 190], [58, 168, 124]]], dtype=float)
"""Colours of the upper left, upper right, lower left and lower right corner of the paintings laid side by side."""
SQUARE = numpy.array([[0, 0], [1, 0], [1, 1], [0, 1]])
"""Corners, clockwise from the upper left."""
SHOWN_SIDE = 768
"""Longest side of the paintings that are kept to be shown."""


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

    @staticmethod
    def of(
        layer: str, bank: PatchBank, matches: Matches, copies: Sequence[Copy], paintings: Sequence[Image.Image]
    ) -> LayerMatches:
        """From a search in a bank that has one map for each copy of the paintings."""
        number, row, column = (part[0].cpu().numpy() for part in bank.places(matches.index))
        shapes = numpy.array(bank.shapes)[number]  # height and width in features of the copy that each was found in
        corners = (numpy.stack((column, row), axis=-1)[..., None, :] + SQUARE * bank.side) / shapes[..., None, ::-1]
        for index, copy in enumerate(copies):
            corners[number == index] = copy.source(corners[number == index], paintings[copy.number].size)
        return LayerMatches(
            layer=layer,
            corners=corners.astype(numpy.float32),
            number=numpy.array([copy.number for copy in copies])[number],
            correlation=matches.correlation[0].float().cpu().numpy(),
            side=bank.side,
        )

    def outline(self, row: int, column: int) -> numpy.ndarray:
        """``(4, 2)`` in [0, 1]: corners of a patch in the result, clockwise from the upper left."""
        down, across = self.number.shape
        corners = SQUARE * self.side + [column, row]
        relative: numpy.ndarray = corners / [across + self.side - 1, down + self.side - 1]
        return relative

    def nearest(self, across: float, down: float) -> tuple[int, int]:
        """Row and column of the patch whose centre is nearest to a point in [0, 1]."""
        rows, columns = self.number.shape
        row = round(down * (rows + self.side - 1) - self.side / 2)
        column = round(across * (columns + self.side - 1) - self.side / 2)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


@dataclass(frozen=True)
class PatchSource:
    """One patch of the result and its source; points in [0, 1] of the picture each."""

    layer: str
    patch: numpy.ndarray
    """``(4, 2)``: corners in the result."""
    number: int
    """Which painting."""
    corners: numpy.ndarray
    """``(4, 2)`` in the painting."""
    correlation: float


@dataclass(frozen=True)
class Correspondence:
    """Sources of all patches of a result, layer by layer."""

    layers: Sequence[LayerMatches]
    result: Image.Image
    paintings: Sequence[Image.Image]
    """Reduced where they are large: this is kept as long as the page remembers the result."""

    @staticmethod
    def of(layers: Sequence[LayerMatches], result: Image.Image, paintings: Sequence[Image.Image]) -> Correspondence:
        """With small copies of the paintings."""
        shown = [image.copy() for image in paintings]
        for image in shown:
            image.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        return Correspondence(layers, result, shown)

    def at(self, across: float, down: float) -> list[PatchSource]:
        """The patches around a point of the result, given in [0, 1]; one for each layer."""
        sources = []
        for matches in self.layers:
            place = matches.nearest(across, down)
            sources.append(
                PatchSource(
                    matches.layer,
                    matches.outline(*place),
                    int(matches.number[place]),
                    matches.corners[place],
                    float(matches.correlation[place]),
                )
            )
        return sources

    def coloured(self, layer: str, result: Image.Image) -> Image.Image:
        """The result under the colours of its patches' sources: the same colour is the same place in :meth:`legend`.

        Args:
            layer: whose matches.
            result: of any size; the answer has the same.
        """
        matches = next(each for each in self.layers if each.layer == layer)
        colours = _colours(matches.corners.mean(axis=2), matches.number, len(self.paintings))
        before = matches.side // 2  # the first patch is centred there; what is before it gets its colour
        after = matches.side - 1 - before
        grid = numpy.pad(colours, ((before, after), (before, after), (0, 0)), mode="edge")
        code = Image.fromarray(grid.round().astype(numpy.uint8)).resize(result.size, Image.Resampling.NEAREST)
        return _tinted(result, numpy.asarray(code, dtype=float))

    def legend(self, number: int) -> Image.Image:
        """A painting under the colours that its places have."""
        painting = self.paintings[number]
        down, across = numpy.mgrid[0 : painting.height, 0 : painting.width]
        points = numpy.stack((across / painting.width, down / painting.height), axis=-1)
        return _tinted(painting, _colours(points, numpy.full(points.shape[:2], number), len(self.paintings)))

    def picture(self) -> Image.Image:
        """All of it in one row: a coloured map for each layer, then the paintings as legend."""
        maps = [self.coloured(matches.layer, self.result) for matches in self.layers]
        legends = [self.legend(number) for number in range(len(self.paintings))]
        return side_by_side([*maps, *legends], self.result.height)


def outlined(image: Image.Image, outline: numpy.ndarray, colour: str) -> Image.Image:
    """A copy of the image with an outline, ``(N, 2)`` in [0, 1]."""
    marked = image.copy()
    points = [tuple(point) for point in (outline * numpy.array(image.size)).tolist()]
    width = max(2, max(image.size) // 160)
    draw = ImageDraw.Draw(marked)
    draw.line([*points, points[0], points[1]], fill="black", width=width + 2, joint="curve")
    draw.line([*points, points[0], points[1]], fill=colour, width=width, joint="curve")
    return marked


def cut_out(image: Image.Image, corners: numpy.ndarray, side: int) -> Image.Image:
    """The quadrilateral with these corners, ``(4, 2)`` in [0, 1], as a square of ``side`` pixels."""
    left_upper, right_upper, right_lower, left_lower = (corners * numpy.array(image.size)).tolist()
    quad = (*left_upper, *left_lower, *right_lower, *right_upper)
    return image.transform((side, side), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


def _tinted(image: Image.Image, code: numpy.ndarray) -> Image.Image:
    """Colours ``(H, W, 3)`` with the lights and darks of an image."""
    grey = numpy.asarray(image.convert("L"), dtype=float)[..., None] / 255
    return Image.fromarray((code * (0.35 + 0.75 * grey)).clip(0, 255).round().astype(numpy.uint8))


def _colours(points: numpy.ndarray, number: numpy.ndarray, count: int) -> numpy.ndarray:
    """``(H, W, 2)`` in [0, 1] and which of ``count`` pictures side by side -> ``(H, W, 3)``."""
    across = ((points[..., 0].clip(0, 1) + number) / count)[..., None]
    down = points[..., 1].clip(0, 1)[..., None]
    upper = CORNERS[0, 0] * (1 - across) + CORNERS[0, 1] * across
    lower = CORNERS[1, 0] * (1 - across) + CORNERS[1, 1] * across
    mixed: numpy.ndarray = upper * (1 - down) + lower * down
    return mixed
