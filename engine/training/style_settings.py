"""Settings of a training of style V2's transform network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.feedforward_style.painters import FINE_DETAIL
from engine.nets.vgg import Pooling
from engine.perceptual.losses import Statistics


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training: with the pictures, they decide the result."""

    iterations: int = 40_000
    """Steps of the optimiser; a training that goes on may be given another number."""
    photos: int = 2
    """Photos in each step and process."""
    styles_each: int = 2
    """Styles that each of them is painted in; its content is looked at once."""
    crop: int = 192
    """Side of the photos' parts in pixels."""
    size: int = 256
    """Longer side of the results that strokes are right for, as in V1."""
    balance: float = 50.0
    balances: Mapping[str, float] = field(default_factory=dict)
    """Of the styles that have one of their own, by name."""
    often: Mapping[str, float] = field(default_factory=dict)
    """Weight of a style in the draw, by name; 1 for those that are not there. No photo has a style twice, so that of
    few styles one with weight 3 is drawn a little more than twice as often."""
    smoothness: float = 1.0
    statistics: Statistics = "moments"
    """What of the paintings is matched."""
    pooling: Pooling = "max"
    """Of the perceptual network."""
    detail: float = 1.0
    """How much an early layer counts beside the content layer: it keeps faces and windows."""
    fine_detail: float = FINE_DETAIL
    """Share of the finest luminance that is the photo's, as the painter has it."""
    styles_only: bool = False
    """Whether the convolutions stay as they are, and with them all styles that are not learnt."""
    rate: float = 1e-3
    seed: int = 0
    start: str = ""
    """sha256 of the network that it starts from; from nothing when empty."""
