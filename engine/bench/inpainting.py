"""Inpainting: every method on a hole of a quarter of the picture, at the network's size and above it."""

from __future__ import annotations

from typing import Any

from engine.bench.measure import whole
from engine.tasks.inpainting import INPAINTING

SIDE, LARGE_SIDE = 512, 1024
"""Of the pictures, in pixels."""


def measure(repeat: int) -> list[dict[str, Any]]:
    """All figures; those of the large picture once, after a cold run."""
    small = [whole(INPAINTING, {"method": method}, repeat, SIDE) for method in ("classical", "network", "refined")]
    large = [whole(INPAINTING, {"method": method}, 1, LARGE_SIDE) for method in ("network", "refined")]
    return small + large
