"""A result as the page remembers it for the visit."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import RunResult
from engine.contracts.job import Explanation
from engine.imaging.formats import FileKind
from engine.imaging.picture import RECIPE_KEY
from engine.imaging.png import decoded, with_text
from engine.imaging.raster import Raster


@dataclass(frozen=True)
class StoredResult:
    """A picture that was made, with what belongs to it."""

    png: bytes
    """The picture with all that a PNG can keep."""
    recipe: Mapping[str, Any]
    """See :attr:`engine.RunResult.recipe`."""
    explanation: Explanation | None
    """See :attr:`engine.RunResult.explanation`."""
    profile: bytes | None
    exif: bytes | None
    """Colour profile and metadata of the visitor's file, where the task keeps them."""
    recipe_belongs: bool = False
    """See :attr:`engine.RunResult.recipe_belongs`; the PNG then has the recipe already."""
    source_type: str | None = None
    """See :attr:`engine.RunResult.source_type`."""

    @classmethod
    def of(cls, result: RunResult) -> StoredResult:
        """A run's picture, encoded once for the page, the download and the history."""
        profile, exif = (result.raster.profile, result.raster.exif) if result.raster else (None, None)
        belongs, source_type = result.recipe_belongs, result.source_type
        return cls(png_of(result), result.recipe, result.explanation, profile, exif, belongs, source_type)

    @property
    def task(self) -> str:
        """Name of the task that made it."""
        return str(self.recipe["task"])

    def converted(self, kind: FileKind, *, keep_recipe: bool) -> bytes:
        """The file to download."""
        wanted = kind == "jpeg" if self.recipe_belongs else keep_recipe
        text = {RECIPE_KEY: json.dumps(self.recipe)} if wanted else {}
        if kind == "png":
            return with_text(self.png, text) if text else self.png
        values = decoded(self.png)
        assert values is not None  # our own file
        stream = io.BytesIO()
        Raster(values, self.profile, self.exif, self.source_type).save(stream, kind=kind, text=text)
        return stream.getvalue()


def png_of(result: RunResult) -> bytes:
    """The picture that was made as a PNG, without its recipe."""
    stream = io.BytesIO()
    result.save(stream)
    return stream.getvalue()


@contextmanager
def file_of(data: bytes, ending: str, task: str) -> Iterator[str]:
    """A file named after its task that exists as long as the context; Gradio copies what it is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pentimento-{task}.{ending}"
        path.write_bytes(data)
        yield str(path)


def ending_of(kind: FileKind) -> str:
    """The ending of a file's name for its format."""
    return "png" if kind == "png" else "jpg"
