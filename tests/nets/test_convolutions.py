"""Convolutions in another form, against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from engine.nets.convolutions import exact, few_outputs, of_doubled, rectified


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


@pytest.mark.parametrize("border", ["reflect", "constant"])
@pytest.mark.parametrize(("batch", "inputs", "outputs", "bias"), [(1, 3, 2, False), (2, 8, 5, True)])
def test_a_convolution_of_a_doubled_picture_needs_no_doubled_picture(
    batch: int, inputs: int, outputs: int, bias: bool, border: str
) -> None:
    convolution = torch.nn.Conv2d(inputs, outputs, 3, bias=bias).double()
    features = torch.rand(batch, inputs, 5, 7, dtype=torch.float64, requires_grad=True)
    doubled = functional.interpolate(features, scale_factor=2.0, mode="nearest")
    plain = convolution(functional.pad(doubled, (1, 1, 1, 1), mode=border))
    small = functional.pad(features, (1, 1, 1, 1), mode="constant" if border == "constant" else "replicate")
    ours = of_doubled(convolution, small)
    torch.testing.assert_close(ours, plain)
    gradient = torch.rand_like(plain)
    expected, gradients = (
        torch.autograd.grad(each, (features, convolution.weight), gradient) for each in (plain, ours)
    )
    torch.testing.assert_close(gradients, expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize(
    ("side", "padding", "stride", "dilation", "groups"),
    [(3, 1, 1, 1, 1), (1, 0, 1, 1, 1), (3, 1, 2, 1, 4), (3, 2, 1, 2, 1)],
)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_a_rectified_convolution_is_both_one_after_the_other(
    slope: float,
    side: int,
    padding: int,
    stride: int,
    dilation: int,
    groups: int,
    kind: torch.dtype,
    layout: torch.memory_format,
) -> None:
    convolution = torch.nn.Conv2d(4, 8, side, stride, padding, dilation, groups).to(kind, memory_format=layout)
    features = (torch.rand(2, 4, 12, 11, dtype=kind) - 0.5).contiguous(memory_format=layout)[:, :, 1:10]
    plain = functional.leaky_relu(convolution(features), slope)
    torch.testing.assert_close(rectified(convolution, features, slope), plain)
    with torch.inference_mode():
        torch.testing.assert_close(rectified(convolution, features, slope), plain.detach())
