"""The energy of style V1, which V2 is trained on, too: content, style and smoothness of pictures.

Gatys, Ecker & Bethge 2016, equation 7, with relative errors and a total variation term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.perceptual import losses
from engine.perceptual.network import PerceptualNetwork

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_SCALE = 1.5
"""Size of the painting relative to the result."""


@dataclass(frozen=True)
class GatysEnergy:
    """Which layers are compared and how much each term counts."""

    network: PerceptualNetwork
    content_layer: str = CONTENT_LAYER
    style_layers: Sequence[str] = STYLE_LAYERS
    balance: float = 50.0
    """0 keeps the content, 100 gives everything to the style; logarithmic between."""
    smoothness: float = 1.0

    def content_target(self, content: Tensor) -> Tensor:
        """Target of the content term: the content layer's features of pictures ``(B, 3, H, W)`` in [0, 1]."""
        return self.network.targets(content, [self.content_layer])[self.content_layer]

    def grams(self, styles: Sequence[Tensor], weights: Sequence[float] = (1.0,)) -> dict[str, Tensor]:
        """Target of the style term: layer -> Gram matrix of the styles; see :meth:`PerceptualNetwork.grams`."""
        return self.network.grams(styles, weights, self.style_layers)

    def terms(self, picture: Tensor, content_target: Tensor, grams: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``content``, ``style`` and ``smoothness``, weighted scalars; means over the batch.

        Args:
            picture: ``(B, 3, H, W)`` in [0, 1].
            content_target: ``(B, C, h, w)`` from :meth:`content_target`.
            grams: layer -> ``(B, C, C)`` or ``(1, C, C)``.
        """
        features = self.network.features(picture, {*self.style_layers, self.content_layer})
        style = torch.stack([losses.style_loss(features[layer], grams[layer]) for layer in self.style_layers]).mean()
        weights = self.network.weights
        return {
            "content": losses.content_loss(features[self.content_layer], content_target),
            "style": weights.style * 10 ** ((self.balance - 50) / 40) * style,
            "smoothness": weights.smoothness * self.smoothness * losses.total_variation(picture),
        }
