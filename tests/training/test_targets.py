"""What a style asks for while it is learnt."""

from __future__ import annotations

import torch

from engine import Runtime, open_picture
from engine.perceptual.colour import match_colours, palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.training.targets import Targets, starting_colours
from tests.support import pictures


def test_targets_are_those_of_v1(runtime: Runtime) -> None:
    paintings = {"waves": open_picture(pictures.painting()), "scene": open_picture(pictures.noisy())}
    gatys = GatysEnergy(perceptual_network("vgg19-normalised", runtime.nets))
    targets = Targets(paintings, gatys, 64, runtime.device.torch_device)
    both = targets.grams(torch.tensor([1, 0]))
    assert both["relu1_1"].shape == (2, 64, 64)
    assert not torch.equal(both["relu3_1"][0], both["relu3_1"][1])
    assert torch.equal(both["relu3_1"][1], targets.grams(torch.tensor([0]))["relu3_1"][0])


def test_the_first_colours_are_those_of_a_recoloured_photo() -> None:
    photo, painting = torch.rand(1, 3, 40, 40), torch.rand(1, 3, 30, 30) ** 2
    matrix, offset = starting_colours(palette([photo]), palette([painting]))
    mean, deviation = photo.mean((2, 3), keepdim=True), photo.std((2, 3), keepdim=True, correction=0)
    plain = ((photo - mean) / deviation).flatten(2)[0]
    coloured = (matrix.float() @ plain + offset.float()[:, None]).reshape_as(photo)
    wanted = match_colours(photo, palette([painting]))
    assert torch.allclose(coloured.mean((2, 3)), wanted.mean((2, 3)), atol=1e-3)
    assert torch.allclose(torch.cov(coloured.flatten(2)[0]), torch.cov(wanted.flatten(2)[0]), atol=2e-3)
