"""Super-resolution: every shipped method on a small picture, and one million pixels to sixteen."""

from __future__ import annotations

from typing import Any

from engine.bench.measure import whole
from engine.catalogue import catalogue
from engine.enlargement.methods import METHODS
from engine.tasks.super_resolution import SUPER_RESOLUTION

SIDE, LARGE_SIDE = 256, 1024
"""Of the pictures that are enlarged by 4, in pixels."""


def measure(repeat: int) -> list[dict[str, Any]]:
    """All figures; those of the large picture once, after a cold run."""
    shipped = [
        name for name, method in METHODS.items() if all(catalogue()[u.weights].shipped for u in method.upscalers)
    ]
    small = [whole(SUPER_RESOLUTION, {"method": name}, repeat, SIDE) for name in shipped]
    large = [whole(SUPER_RESOLUTION, {"method": name}, 1, LARGE_SIDE) for name in ("residual", "compact")]
    return small + large
