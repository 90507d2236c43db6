"""VGG-19 up to relu5_1, the perceptual network of style, texture and inpainting.

Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale image recognition", configuration E. Layers
are asked for by name (``relu1_1`` ... ``relu5_1``, or ``conv4_2`` for the value before the rectifier).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets import eight_bits, frozen
from engine.nets.frozen import Padding

Pooling = Literal["max", "average"]

_BLOCK_WIDTHS = {1: (64, 64), 2: (128, 128), 3: (256, 256, 256, 256), 4: (512, 512, 512, 512), 5: (512,)}

CONVOLUTIONS: tuple[str, ...] = tuple(
    f"conv{block}_{index}" for block, widths in _BLOCK_WIDTHS.items() for index in range(1, len(widths) + 1)
)
"""The convolutions in order, ``conv1_1`` to ``conv5_1``; also the names in the weight files."""

LAYERS: tuple[str, ...] = tuple(name.replace("conv", "relu") for name in CONVOLUTIONS)
"""The rectified layers in order, ``relu1_1`` to ``relu5_1``."""

POOLINGS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "max": frozen.max_pooled,
    "average": lambda features: functional.avg_pool2d(features, 2),
}
MINIMUM_SIDE = 16
"""Shortest side in pixels that still leaves one feature at relu5_1 (four poolings)."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
"""Mean colour of the original (Caffe) VGG-19, here in RGB order and [0, 1]."""


def torchvision_keys() -> dict[str, str]:
    """Our convolution names -> the module names of torchvision's and timm's ``features``."""
    keys: dict[str, str] = {}
    index = 0
    for name, following in pairwise((*CONVOLUTIONS, "conv6_1")):
        keys[name] = f"features.{index}"
        index += 2 if name[4] == following[4] else 3  # conv + relu, and a pooling at the end of a block
    return keys


def _depth(layer: str) -> int:
    """Number of convolutions needed to reach ``layer``; ValueError for a name that VGG-19 does not have."""
    name = layer.replace("relu", "conv")
    if name not in CONVOLUTIONS:
        raise ValueError(f"VGG-19 up to relu5_1 has no layer {layer!r}; it has {', '.join(LAYERS)}")
    return CONVOLUTIONS.index(name) + 1


def gflop_per_pixel(layer: str) -> float:
    """Arithmetic of a forward pass up to ``layer``, in 1e9 multiplications and additions per pixel of the picture."""
    channels, operations = 3, 0.0
    for name in CONVOLUTIONS[: _depth(layer)]:
        width = _BLOCK_WIDTHS[int(name[4])][int(name[6]) - 1]
        operations += 2 * 9 * channels * width / 4 ** (int(name[4]) - 1)
        channels = width
    return operations / 1e9


def features_of(layer: str, size: tuple[int, int]) -> tuple[int, int, int]:
    """Channels, height and width of ``layer`` for a picture of width and height ``size``."""
    _depth(layer)
    block, index = int(layer[4]), int(layer[6])
    return _BLOCK_WIDTHS[block][index - 1], size[1] >> (block - 1), size[0] >> (block - 1)


class VGG19(nn.Module):
    """The convolutional part of VGG-19, frozen, that returns the layers it is asked for and computes no deeper.

    Args:
        mean: colour subtracted from the picture, RGB in [0, 1].
        std: what the difference is divided by, per colour.
        pooling: ``"max"`` as trained, or ``"average"`` as Gatys et al. 2016 (section 2) suggest for synthesis.
        padding: how the borders are continued. Training used zeros; they act as a black frame that a descent on the
            picture can see, hence the choice.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        mean: tuple[float, float, float],
        std: tuple[float, float, float] = (1.0, 1.0, 1.0),
        pooling: Pooling = "max",
        padding: Padding = "zeros",
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self._padding = padding
        self._pooling: Pooling = pooling
        self._largest: dict[str, Tensor] | None = None
        self._stretches: dict[tuple[str, ...], eight_bits.Stretch] = {}
        self._sizes: set[torch.Size] = set()
        channels = 3
        for name in CONVOLUTIONS:
            block, index = int(name[4]), int(name[6])
            width = _BLOCK_WIDTHS[block][index - 1]
            self.add_module(name, nn.Conv2d(channels, width, 3))
            channels = width
        self.eval().requires_grad_(False)

    def variant(self, *, pooling: Pooling, padding: Padding, in_bytes: bool = False) -> VGG19:
        """The same network, its weights shared, with other poolings and borders.

        Args:
            pooling: see the class.
            padding: see the class.
            in_bytes: passes without gradients are as before and note how large features are; passes with gradients
                then calculate in bytes (:mod:`engine.nets.eight_bits`).
        """
        twin = copy.copy(self)
        twin._pooling, twin._padding = pooling, padding
        twin._largest, twin._stretches, twin._sizes = {} if in_bytes else None, {}, set()
        return twin

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Features of ``picture`` at ``layers``.

        Args:
            picture: ``(B, 3, H, W)``, RGB in [0, 1], H and W at least :data:`MINIMUM_SIDE` for ``relu5_1``.
            layers: names of the wanted layers; nothing beyond the deepest of them is computed.

        Returns:
            name -> ``(B, C, H / 2^(block - 1), W / 2^(block - 1))``, in the dtype of the weights.

        Raises:
            ValueError: for a layer that does not exist.
        """
        return dict(self.each(picture, layers))

    def each(self, picture: Tensor, layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """The same, one layer after the other: who keeps none of them needs the memory of two."""
        deepest = max(map(_depth, layers), default=0)
        weight = self.get_submodule("conv1_1").weight
        assert isinstance(weight, Tensor)
        value = ((picture - self.mean) / self.std).to(weight.dtype)
        names = CONVOLUTIONS[:deepest]
        known = self._largest is not None and self._largest.keys() >= set(names[1:])
        if names and known and torch.is_grad_enabled() and not set(CONVOLUTIONS).intersection(layers):
            return self._in_bytes(value, names, layers)
        return self._exactly(value, names, layers)

    def _exactly(self, value: Tensor, names: Sequence[str], layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """Layer after layer in the network's number format."""
        for name, following in pairwise((*names, "")):
            self._note(name, value)
            layer = self._convolution(name)
            assert layer.bias is not None
            if name in layers:
                value = frozen.convolved(value, layer.weight, layer.bias, self._padding)
                yield name, value
                value = functional.relu(value)
            else:
                value = frozen.rectified(value, layer.weight, layer.bias, self._padding)
            if (rectified := name.replace("conv", "relu")) in layers:
                yield rectified, value
            if _ends_block(name, following):
                value = POOLINGS[self._pooling](value)

    def _in_bytes(self, value: Tensor, names: Sequence[str], layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """The same, from one layer that is asked for to the next in bytes; the first one has three channels only."""
        layer = self._convolution(names[0])
        assert layer.bias is not None
        value = frozen.rectified(value, layer.weight, layer.bias, self._padding)
        stretch: list[str] = []
        for name, following in pairwise((*names, "")):
            stretch += [name] if name != names[0] else []
            rectified, pooled = name.replace("conv", "relu"), _ends_block(name, following)
            if not following or rectified in layers or name == names[0] or (pooled and self._pooling != "max"):
                value = self._stretch(tuple(stretch))(value, self._padding) if stretch else value
                stretch = []
                if rectified in layers:
                    yield rectified, value
                if pooled:
                    value = POOLINGS[self._pooling](value)

    def _stretch(self, names: tuple[str, ...]) -> eight_bits.Stretch:
        """Convolutions in bytes."""
        assert self._largest is not None
        if names not in self._stretches:
            self._stretches[names] = eight_bits.Stretch.of(
                [self._convolution(name) for name in names],
                [self._largest[name] for name in names],
                [False, *(_ends_block(*pair) for pair in pairwise(names))],
            )
        return self._stretches[names]

    def _note(self, name: str, value: Tensor) -> None:
        """Remember the largest features that a convolution gets, channel by channel; the first is never in bytes."""
        if self._largest is None or torch.is_grad_enabled() or name == CONVOLUTIONS[0]:
            return
        largest = value.amax((0, 2, 3)).float()
        self._largest[name] = torch.maximum(self._largest.get(name, largest), largest)
        if value.shape not in self._sizes:  # a new scale begins
            self._sizes.add(value.shape)
            self._stretches.clear()

    def _convolution(self, name: str) -> nn.Conv2d:
        layer = self.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        return layer


def _ends_block(name: str, following: str) -> bool:
    """Whether a pooling is between a convolution and the one after it."""
    return bool(following) and following[4] != name[4]


def normalised(tensors: Mapping[str, Tensor]) -> VGG19:
    """Gatys' normalised VGG-19: every mean activation over ImageNet is 1; input scaling is part of conv1_1."""
    return _load(VGG19(mean=CAFFE_MEAN, pooling="average", padding="replicate"), tensors)


def torchvision(tensors: Mapping[str, Tensor]) -> VGG19:
    """VGG-19 as trained for torchvision, behind the same interface."""
    return _load(VGG19(mean=IMAGENET_MEAN, std=IMAGENET_STD, pooling="average", padding="replicate"), tensors)


def _load(network: VGG19, tensors: Mapping[str, Tensor]) -> VGG19:
    network.load_state_dict(dict(tensors), strict=True)
    return network
