"""The energy of style V1: what is looked at in half its size."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms.functional import to_tensor

from engine import Runtime
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from tests.support import pictures

SIDE = 64
"""The shortest that is looked at in half its size."""


@pytest.fixture
def network(runtime: Runtime) -> PerceptualNetwork:
    return perceptual_network("vgg19-normalised", runtime.nets)


def style_term(gatys: GatysEnergy, picture: Tensor, painting: Tensor) -> float:
    return float(gatys.terms(picture, gatys.content_target(picture), gatys.style_targets([painting]))["style"])


def halved(picture: Tensor) -> Tensor:
    """Means of two by two pixels."""
    return (picture[..., ::2, ::2] + picture[..., 1::2, ::2] + picture[..., ::2, 1::2] + picture[..., 1::2, 1::2]) / 4


def scene_and_painting(side: int, painted: int) -> tuple[Tensor, Tensor]:
    return to_tensor(pictures.scene(side, side))[None], to_tensor(pictures.painting(painted, painted))[None]


@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_the_style_is_the_weighted_mean_of_the_wholes_and_the_halfs(network: PerceptualNetwork, weight: float) -> None:
    scene, painting = scene_and_painting(SIDE, 80)
    paper = GatysEnergy(network, statistics="moments")
    whole, half = style_term(paper, scene, painting), style_term(paper, halved(scene), halved(painting))
    both = style_term(GatysEnergy(network, statistics="moments", large_shapes=weight), scene, painting)
    assert abs(whole - half) > 0.01 * whole, "else nothing is tested"
    assert both == pytest.approx((whole + weight * half) / (1 + weight), rel=1e-4)


@pytest.mark.parametrize(("side", "painted"), [(SIDE - 2, 80), (SIDE, SIDE - 2)])
def test_what_is_too_small_is_looked_at_as_a_whole_only(network: PerceptualNetwork, side: int, painted: int) -> None:
    pair = scene_and_painting(side, painted)
    assert style_term(GatysEnergy(network, large_shapes=1), *pair) == style_term(GatysEnergy(network), *pair)


def test_both_looks_move_the_picture(network: PerceptualNetwork) -> None:
    """The gradient is that of the weighted mean, too: nothing of the smaller look is cut off."""
    scene, painting = scene_and_painting(SIDE, 80)

    def gradient(large_shapes: float) -> Tensor:
        gatys = GatysEnergy(network, large_shapes=large_shapes)
        unknown = scene.clone().requires_grad_()
        gatys.terms(unknown, gatys.content_target(scene), gatys.style_targets([painting]))["style"].backward()
        assert unknown.grad is not None
        return unknown.grad

    unknown = scene.clone().requires_grad_()
    half = GatysEnergy(network)
    targets = half.style_targets([halved(painting)])
    half.terms(halved(unknown), half.content_target(halved(scene)), targets)["style"].backward()
    assert unknown.grad is not None
    torch.testing.assert_close(gradient(1), (gradient(0) + unknown.grad) / 2, rtol=1e-3, atol=1e-5)
