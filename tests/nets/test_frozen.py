"""Frozen layers against torch's own, and what they keep for the way back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.nets import frozen
from engine.nets.frozen import Padding

PADDINGS: list[Padding] = ["zeros", "replicate", "reflect"]


def plain(value: Tensor, weight: Tensor, bias: Tensor, padding: Padding) -> Tensor:
    mode = "constant" if padding == "zeros" else padding
    return functional.conv2d(functional.pad(value, (1, 1, 1, 1), mode=mode), weight, bias).relu()


def gradient(function: Callable[[Tensor], Tensor], value: Tensor) -> Tensor:
    value = value.clone().requires_grad_()
    result = function(value)
    # Not all ones: a place that goes to another one would not be seen.
    weights = torch.linspace(-1, 1, result.numel(), dtype=result.dtype).reshape(result.shape)
    (own,) = torch.autograd.grad((result * weights).sum(), value)
    return own


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(3, 4), (7, 5)])
@pytest.mark.parametrize("band", [1, 60, frozen.BAND], ids=["a line", "some lines", "whole"])
def test_a_rectified_convolution_is_torchs_own(
    padding: Padding, size: tuple[int, int], band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen, "BAND", band)
    torch.manual_seed(0)
    value, weight, bias = (torch.randn(*shape, dtype=torch.float64) for shape in ((2, 3, *size), (5, 3, 3, 3), (5,)))
    value = value.contiguous(memory_format=torch.channels_last)
    ours = frozen.rectified(value, weight, bias, padding)
    torch.testing.assert_close(ours, plain(value, weight, bias, padding))
    torch.testing.assert_close(
        gradient(lambda each: frozen.rectified(each, weight, bias, padding), value),
        gradient(lambda each: plain(each, weight, bias, padding), value),
    )


def test_a_pooling_is_torchs_own_where_values_are_equal_too() -> None:
    value = torch.tensor([[1.0, 1, 2, 0, 9], [1, 1, 3, 3, 9], [9, 9, 9, 9, 9]])[None, None]
    torch.testing.assert_close(frozen.max_pooled(value), functional.max_pool2d(value, 2))
    torch.testing.assert_close(
        gradient(frozen.max_pooled, value), gradient(lambda each: functional.max_pool2d(each, 2), value)
    )


def test_only_results_and_weights_are_kept() -> None:
    value, weight, bias = torch.rand(1, 3, 8, 8, requires_grad=True), torch.rand(5, 3, 3, 3), torch.rand(5)
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = frozen.rectified(value, weight, bias, "replicate")
        frozen.max_pooled(result)
    assert {each.data_ptr() for each in kept} == {result.data_ptr(), weight.data_ptr()}
