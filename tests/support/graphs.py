"""What published graphs made of pictures that can be made again; recorded by the recipes of the weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import torch
from torch import Tensor

RECIPES = Path(__file__).resolve().parents[2] / "weights" / "recipes"


def graph_record(name: str, seed: int, side: int) -> tuple[Tensor, numpy.ndarray]:
    """A picture ``(1, 3, side, side)`` in [-1, 1], as ``blocks`` in ``weights/recipes/packages.py`` makes it, and every
    32nd pixel of what the graph makes of it."""
    coarse = numpy.random.default_rng(seed).uniform(-1, 1, (1, 3, 8, 8)).astype(numpy.float32)
    picture = torch.from_numpy(coarse.repeat(side // 8, 2).repeat(side // 8, 3))
    return picture, numpy.array(json.loads((RECIPES / f"{name}_graph.json").read_text())[seed])
