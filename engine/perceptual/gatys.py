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
DETAIL_LAYERS = ("relu2_1", "relu3_1")
"""Layers whose features keep edges, and what a face is known by."""
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
    statistics: losses.Statistics = "gram"
    """What of the style layers is compared."""
    detail: float = 0.0
    """How much each of :data:`DETAIL_LAYERS` counts beside the content layer; 0 is the paper."""

    @property
    def content_weights(self) -> dict[str, float]:
        """Layer -> its share of the content term; they add up to 1."""
        weights = {self.content_layer: 1.0}
        for layer in DETAIL_LAYERS if self.detail else ():
            weights[layer] = weights.get(layer, 0) + self.detail
        total = sum(weights.values())
        return {layer: weight / total for layer, weight in weights.items()}

    def content_target(self, content: Tensor) -> dict[str, Tensor]:
        """Target of the content term: features of pictures ``(B, 3, H, W)`` in [0, 1], by layer."""
        return self.network.targets(content, self.content_weights)

    def style_targets(self, styles: Sequence[Tensor], weights: Sequence[float] = (1.0,)) -> dict[str, Tensor]:
        """Target of the style term, by layer; see :meth:`PerceptualNetwork.style_targets`."""
        return self.network.style_targets(styles, weights, self.style_layers, self.statistics)

    def terms(
        self,
        picture: Tensor,
        content_target: Mapping[str, Tensor],
        style_targets: Mapping[str, Tensor],
        balances: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``content``, ``style`` and ``smoothness``, weighted scalars; means over the batch.

        Args:
            picture: ``(B, 3, H, W)`` in [0, 1].
            content_target: from :meth:`content_target`.
            style_targets: from :meth:`style_targets`, of one style or one for each picture.
            balances: ``(B,)``: each picture's own, instead of :attr:`balance`.
        """
        strengths = None if balances is None else 10 ** ((balances - self.balance) / 40)
        styles, contents = [], []
        for layer, features in self.network.each(picture, {*self.style_layers, *self.content_weights}):
            if layer in self.style_layers:
                styles.append(losses.style_loss(features, style_targets[layer], self.statistics, strengths))
            if weight := self.content_weights.get(layer):
                contents.append(weight * losses.content_loss(features, content_target[layer]))
        style, weights = torch.stack(styles).mean(), self.network.weights
        return {
            "content": torch.stack(contents).sum(),
            "style": weights.style[self.statistics] * 10 ** ((self.balance - 50) / 40) * style,
            "smoothness": weights.smoothness * self.smoothness * losses.total_variation(picture),
        }
