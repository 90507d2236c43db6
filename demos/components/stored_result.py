"""A result as the page remembers it for the visit."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.imaging.picture import RECIPE_KEY, Kind
from engine.imaging.raster import Raster, decoded, with_text


@dataclass(frozen=True)
class Kept:
    """A result as the page remembers it for the visit."""

    png: bytes
    recipe: Mapping[str, Any]
    explanation: Any
    """See :class:`engine.contracts.job.Explanation`; None where the task has none."""
    profile: bytes | None
    exif: bytes | None
    """Of the visitor's file, where the task keeps them."""
    keeps: bool = False
    """See :attr:`engine.Result.keeps`; the PNG then has the recipe already."""
    source_type: str | None = None
    """See :attr:`engine.imaging.raster.Raster.source_type`."""

    def converted(self, kind: Kind, *, keep_recipe: bool) -> bytes:
        """The file to download."""
        wanted = kind == "jpeg" if self.keeps else keep_recipe
        text = {RECIPE_KEY: json.dumps(self.recipe)} if wanted else {}
        if kind == "png":
            return with_text(self.png, text)
        values = decoded(self.png)
        assert values is not None  # our own file
        stream = io.BytesIO()
        Raster(values, self.profile, self.exif, self.source_type).save(stream, kind=kind, text=text)
        return stream.getvalue()
