"""Loaded nets: each once, and the least recently used leaves memory first."""

from __future__ import annotations

import torch

from engine.model_store.download import WeightStore
from engine.model_store.loaded_nets import LoadedNets
from tests.support.nets import CPU

NAME = "vgg19-normalised"


def test_loaded_nets_are_kept_and_the_least_recently_used_leaves() -> None:
    roomy = LoadedNets(WeightStore(), CPU)
    assert roomy.get(NAME) is roomy.get(NAME) is roomy.get(NAME, torch.float32)
    narrow = LoadedNets(WeightStore(), CPU, budget_bytes=60_000_000)  # one net in float32 takes 52 MB
    first = narrow.get(NAME)
    assert narrow.get(NAME, torch.bfloat16) is not first
    assert len(narrow) == 1
    assert narrow.get(NAME) is not first
    narrow.clear()
    assert len(narrow) == 0
