"""Targets of the styles that are learnt: Gram matrices and palettes; and the colours that a style starts with."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.imaging.picture import Picture
from engine.imaging.tensors import fitted, resized
from engine.perceptual.colour import Palette, palette
from engine.perceptual.gatys import STYLE_SCALE, GatysEnergy

SHORTEST = 32
"""No side of a painting is reduced below this; in pixels."""


class Targets:
    """Targets of each style: Gram matrices and a palette.

    Args:
        paintings: name -> picture.
        gatys: the energy.
        size: longer side of the results.
        device: where it lives.
    """

    def __init__(self, paintings: Mapping[str, Picture], gatys: GatysEnergy, size: int, device: torch.device) -> None:
        longer = round(STYLE_SCALE * size)
        seen = {
            name: resized(each.image, fitted(each.size, longer, shortest=SHORTEST), device)
            for name, each in paintings.items()
        }
        self.palettes: Mapping[str, Palette] = {name: palette([each]) for name, each in seen.items()}
        grams = [gatys.style_targets([each]) for each in seen.values()]
        self._grams = {layer: torch.cat([each[layer] for each in grams]) for layer in gatys.style_layers}

    def grams(self, indices: Tensor) -> dict[str, Tensor]:
        """Layer -> ``(B, C, C)`` of the styles with these indices."""
        return {layer: each[indices] for layer, each in self._grams.items()}


def starting_colours(own: Palette, target: Palette) -> tuple[Tensor, Tensor]:
    """Matrix and offset that give colours of mean 0 and variance 1 the painting's palette.

    Args:
        own: mean palette of the photos, whose correlations a normalised picture still has.
        target: of the painting.
    """
    deviation = own.covariance.diagonal().sqrt()
    correlation = own.covariance / torch.outer(deviation, deviation)
    picture = Palette(torch.zeros(3, 1, dtype=torch.float64), correlation)
    return picture.change_to(target), target.mean[:, 0]
