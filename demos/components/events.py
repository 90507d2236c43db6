"""How the page's own events are bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
"""They are not part of the API."""
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}
"""Small and quick ones, which need no turn and show no progress."""


def given(values: Sequence[Any]) -> Any:
    """What a handler returns for so many outputs: a single one has to come bare."""
    return values if len(values) > 1 else values[0]
