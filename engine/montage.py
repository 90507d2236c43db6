"""Several captioned pictures on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageDraw, ImageFont, ImageOps

from engine.job import Step

CAPTION_HEIGHT = 18
"""Pixels above each panel."""
GAP = 4
"""Pixels between panels."""


class Montage:
    """A white sheet with a captioned room for each of several pictures of one size, row after row.

    Args:
        size: width and height of a panel; a room is wider where a caption needs it.
        captions: one for each panel.
        columns: panels in a row.
    """

    def __init__(self, size: tuple[int, int], captions: Sequence[str], columns: int) -> None:
        font = ImageFont.load_default(12)
        width = max(size[0], *(int(font.getlength(caption)) + 2 * GAP for caption in captions))
        self._size, self._columns = size, columns
        self._room = width + GAP, size[1] + CAPTION_HEIGHT + GAP
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
        shown.paste(ImageOps.pad(picture, self._size, color="white"), (left, top + CAPTION_HEIGHT))
        return shown

    def step(self, step: Step, index: int, curve: str) -> Step:
        """A panel's step as one of the sheet: the preview is the sheet with this panel at work, the total one curve."""

        def preview() -> Image.Image:
            assert step.preview is not None
            return self.with_panel(index, step.preview())

        return replace(step, preview=preview, figures=lambda: {curve: step.figures()["total"]})

    def _place(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self._columns)
        return column * self._room[0], row * self._room[1]


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
