"""Shared by all evaluations: pictures of a folder, and the mean of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.imaging.formats import ENDINGS


def pictures_in(folder: Path, *, nested: bool = False) -> list[Path]:
    """Its pictures, in the order of their names; with those of folders inside it where it is ``nested``.

    Raises:
        ParameterError: there are none.
    """
    paths = sorted(path for path in folder.glob("**/*" if nested else "*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise ParameterError(Message("There are no pictures in {folder!r}.", folder=folder.name))
    return paths


def mean(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, float]:
    """The last line of a table; what could not be measured (NaN) does not count."""
    means = {}
    for key in keys:
        values = [row[key] for row in rows if not math.isnan(row[key])]
        means[key] = sum(values) / len(values) if values else math.nan
    return means
