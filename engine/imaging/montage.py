"""Several captioned pictures on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from engine.contracts.job import Step
from engine.contracts.messages import Message

CAPTION_HEIGHT = 18
"""Pixels above each panel, for captions of the usual size."""
GAP = 4
"""Pixels between panels."""


class Montage:
    """A white sheet with a captioned room for each of several pictures of one size, row after row.

    Args:
        size: width and height of a panel; a room is wider where a caption needs it.
        captions: one for each panel, of one or more lines.
        columns: panels in a row.
        text: size of the captions in pixels.
    """

    def __init__(self, size: tuple[int, int], captions: Sequence[str], columns: int, text: int = 12) -> None:
        font = ImageFont.load_default(text)
        lines = [line for caption in captions for line in caption.split("\n")]
        width = max(size[0], *(int(font.getlength(line)) + 2 * GAP for line in lines))
        self._size, self._columns = size, columns
        self._above = CAPTION_HEIGHT * text // 12 * max(caption.count("\n") + 1 for caption in captions)
        self._room = width + GAP, size[1] + self._above + GAP
        rows = -(-len(captions) // columns)
        whole = (min(len(captions), columns) * self._room[0] - GAP, rows * self._room[1] - GAP)
        self.image = Image.new("RGB", whole, "white")
        """The sheet; :meth:`paste` changes it."""
        draw = ImageDraw.Draw(self.image)
        for index, caption in enumerate(captions):
            left, top = self._place(index)
            draw.text((left + 2, top + 2), caption, fill="black", font=font)

    def paste(self, index: int, picture: Image.Image) -> None:
        """Put a picture into its room; one of other proportions is centred."""
        self.image = self.with_panel(index, picture)

    def with_panel(self, index: int, picture: Image.Image) -> Image.Image:
        """A copy of the sheet with one more panel."""
        shown = self.image.copy()
        left, top = self._place(index)
        shown.paste(ImageOps.pad(picture, self._size, color="white"), (left, top + self._above))
        return shown

    def step(self, step: Step, index: int, curve: str) -> Step:
        """A panel's step as one of the sheet: the preview is the sheet with this panel at work, the total one curve."""

        def preview() -> Image.Image:
            assert step.preview is not None
            return self.with_panel(index, step.preview())

        def figures() -> dict[str, float]:
            losses = step.figures()
            return {curve: losses["total"]} if "total" in losses else {}

        return replace(step, preview=preview if step.preview else None, figures=figures)

    def _place(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self._columns)
        return column * self._room[0], row * self._room[1]


@dataclass(frozen=True)
class Plates:
    """Captioned pictures that tell how a result came about; an :class:`engine.contracts.job.Explanation`."""

    plates: Sequence[tuple[Message, Image.Image]]
    """Captions, of one or more lines, and pictures."""
    columns: int
    """In a row."""

    def picture(self) -> Image.Image:
        """All of them on one sheet, in rooms of the first one's size."""
        sheet = Montage(self.plates[0][1].size, [str(caption) for caption, _ in self.plates], columns=self.columns)
        for index, (_, picture) in enumerate(self.plates):
            sheet.paste(index, picture)
        return sheet.image


_WARM = numpy.array([(13, 12, 46), (87, 24, 109), (187, 55, 84), (249, 142, 8), (252, 255, 200)], numpy.float32)
"""From nothing to much; grows in lightness, so that it can be read without colours, too."""


def heat_map(values: NDArray[numpy.float32], size: tuple[int, int], highest: float) -> Image.Image:
    """Values ``(H, W)`` from 0 to ``highest`` and above as colours, enlarged in blocks to ``size`` (width, height)."""
    share = (values / max(highest, 1e-12)).clip(0, 1) ** 0.5 * (len(_WARM) - 1)
    places = numpy.arange(len(_WARM))
    colours = numpy.stack([numpy.interp(share, places, _WARM[:, channel]) for channel in range(3)], axis=-1)
    return Image.fromarray(colours.round().astype(numpy.uint8)).resize(size, Image.Resampling.NEAREST)


def side_by_side(images: Sequence[Image.Image], height: int) -> Image.Image:
    """Images in a row, all of one height."""
    scaled = [
        image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)
        for image in images
    ]
    sheet = Image.new("RGB", (sum(image.width + GAP for image in scaled) - GAP, height), "white")
    left = 0
    for image in scaled:
        sheet.paste(image, (left, 0))
        left += image.width + GAP
    return sheet
