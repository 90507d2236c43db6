"""The energy of style V1, which V2 is trained on, too: content, style and smoothness of pictures.

Gatys, Ecker & Bethge 2016, equation 7, with relative errors and a total variation term; and, where it is asked for, the
style of the picture at half its size beside that of the whole (Snelgrove 2017, "High-resolution multi-scale neural
texture synthesis", section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.perceptual import losses
from engine.perceptual.network import PerceptualNetwork

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
DETAIL_LAYER = "relu3_1"
"""Layer whose features keep what a face is known by."""
STYLE_SCALE = 1.5
"""Size of the painting relative to the result."""
SHORTEST_HALVED = 64
"""Pictures with a shorter side have no style at half their size: relu5_1 needs two features a side there."""


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
    """How much :data:`DETAIL_LAYER` counts beside the content layer; 0 is the paper."""

    large_shapes: float = 0.0
    """How much the style of the picture at half its size counts beside that of the whole; 0 is the paper.

    A network sees strokes, not what they add up to: its deepest layer looks at a few dozen pixels around each place.
    """

    @property
    def content_weights(self) -> dict[str, float]:
        """Layer -> its share of the content term."""
        return {self.content_layer: 1.0, **({DETAIL_LAYER: self.detail} if self.detail else {})}

    def content_target(self, content: Tensor) -> dict[str, Tensor]:
        """Target of the content term: features of pictures ``(B, 3, H, W)`` in [0, 1], by layer."""
        return self.network.targets(content, self.content_weights)

    def style_targets(self, styles: Sequence[Tensor], weights: Sequence[float] = (1.0,)) -> dict[str, Tensor]:
        """Target of the style term: :meth:`PerceptualNetwork.style_targets` of pictures ``(1, 3, h, w)``, by layer.

        Those of the pictures at half their size have the names of :func:`at_half_size`; they are left out where none
        are asked for, or a picture is too small.
        """
        targets = self.network.style_targets(styles, weights, self.style_layers, self.statistics)
        if not self.large_shapes or not all(map(can_be_halved, styles)):
            return targets
        halved = self.network.style_targets(
            [functional.avg_pool2d(each, 2) for each in styles], weights, self.style_layers, self.statistics
        )
        return {**targets, **{at_half_size(layer): target for layer, target in halved.items()}}

    def terms(
        self, picture: Tensor, content_target: Mapping[str, Tensor], style_targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """``content``, ``style`` and ``smoothness``, weighted scalars; means over the batch.

        Args:
            picture: ``(B, 3, H, W)`` in [0, 1].
            content_target: from :meth:`content_target`.
            style_targets: from :meth:`style_targets`, of one style or one for each picture.
        """
        styles, contents = [], []
        for layer, features in self.network.each(picture, {*self.style_layers, *self.content_weights}):
            if layer in self.style_layers:
                styles.append(losses.style_loss(features, style_targets[layer], self.statistics))
            if weight := self.content_weights.get(layer):
                contents.append(weight * losses.content_loss(features, content_target[layer]))
        style, weights = torch.stack(styles).mean(), self.network.weights
        if can_be_halved(picture) and at_half_size(self.style_layers[0]) in style_targets:
            style = (style + self.large_shapes * self._style_at_half_size(picture, style_targets)) / (
                1 + self.large_shapes
            )
        return {
            "content": torch.stack(contents).sum(),
            "style": weights.style[self.statistics] * 10 ** ((self.balance - 50) / 40) * style,
            "smoothness": weights.smoothness * self.smoothness * losses.total_variation(picture),
        }

    def _style_at_half_size(self, picture: Tensor, style_targets: Mapping[str, Tensor]) -> Tensor:
        """Mean of the layers' style losses; a quarter of the work of the whole."""
        errors = [
            losses.style_loss(features, style_targets[at_half_size(layer)], self.statistics)
            for layer, features in self.network.each(functional.avg_pool2d(picture, 2), self.style_layers)
        ]
        return torch.stack(errors).mean()


def at_half_size(layer: str) -> str:
    """Name of a layer's target of the painting at half its size."""
    return f"{layer} at half size"


def can_be_halved(picture: Tensor) -> bool:
    """Whether a picture ``(B, 3, H, W)`` is large enough to be looked at in half its size, too."""
    return min(picture.shape[2:]) >= SHORTEST_HALVED
