"""Architectures by name: which tensors of a file a net needs, and how it is built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from engine.nets import vgg


@dataclass(frozen=True)
class Architecture:
    """A net that can be built from a weights file."""

    keys: Mapping[str, str]
    """Our tensor name -> the file's; only these tensors are read."""
    build: Callable[[Mapping[str, Tensor]], nn.Module]
    """Float32 tensors under our names -> the net, in eval mode and frozen."""


def _both(names: Mapping[str, str]) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in names.items() for part in ("weight", "bias")}


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg19": Architecture(_both({name: name for name in vgg.CONVOLUTIONS}), vgg.normalised),
    "vgg19-torchvision": Architecture(_both(vgg.torchvision_keys()), vgg.torchvision),
}
