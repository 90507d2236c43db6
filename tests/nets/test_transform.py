"""The nets of style V2 against their papers' plain form, and a file of the published layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from engine.feedforward_style.styles import HUB
from engine.model_store.catalogue import catalogue
from engine.nets import transform
from engine.nets.normalisation import EPSILON, normalised
from engine.nets.transform import CLASSICAL, STYLE, TransformNet, build, neutral
from tests.support.nets import net_of_file, random_net


class PlainNet(nn.Module):
    """The paper's network as pytorch/examples has it, layer by layer."""

    def __init__(self) -> None:
        super().__init__()
        inner = [
            (3, 32, 9, 1),
            (32, 64, 3, 2),
            (64, 128, 3, 2),
            *[(128, 128, 3, 1)] * 10,
            (128, 64, 3, 1),
            (64, 32, 3, 1),
        ]
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.ReflectionPad2d(side // 2), nn.Conv2d(inputs, outputs, side, stride))
            for inputs, outputs, side, stride in [*inner, (32, 3, 9, 1)]
        )
        self.norms = nn.ModuleList(nn.InstanceNorm2d(outputs, affine=True) for _, outputs, _, _ in inner)

    def forward(self, picture: Tensor) -> Tensor:
        value = 255 * picture
        for index in range(3):
            value = self.norms[index](self.convolutions[index](value)).relu()
        for index in range(3, 13, 2):
            inside = self.norms[index](self.convolutions[index](value)).relu()
            value = value + self.norms[index + 1](self.convolutions[index + 1](inside))
        for index in (13, 14):
            value = functional.interpolate(value, scale_factor=2, mode="nearest")
            value = self.norms[index](self.convolutions[index](value)).relu()
        painted: Tensor = self.convolutions[15](value) / 255
        return painted


def plain_net() -> PlainNet:
    torch.manual_seed(1)
    net = PlainNet().eval().requires_grad_(False)
    for norm in net.norms:
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_()
    return net


def published(net: PlainNet, path: Path) -> Path:
    """An ONNX file with the nodes of the published ones and names that say nothing."""
    nodes, values, at = [], [], "input1"
    for index, (_, convolution) in enumerate(net.convolutions):
        names = [f"a{index}", f"b{index}"]
        values += [
            numpy_helper.from_array(value.numpy(), name)
            for value, name in zip((convolution.weight, convolution.bias), names, strict=True)
        ]
        nodes.append(helper.make_node("Conv", [at, *names], [f"c{index}"]))
        at = f"c{index}"
        if index < 15:
            norm, names = net.norms[index], [f"g{index}", f"h{index}"]
            values += [
                numpy_helper.from_array(value.numpy(), name)
                for value, name in zip((norm.weight, norm.bias), names, strict=True)
            ]
            nodes.append(helper.make_node("InstanceNormalization", [at, *names], [f"n{index}"]))
            at = f"n{index}"
    onnx.save(onnx.ModelProto(graph=helper.make_graph(nodes, "torch-jit-export", [], [], values)), path)
    return path


def test_a_published_file_gives_the_papers_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = plain_net()
    entry = catalogue()[HUB["candy"][0]]
    path = published(plain, tmp_path / entry.file)
    net = net_of_file(entry.name, path, monkeypatch)
    assert isinstance(net, TransformNet)
    picture = torch.rand(1, 3, 44, 52)
    assert torch.allclose(net(picture, net.style({CLASSICAL: 1.0})), plain(picture), atol=2e-4)
    odd = torch.rand(1, 3, 37, 50)
    assert net(odd, net.style({CLASSICAL: 1.0})).shape == odd.shape


def test_the_normalisation_is_the_papers_equation() -> None:
    features = 3 + 2 * torch.randn(2, 5, 8, 9, dtype=torch.float64)
    scale, shift = torch.randn(2, 5, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    mean = features.mean((2, 3), keepdim=True)
    deviation = (features.var((2, 3), correction=0, keepdim=True) + EPSILON).sqrt()
    expected = scale[:, :, None, None] * (features - mean) / deviation + shift[:, :, None, None]
    assert torch.allclose(normalised(0, features, scale, shift), expected)
    with torch.no_grad():
        one = normalised(0, features[:1], scale[:1], shift[:1])
    assert torch.allclose(one, expected[:1])


def test_its_gradient_is_that_of_the_definition() -> None:
    features, gradient = torch.randn(2, 4, 6, 5), torch.randn(2, 4, 6, 5)
    scale, shift = torch.randn(2, 4), torch.randn(2, 4)
    gradients = []
    for way in (normalised, lambda _, value, *rest: plain_normalised(value, *rest)):
        values = [each.clone().requires_grad_() for each in (features, scale, shift)]
        gradients.append(torch.autograd.grad(way(0, *values), values, gradient))
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


def plain_normalised(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    mean = features.mean((2, 3), keepdim=True)
    deviation = (features.var((2, 3), correction=0, keepdim=True) + EPSILON).sqrt()
    return scale[:, :, None, None] * (features - mean) / deviation + shift[:, :, None, None]


def test_styles_of_a_batch_are_those_one_by_one() -> None:
    net, style = random_net()
    other = style + 0.2
    pictures = torch.rand(2, 3, 24, 32)
    together = net(pictures, torch.cat((style, other)))
    for index, own in enumerate((style, other)):
        assert torch.allclose(together[index], net(pictures[index : index + 1], own)[0], atol=1e-5)


def test_a_blend_is_the_mean_of_the_numbers() -> None:
    net, style = random_net()
    net.styles = {"a": style[0], "b": 3 * style[0]}
    assert torch.allclose(net.style({"a": 1.0, "b": 3.0}), 2.5 * style)


def test_a_network_comes_back_from_its_tensors() -> None:
    net, style = random_net()
    again = build({**net.state_dict(), f"{STYLE}new": style[0]})
    picture = torch.rand(1, 3, 18, 23)
    assert torch.equal(again(picture, again.style({"new": 1.0})), net(picture, style))
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_a_new_style_has_the_paintings_palette() -> None:
    net, _ = random_net()
    colours: Any = (torch.diag(torch.tensor([0.1, 0.2, 0.3])), torch.tensor([0.2, 0.5, 0.7]))
    painted = net(torch.rand(1, 3, 40, 40), neutral(net, colours)[None])
    assert torch.allclose(painted.mean((0, 2, 3)), colours[1], atol=1e-4)
    assert torch.allclose(painted.std((0, 2, 3)), colours[0].diagonal(), atol=1e-3)


def test_the_stages_name_what_is_computed() -> None:
    narrow = sum(transform.gflop_per_pixel(stage) for stage in TransformNet().stages)
    whole = sum(transform.gflop_per_pixel(stage) for stage in transform.stages(transform.CLASSICAL_WIDTHS, 5))
    assert narrow < 0.5 * whole
    # 16 x 16 pixels, counted by hand for the trunk: 10 convolutions of 128 channels at 4 x 4
    trunk = [stage for stage in transform.stages(transform.CLASSICAL_WIDTHS, 5) if stage.name.startswith("block")]
    assert sum(transform.gflop_per_pixel(stage) for stage in trunk) * 256 == pytest.approx(
        2e-9 * 10 * 16 * 9 * 128 * 128
    )
