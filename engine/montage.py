"""Several captioned pictures on one sheet."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps

CAPTION_HEIGHT = 18
"""Pixels above each panel."""
LEAST_WIDTH = 104
"""A panel has at least this much room, so that its caption fits."""
GAP = 4
"""Pixels between panels."""


class Montage:
    """A white sheet with room for panels of one size, row after row.

    Args:
        size: width and height of a panel.
        count: number of panels.
        columns: panels in a row.
    """

    def __init__(self, size: tuple[int, int], count: int, columns: int) -> None:
        self._size, self._columns = size, columns
        self._room = max(size[0], LEAST_WIDTH) + GAP, size[1] + CAPTION_HEIGHT + GAP
        rows = -(-count // columns)
        whole = (min(count, columns) * self._room[0] - GAP, rows * self._room[1] - GAP)
        self.image = Image.new("RGB", whole, "white")
        """The sheet; :meth:`paste` changes it."""

    def paste(self, index: int, picture: Image.Image, caption: str) -> None:
        """Draw caption and picture; one of other proportions is centred in its room."""
        self._draw(self.image, index, picture, caption)

    def with_panel(self, index: int, picture: Image.Image, caption: str) -> Image.Image:
        """A copy of the sheet with one more panel."""
        shown = self.image.copy()
        self._draw(shown, index, picture, caption)
        return shown

    def _draw(self, sheet: Image.Image, index: int, picture: Image.Image, caption: str) -> None:
        row, column = divmod(index, self._columns)
        left, top = column * self._room[0], row * self._room[1]
        ImageDraw.Draw(sheet).text((left + 2, top + 2), caption, fill="black", font=ImageFont.load_default(12))
        sheet.paste(ImageOps.pad(picture, self._size, color="white"), (left, top + CAPTION_HEIGHT))
