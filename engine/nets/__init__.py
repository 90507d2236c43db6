"""Architectures by name: which tensors of a file a net needs, and how it is built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from engine.nets import (
    adain,
    bisenet,
    blazeface,
    compact,
    face_transform,
    facemesh,
    lpips,
    migan,
    pixelcnn,
    residual,
    rrdb,
    srvgg,
    style_predictor,
    transform,
    u2net,
    vgg,
)


@dataclass(frozen=True)
class Architecture:
    """A net that can be built from a weights file."""

    keys: Mapping[str, str] | None
    """Our tensor name -> the file's; only these tensors are read. None for our own files, where all names are ours."""
    build: Callable[[Mapping[str, Tensor]], nn.Module]
    """Float32 tensors under our names -> the net, in eval mode and frozen."""


def _both(names: Mapping[str, str]) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in names.items() for part in ("weight", "bias")}


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg19": Architecture(_both({name: name for name in vgg.CONVOLUTIONS}), vgg.normalised),
    "vgg19-torchvision": Architecture(_both(vgg.torchvision_keys()), vgg.torchvision),
    "transform": Architecture(None, transform.build),
    "transform-classical": Architecture(None, transform.classical),
    "transform-magenta": Architecture(None, transform.magenta),
    "style-predictor": Architecture(None, style_predictor.build),
    "adain-decoder": Architecture(None, adain.build),
    "lpips": Architecture(None, lpips.build),
    "compact": Architecture(None, compact.build),
    "migan": Architecture(None, migan.build),
    "u2netp": Architecture(None, u2net.build),
    "blazeface": Architecture(None, blazeface.build),
    "facemesh": Architecture(None, facemesh.build),
    "face-transform": Architecture(None, face_transform.build),
    "bisenetv2": Architecture(None, bisenet.build),
    "srresnet": Architecture(None, residual.srresnet),
    "edsr-x2": Architecture(_both(residual.edsr_keys(2)), residual.edsr(2)),
    "edsr-x4": Architecture(_both(residual.edsr_keys(4)), residual.edsr(4)),
    "esrgan": Architecture(_both(rrdb.esrgan_keys()), rrdb.build),
    "rrdb": Architecture(None, rrdb.build),
    "srvgg": Architecture(None, srvgg.build),
    "pixelcnn": Architecture(None, pixelcnn.build),
}
