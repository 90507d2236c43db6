"""The nets of faces against what TensorFlow.js made of the published graphs; recorded by their recipes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy
import pytest
import torch

from engine import Runtime
from engine.nets import bisenet, blazeface, facemesh
from tests.support.graphs import RECIPES, graph_record


def _blocks(seed: int, side: int) -> torch.Tensor:
    coarse = numpy.random.default_rng(seed).uniform(-1, 1, (1, 3, 8, 8)).astype(numpy.float32)
    return torch.from_numpy(coarse.repeat(side // 8, 2).repeat(side // 8, 3))


def exact(runtime: Runtime, name: str, picture: torch.Tensor) -> Any:
    """What a net in float32 makes of a picture, on this machine's device."""
    return runtime.nets.get(name, torch.float32)(picture.to(runtime.device.torch_device))


def recorded(name: str, seed: int) -> numpy.ndarray:
    return numpy.array(json.loads((RECIPES / f"{name}_graph.json").read_text())[seed])


@pytest.mark.parametrize("seed", range(3))
@torch.inference_mode()
def test_the_detector_gives_what_the_published_graph_gives(runtime: Runtime, seed: int) -> None:
    scores, values = exact(runtime, "blazeface", _blocks(seed, blazeface.SIDE))
    answer = [*scores[0][::32].tolist(), *values[0][::128].flatten().tolist()]
    assert numpy.abs(numpy.array(answer) - recorded("blazeface", seed)).max() < 0.02


@pytest.mark.parametrize("seed", range(3))
@torch.inference_mode()
def test_the_mesh_gives_what_the_published_graph_gives(runtime: Runtime, seed: int) -> None:
    points, score = exact(runtime, "facemesh", (_blocks(seed, facemesh.SIDE) + 1) / 2)
    answer = [*points.flatten()[::32].tolist(), *score.tolist()]
    assert numpy.abs(numpy.array(answer) - recorded("facemesh", seed)).max() < 0.02


@pytest.mark.parametrize("seed", range(2))
@torch.inference_mode()
def test_the_parts_are_what_the_published_graph_gives(runtime: Runtime, seed: int) -> None:
    picture, expected = graph_record("bisenet", seed, bisenet.SIDE)
    parts = exact(runtime, "bisenetv2-faces", picture)[0, :, ::4, ::4].cpu().numpy()
    assert numpy.abs(parts - expected).max() < 0.2  # bytes instead of floats
    assert (parts.argmax(0) == expected.argmax(0)).mean() > 0.98


def test_enlarging_is_tensorflows_first_one() -> None:
    small = torch.arange(6.0).reshape(1, 1, 2, 3)
    large = bisenet.enlarged(small, 4)[0, 0]
    for row, column in itertools.product(range(8), range(12)):
        down, across = row / 4, column / 4
        top, left = int(down), int(across)
        bottom, right = min(top + 1, 1), min(left + 1, 2)
        values = small[0, 0]
        upper = values[top, left] + (values[top, right] - values[top, left]) * (across - left)
        lower = values[bottom, left] + (values[bottom, right] - values[bottom, left]) * (across - left)
        assert float(large[row, column]) == pytest.approx(float(upper + (lower - upper) * (down - top)), abs=1e-5)
