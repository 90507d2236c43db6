"""Convolutions in bytes against the same in floating point."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets import byte_maps, eight_bits
from engine.nets.eight_bits import Stretch
from engine.nets.frozen import Padding

PADDINGS: list[Padding] = ["zeros", "replicate", "reflect"]
bytewise = pytest.mark.skipif(not eight_bits.works(torch.float32), reason="no dot products of bytes here")


def convolutions(*channels: int) -> list[nn.Conv2d]:
    """Weights above 0, so that no rectifier gives 0, and largest in the middle, so that features keep their places."""
    torch.manual_seed(0)
    made = [nn.Conv2d(*each, 3).requires_grad_(False) for each in pairwise(channels)]
    for each in made:
        each.weight.abs_().mul_(torch.logspace(-1, 0, each.in_channels).view(1, -1, 1, 1))  # channels that differ
        each.weight[:, :, 1, 1] *= 9
        assert each.bias is not None
        each.bias.abs_()
    return made


def chequered(*shape: int) -> Tensor:
    """Values of which each square of four has one that is far larger than the others."""
    value = torch.rand(*shape)
    value[..., 1::2, ::2] += 3
    return value.contiguous(memory_format=torch.channels_last).requires_grad_()


def plain(value: Tensor, layers: list[nn.Conv2d], pooled: list[bool], padding: Padding) -> tuple[Tensor, list[Tensor]]:
    """The result, and the largest features that each convolution gets."""
    largest = []
    for layer, smaller in zip(layers, pooled, strict=True):
        value = functional.max_pool2d(value, 2) if smaller else value
        largest.append(value.detach().amax((0, 2, 3)))
        mode = "constant" if padding == "zeros" else padding
        value = layer(functional.pad(value, (1, 1, 1, 1), mode=mode)).relu()
    return value, largest


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).detach().norm() / other.detach().norm())


@bytewise
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("pooled", [[False, False, False], [False, True, False]])
@pytest.mark.parametrize("band", [1, byte_maps.PART], ids=["line by line", "whole"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_values_and_gradients_are_those_of_floating_point(
    padding: Padding, pooled: list[bool], band: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(byte_maps, "PART", band)
    layers = convolutions(8, 16, 24, 8)
    value = chequered(2, 8, 13, 18)
    exact, largest = plain(value, layers, pooled, padding)
    stretch = Stretch.of([copy.deepcopy(each).to(dtype) for each in layers], largest, pooled)
    result = stretch(value.to(dtype), padding)
    assert result.dtype == dtype
    weights = torch.randn_like(exact)
    (expected,), (gradient,) = (torch.autograd.grad((each * weights).sum(), value) for each in (exact, result))
    assert result.shape == exact.shape
    assert apart(result, exact) < 0.02
    assert apart(gradient, expected) < 0.03


def test_a_gradient_goes_to_the_largest_of_four_and_to_one_alone() -> None:
    value = torch.zeros(1, 1, 4, 5)
    value[0, 0, :, :4] = torch.tensor([[9, 1, 2, 2], [1, 1, 2, 2], [0, 0, 0, 4], [0, 0, 7, 4]])
    codes = value.byte()
    pooled = byte_maps.largest_of_four(codes)
    places = torch.zeros(1, 1, 4, 5, dtype=torch.int8)
    byte_maps.unpool(torch.tensor([[[[1, -2], [3, -4]]]], dtype=torch.int8), pooled, codes, places)
    expected = torch.zeros(4, 5)
    expected[0, 0], expected[0, 2], expected[2, 0], expected[3, 2] = 1, -2, 3, -4
    assert pooled.tolist() == [[[[9, 2], [0, 7]]]]
    assert torch.equal(places[0, 0].float(), expected)


@bytewise
def test_rectifiers_of_each_convolution_shut_their_own_gradients() -> None:
    layers = convolutions(8, 8, 8, 8)
    for index, each in enumerate(layers):
        assert each.bias is not None
        each.bias[index :: len(layers)] = -1e6  # these give 0, others never do
    value = chequered(1, 8, 12, 12)
    pooled = [False, False, True]
    exact, largest = plain(value, layers, pooled, "replicate")
    result = Stretch.of(layers, largest, pooled)(value, "replicate")
    weights = torch.randn_like(exact)
    (expected,), (gradient,) = (torch.autograd.grad((each * weights).sum(), value) for each in (exact, result))
    assert apart(gradient, expected) < 0.03


@bytewise
def test_no_gradient_stays_none() -> None:
    layers = convolutions(8, 16, 8)
    value = torch.rand(1, 8, 9, 9).requires_grad_()
    result = Stretch.of(layers, [torch.ones(8), 50 * torch.ones(16)], [False, False])(value, "replicate")
    (none,) = torch.autograd.grad(result, value, torch.zeros_like(result), retain_graph=True)
    (some,) = torch.autograd.grad(result, value, torch.ones_like(result))
    assert not none.any()
    assert some.isfinite().all()
    assert some.any()


@bytewise
def test_rectifiers_that_give_0_let_no_gradient_through() -> None:
    layers = convolutions(8, 16, 8)
    for each in layers:
        assert each.bias is not None
        each.bias.fill_(-1e6)
    value = torch.rand(1, 8, 9, 9).requires_grad_()
    result = Stretch.of(layers, [torch.ones(8), torch.ones(16)], [False, False])(value, "replicate")
    (gradient,) = torch.autograd.grad(result.sum(), value)
    assert not result.any()
    assert not gradient.any()


@bytewise
@pytest.mark.parametrize("size", [1.0, 1.6, 40.0])
def test_features_that_are_larger_than_was_said_are_not_cut_off(size: float) -> None:
    layers, pooled = convolutions(8, 16, 8), [False, False]
    value = size * chequered(1, 8, 12, 12).detach()
    _, largest = plain(value / size, layers, pooled, "replicate")
    exact, _ = plain(value, layers, pooled, "replicate")
    stretch = Stretch.of(layers, largest, pooled)
    assert apart(stretch(value, "replicate"), exact) < 0.02
    scales = [link.scale for link in stretch.links]
    for far in (1e3, 1e30, math.inf):  # a descent that has gone astray, and comes back
        stretch(far * value, "replicate")
    assert apart(stretch(value, "replicate"), exact) < 0.02
    assert all(link.scale <= 2 * scale for link, scale in zip(stretch.links, scales, strict=True))


@bytewise
def test_channels_of_gradients_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eight_bits, "RENEWED", 2)
    back = eight_bits.WayBack(convolutions(8, 8)[0])
    first, then = torch.ones(1, 8, 4, 4), torch.logspace(0, 3, 8).view(1, 8, 1, 1).expand(1, 8, 4, 4)
    factors = [back.factors(each) for each in (first, then, then)]
    assert torch.equal(factors[0], factors[1])
    assert factors[2][0, 7] < 0.1 * factors[2][0, 0]


@bytewise
def test_only_bytes_and_the_result_are_kept() -> None:
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    value = torch.rand(1, 8, 12, 12, requires_grad=True)
    layers = convolutions(8, 16, 24, 8)
    pooled = [False, True, False]
    _, largest = plain(value, layers, pooled, "replicate")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = Stretch.of(layers, largest, pooled)(value, "replicate")
    floating = [each for each in kept if each.dtype != torch.uint8]
    assert [each.data_ptr() for each in floating] == [result.data_ptr()]
    assert [tuple(each.shape[1:]) for each in kept if each.dtype == torch.uint8] == [
        (16, 12, 12),
        (16, 6, 6),
        (24, 6, 6),
    ]


@bytewise
def test_the_value_is_not_written_to() -> None:
    layers = convolutions(8, 8)
    value = torch.rand(1, 8, 6, 6, requires_grad=True)
    before = value.detach().clone()
    result = Stretch.of(layers, [torch.ones(8)], [False])(value, "replicate")
    upstream = torch.randn_like(result)
    kept = upstream.clone()
    torch.autograd.grad(result, value, upstream)
    assert torch.equal(value, before)
    assert torch.equal(upstream, kept)


@pytest.mark.parametrize("trouble", [RuntimeError("no such kernel"), AttributeError("no such operator")])
def test_bytes_do_not_work_where_the_operator_is_missing(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(eight_bits.Packed, "of", missing)
    assert not eight_bits.works.__wrapped__(torch.float32)


@bytewise
def test_bytes_do_not_work_where_sums_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    own = eight_bits.Packed.__call__
    monkeypatch.setattr(eight_bits.Packed, "__call__", lambda *values, **named: own(*values, **named) * 0.9)
    assert not eight_bits.works.__wrapped__(torch.float32)
