"""Nets for tests: exact ones on the CPU, one whose file a test has made, and a small one with random weights."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.contracts.messages import Message
from engine.hardware.device import Device
from engine.model_store.catalogue import Catalogue, catalogue
from engine.model_store.download import WeightStore
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import TransformNet, neutral

CPU = Device(torch.device("cpu"), torch.float32, Message("CPU"))
"""Where numbers are exact, whatever this machine has."""


@cache
def exact_nets() -> LoadedNets:
    """Nets in float32 on the CPU, loaded once in a process."""
    return LoadedNets(WeightStore(), CPU)


def nets_with_file(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedNets:
    """Nets on the CPU, in float32, whose catalogue has one entry; its file is another one, whose sha256 counts.

    Args:
        name: of the entry.
        path: the file.
        monkeypatch: undoes the change after the test.
    """
    record = {**vars(catalogue()[name]), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    changed = Catalogue([record])
    monkeypatch.setattr("engine.model_store.loaded_nets.catalogue", lambda: changed)
    monkeypatch.setattr(WeightStore, "locate", lambda self, entry: path)
    return LoadedNets(WeightStore(), CPU)


def net_of_file(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """The net of a catalogue entry that is read from another file; see :func:`nets_with_file`."""
    return nets_with_file(name, path, monkeypatch).get(name)


def random_net(widths: tuple[int, ...] = (6, 5, 8, 4, 3), blocks: int = 2) -> tuple[TransformNet, Tensor]:
    """A narrow transform network, and a style for it ``(1, P)``."""
    torch.manual_seed(0)
    net = TransformNet(widths, blocks).eval().requires_grad_(False)
    style = neutral(net, (0.2 * torch.eye(3), torch.full((3,), 0.5)))
    return net, (style + 0.1 * torch.randn_like(style))[None]
