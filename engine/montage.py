"""Several captioned pictures on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

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

    def _place(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self._columns)
        return column * self._room[0], row * self._room[1]
