"""Nets share their parts by a module of their own; none of them takes anything from another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from engine import nets
from engine.nets.blocks import SeparableBlock, padded, unscaled

FOLDER = Path(nets.__file__).parent
SHARED = tuple(
    f"engine.nets.{name}" for name in ("blocks", "convolutions", "eight_bits", "frozen", "normalisation", "opencv_net")
)


def test_no_net_imports_another() -> None:
    files = [
        path
        for path in FOLDER.glob("*.py")
        if path.stem not in ("__init__", "blocks", "byte_maps", "eight_bits", "frozen")
    ]
    assert len(files) > 10
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.nets"):
                modules = {f"{node.module}.{each.name}" for each in node.names}
                assert node.module in SHARED or modules <= set(SHARED), path


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
