"""A style that was taught: some thousand numbers that travel inside a picture, its card. No torch here.

The card is a PNG that the hub has made; its recipe holds the numbers. Whoever has the card has the style.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from engine.contracts.errors import PictureError
from engine.contracts.messages import Message

KEY = "style"
"""In the recipe."""
MOST = 100_000
"""Numbers that are read at all."""
DAMAGED = Message("The style in this card cannot be read; please save the card again.")


@dataclass(frozen=True)
class TaughtStyle:
    """A style by its numbers."""

    numbers: Sequence[float]
    network: str
    """Start of the sha256 of the network that it was learnt for: another one makes nothing of it."""


def recipe_values(style: TaughtStyle) -> dict[str, Any]:
    """JSON-ready values, for :attr:`engine.contracts.job.TaskOutput.recipe_extra`."""
    data = numpy.asarray(style.numbers, "<f2").tobytes()
    return {KEY: {"numbers": base64.b64encode(data).decode(), "network": style.network}}


def read(recipe: str | None) -> TaughtStyle | None:
    """The style in a picture's recipe, or None where there is none.

    Raises:
        PictureError: there is one, but it is damaged.
    """
    try:
        values = json.loads(recipe or "null")
    except (ValueError, RecursionError):
        return None
    card = values.get(KEY) if isinstance(values, dict) else None
    if not isinstance(card, dict) or "numbers" not in card:
        return None
    try:
        numbers = numpy.frombuffer(base64.b64decode(card["numbers"], validate=True), "<f2").astype(numpy.float32)
        network = str(card["network"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise PictureError(DAMAGED) from None
    if numbers.size > MOST or not numpy.isfinite(numbers).all():
        raise PictureError(DAMAGED)
    return TaughtStyle(numbers.tolist(), network)
