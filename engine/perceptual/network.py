"""A perceptual network with what belongs to it: its features and the loss weights tuned for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.hardware.device import Device
from engine.model_store.loaded_nets import LoadedNets
from engine.nets import eight_bits
from engine.nets.vgg import VGG19, Pooling
from engine.perceptual.losses import Statistics, style_statistics


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms of V1's energy, all of them relative errors."""

    style: Mapping[Statistics, float]
    """Weight of the style term at balance 50 for the statistics it compares, relative to 1 for the content term."""
    smoothness: float
    """Weight of the total variation at smoothness 1."""


# By eye on four pairs at 128 -> 256 px with Gram matrices: below 1 a tint, above 30 the scene is gone; with moments on
# twelve pairs at 512 px (docs/figures.md).
_STYLE: Mapping[Statistics, float] = {"gram": 4.0, "moments": 7.0}
TUNED = {
    "vgg19-normalised": LossWeights(style=_STYLE, smoothness=4.0),
    # Relative errors make the scale of the features irrelevant, so the same balance serves.
    "vgg19-imagenet": LossWeights(style=_STYLE, smoothness=4.0),
}
"""Catalogue name -> weights."""


@dataclass(frozen=True)
class PerceptualNetwork:
    """A frozen network on a device."""

    net: VGG19
    device: Device
    weights: LossWeights

    def features(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """``(B, 3, H, W)`` in [0, 1] -> layer name -> features, in the device's dtype and channels_last."""
        return self.net(_as_nets_want(picture), layers)  # type: ignore[no-any-return]

    def each(self, picture: Tensor, layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """:meth:`features`, one layer after the other.

        A loss that is made of a layer before the next one comes is met on the way back after those of deeper layers:
        its gradient does not wait for them in memory, where that of relu1_1 is as large as the layer.
        """
        return self.net.each(_as_nets_want(picture), layers)

    @torch.no_grad()
    def targets(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """:meth:`features` of a picture that is not descended on."""
        return self.features(picture, layers)

    @torch.no_grad()
    def style_targets(
        self,
        styles: Sequence[Tensor],
        weights: Sequence[float],
        layers: Collection[str],
        statistics: Statistics = "gram",
    ) -> dict[str, Tensor]:
        """Layer -> :func:`style_statistics`, float32: of several pictures ``(1, 3, h, w)``, averaged by weights.

        A picture of weight 0 is not looked at.
        """
        targets: dict[str, Tensor] = {}
        for style, weight in zip(styles, weights, strict=True):
            if not weight:
                continue
            for layer, features in self.net.each(_as_nets_want(style), layers):
                target = weight * style_statistics(features, statistics).float()
                targets[layer] = targets[layer] + target if layer in targets else target
        return targets


def _as_nets_want(picture: Tensor) -> Tensor:
    return picture.contiguous(memory_format=torch.channels_last)


def perceptual_network(
    name: str, nets: LoadedNets, pooling: Pooling = "average", *, in_bytes: bool = False
) -> PerceptualNetwork:
    """The network of a catalogue entry, on the device of the nets.

    Args:
        name: of the entry.
        nets: loaded nets.
        pooling: "average" as Gatys et al. 2016 propose, or "max" as it was trained, which gives crisper strokes and
            no lattice in calm areas.
        in_bytes: whether a descent may calculate in bytes where a CPU is quicker so; targets come first, and exactly.
            What is done to patches takes longer than the convolutions that bytes make quicker than bfloat16, so
            methods by patches ask for it only where networks are float32.

    Raises:
        WeightsError: its file is not on this machine or damaged.
        UnknownNameError: no such entry.
    """
    net = nets.get(name)
    assert isinstance(net, VGG19)
    in_bytes = in_bytes and nets.device.multiplies_bytes and eight_bits.works(nets.device.dtype)
    variant = net.variant(pooling=pooling, padding="replicate", in_bytes=in_bytes)
    return PerceptualNetwork(variant, nets.device, TUNED[name])
