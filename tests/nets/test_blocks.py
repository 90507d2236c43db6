"""Nets share their parts by a module of their own; none of them takes anything from another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from engine import nets
from engine.nets.blocks import (
    EPSILON,
    SeparableBlock,
    channel_moments,
    exact,
    few_outputs,
    normalised,
    of_doubled,
    padded,
    unscaled,
)

FOLDER = Path(nets.__file__).parent
SHARED = ("engine.nets.blocks", "engine.nets.frozen", "engine.nets.opencv_net")


def test_no_net_imports_another() -> None:
    files = [path for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "blocks", "frozen")]
    assert len(files) > 10
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.nets"):
                assert node.module in SHARED or [each.name for each in node.names] == ["frozen"], path


@pytest.mark.parametrize(("kernel", "stride", "shape"), [(3, 1, (10, 10)), (3, 2, (9, 9)), (5, 2, (11, 11))])
def test_the_odd_zero_is_at_the_right_and_the_bottom(kernel: int, stride: int, shape: tuple[int, int]) -> None:
    framed = padded(torch.ones(1, 1, 8, 8), kernel, stride)
    assert framed.shape[2:] == shape
    left = (kernel - stride) // 2
    assert framed[..., left : left + 8, left : left + 8].sum() == framed.sum() == 64


def test_the_way_around_a_block_is_what_came_in() -> None:
    block = SeparableBlock(2, 5, 2)
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    features = torch.rand(1, 2, 8, 6)
    expected = functional.pad(functional.max_pool2d(features, 2), (0, 0, 0, 0, 0, 3))
    assert torch.equal(block(features), expected)


def test_bytes_are_multiplied_by_the_scales_of_their_channels() -> None:
    weight = torch.randint(-127, 128, (2, 4, 3, 3)).float()
    scales = torch.tensor([[0.5, 2.0], [3.0, 0.25]])  # of two input channels each
    tensors = {"a.weight": weight, "a.weight.scale": scales, "a.bias": torch.ones(2), "b.weight": weight}
    tensors["b.weight.scale"] = torch.tensor([2.0, 3.0])
    whole = unscaled(tensors)
    assert set(whole) == {"a.weight", "a.bias", "b.weight"}
    for output in range(2):
        for channel in range(4):
            assert torch.equal(
                whole["a.weight"][output, channel], weight[output, channel] * scales[output, channel // 2]
            )
    assert torch.equal(whole["b.weight"], weight * torch.tensor([2.0, 3.0]).view(2, 1, 1, 1))


def test_an_exact_convolution_takes_a_picture_as_it_is() -> None:
    convolution = torch.nn.Conv2d(3, 4, 3, padding=1).bfloat16()
    picture = torch.full((1, 3, 5, 5), 1 - 1 / 512)  # bfloat16 would round it to 1
    output = exact(convolution, picture)
    assert output.dtype == torch.float32
    assert not torch.equal(output, exact(convolution, torch.ones(1, 3, 5, 5)))


@pytest.mark.parametrize("width", [16, 18, 19])
@pytest.mark.parametrize(
    ("outputs", "side", "bias"), [(1, 3, True), (3, 9, False), (4, 3, True), (8, 9, True), (9, 3, True)]
)
def test_few_output_channels_are_those_of_the_convolution(width: int, outputs: int, side: int, bias: bool) -> None:
    convolution = torch.nn.Conv2d(5, outputs, side, bias=bias).double()
    features = torch.rand(2, 5, 12, width + side - 1, dtype=torch.float64).requires_grad_()
    plain, ours = convolution(features), few_outputs(convolution, features)
    torch.testing.assert_close(ours, plain)
    gradient = torch.rand_like(plain)
    expected, gradients = (
        torch.autograd.grad(each, (features, convolution.weight), gradient) for each in (plain, ours)
    )
    torch.testing.assert_close(gradients, expected)


@pytest.mark.parametrize(("batch", "inputs", "outputs"), [(1, 3, 2), (2, 8, 5)])
def test_a_convolution_of_a_doubled_picture_needs_no_doubled_picture(batch: int, inputs: int, outputs: int) -> None:
    convolution = torch.nn.Conv2d(inputs, outputs, 3, bias=False).double()
    features = torch.rand(batch, inputs, 5, 7, dtype=torch.float64, requires_grad=True)
    doubled = functional.interpolate(features, scale_factor=2.0, mode="nearest")
    plain = convolution(functional.pad(doubled, (1, 1, 1, 1), mode="reflect"))
    ours = of_doubled(convolution, functional.pad(features, (1, 1, 1, 1), mode="replicate"))
    torch.testing.assert_close(ours, plain)
    gradient = torch.rand_like(plain)
    expected, gradients = (
        torch.autograd.grad(each, (features, convolution.weight), gradient) for each in (plain, ours)
    )
    torch.testing.assert_close(gradients, expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "width"), [(1, 32), (3, 24), (4, 7), (8, 48)])
def test_few_channels_have_the_moments_of_the_definition(
    channels: int, width: int, layout: torch.memory_format
) -> None:
    features = (3 + 2 * torch.randn(1, channels, 10, width, dtype=torch.float64)).contiguous(memory_format=layout)
    features[:, 0] = 7.0  # no variance
    mean, variance = channel_moments(features)
    torch.testing.assert_close(mean, features.mean((0, 2, 3)))
    torch.testing.assert_close(variance, features.var((0, 2, 3), correction=0), atol=1e-12, rtol=1e-9)
    scale, shift = torch.rand(1, channels, dtype=torch.float64), torch.rand(1, channels, dtype=torch.float64)
    with torch.no_grad():
        ours = normalised(0, features, scale, shift)
    plain = (features - mean[:, None, None]) / (variance[:, None, None] + EPSILON).sqrt()
    torch.testing.assert_close(ours, plain * scale[..., None, None] + shift[..., None, None])
