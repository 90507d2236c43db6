"""AdaIN's decoder against the published network, and the moments that it is given."""

from __future__ import annotations

import torch
from torch import nn

from engine.nets import adain


def test_the_decoder_is_the_published_network() -> None:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for index, (inputs, outputs, doubled) in enumerate(adain.CONVOLUTIONS):
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3)]
        layers += [nn.ReLU()] if index < 8 else []
        layers += [nn.Upsample(scale_factor=2)] if doubled else []
    plain = nn.Sequential(*layers)
    own = [module for module in plain if isinstance(module, nn.Conv2d)]
    tensors = {
        f"convolutions.{index}.{part}": getattr(module, part).detach()
        for index, module in enumerate(own)
        for part in ("weight", "bias")
    }
    bytes_of_one = tensors["convolutions.0.weight"]
    tensors["convolutions.0.weight"] = bytes_of_one / 0.5
    tensors["convolutions.0.weight.scale"] = torch.full((256,), 0.5)
    features = torch.rand(1, 512, 4, 5)
    assert torch.allclose(adain.build(tensors)(features), plain(features), atol=1e-5)


def test_adain_gives_features_the_other_moments() -> None:
    features, other = torch.randn(1, 6, 9, 9), 2 + 3 * torch.randn(1, 6, 7, 7)
    changed = adain.adapted(features, adain.moments(features), adain.moments(other))
    for ours, theirs in zip(adain.moments(changed), adain.moments(other), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)
    assert torch.allclose(
        adain.adapted(features, adain.moments(features), adain.moments(features)), features, atol=1e-5
    )
