"""In which order the energies of descents go back through the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms.functional import to_tensor

from engine import Runtime
from engine.nets import frozen
from engine.perceptual import losses
from engine.perceptual.energy import Energy, evaluation
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from engine.tasks.style_v3 import PatchEnergy, StyleV3
from tests.support import pictures

SIDE = 48


def of_v1(network: PerceptualNetwork, photo: Tensor, painting: Tensor) -> Energy:
    gatys = GatysEnergy(network)
    content, style = gatys.content_target(photo), gatys.style_targets([painting])
    return lambda picture: gatys.terms(picture, content, style)


def of_v3(network: PerceptualNetwork, photo: Tensor, painting: Tensor) -> Energy:
    return PatchEnergy(network, StyleV3(), photo, [painting], [painting])


@pytest.mark.parametrize("energy_of", [of_v1, of_v3])
def test_a_layers_losses_come_after_all_that_is_deeper(
    energy_of: Callable[[PerceptualNetwork, Tensor, Tensor], Energy], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient of those of relu1_1 is as large as the layer: made first, it would wait for all the others."""
    order: list[tuple[str, int]] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            result = function(*arguments)
            order.append((name, result.shape[2] - 2 if name == "convolution" else round(result.shape[1] ** 0.5)))
            return result

        return noted

    monkeypatch.setattr(frozen, "_before_both", noting("convolution", frozen._before_both))
    for statistics in (losses._Gram, losses._Moments):
        monkeypatch.setattr(statistics, "backward", staticmethod(noting("statistics", statistics.backward)))
    photo, painting = (to_tensor(image)[None] for image in (pictures.scene(SIDE, SIDE), pictures.painting(SIDE, SIDE)))
    evaluate = evaluation(energy_of(perceptual_network("vgg19-normalised", runtime.nets), photo, painting), photo)
    assert bool(torch.isfinite(evaluate(photo).gradient).all())
    sides = [side for name, side in order if name == "statistics"]
    assert len(sides) >= 2
    assert sides == sorted(sides)
    first = order.index(("statistics", SIDE))
    assert {side for name, side in order[first:] if name == "convolution"} == {SIDE}, "what is smaller came before"


@pytest.mark.parametrize(
    ("detail", "layer", "shares"),
    [
        (0.0, "relu4_2", {"relu4_2": 1.0}),
        (1.5, "relu4_2", {"relu4_2": 0.25, "relu2_1": 0.375, "relu3_1": 0.375}),
        (1.0, "relu3_1", {"relu3_1": 2 / 3, "relu2_1": 1 / 3}),
    ],
)
def test_early_layers_share_the_content_term(
    detail: float, layer: str, shares: dict[str, float], runtime: Runtime
) -> None:
    """Whatever their share, the balance with the style means the same."""
    gatys = GatysEnergy(perceptual_network("vgg19-normalised", runtime.nets), content_layer=layer, detail=detail)
    assert gatys.content_weights == pytest.approx(shares)


@pytest.mark.parametrize("statistics", ["gram", "moments"])
def test_pictures_of_a_batch_may_have_a_balance_each(statistics: losses.Statistics, runtime: Runtime) -> None:
    network = perceptual_network("vgg19-normalised", runtime.nets)
    shared = GatysEnergy(network, balance=50.0, statistics=statistics, detail=1.0)
    batch = torch.cat([to_tensor(image)[None] for image in (pictures.noisy(SIDE, SIDE), pictures.scene(SIDE, SIDE))])
    content, style = shared.content_target(batch.flip(0)), shared.style_targets([batch[:1].flip(3)])
    together = shared.terms(batch, content, style, torch.tensor([30.0, 62.0]))
    apart = []
    for index, balance in enumerate((30.0, 62.0)):
        one = slice(index, index + 1)
        energy = replace(shared, balance=balance)
        apart.append(energy.terms(batch[one], {layer: each[one] for layer, each in content.items()}, style))
    for name, value in together.items():
        expected = torch.stack([each[name] for each in apart]).mean()
        torch.testing.assert_close(value, expected, rtol=1e-2, atol=0)
    assert together["style"] != shared.terms(batch, content, style)["style"]
