"""Loaded nets: each loaded once, under a lock; the least recently used leave memory first."""

from __future__ import annotations

import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from engine.hardware.device import Device
from engine.model_store import download as weights
from engine.model_store.catalogue import Entry
from engine.nets import ARCHITECTURES

SCRIPT = "torchscript"
"""Architecture of an entry whose file has its own code."""
BUDGET_BYTES = 2 << 30
"""How much memory loaded nets may take together; the one in use always stays."""


class Models:
    """A cache of nets. It holds nothing of any visitor: nets are frozen and have no state."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._used = time.monotonic()
        self._nets: OrderedDict[tuple[str, Device], nn.Module] = OrderedDict()

    def get(self, entry: Entry, device: Device) -> nn.Module:
        """The net of ``entry`` on ``device``, in its dtype and channels_last; loaded when it is not there yet.

        Raises:
            WeightsError: the file is not on this machine or not right (see :func:`engine.model_store.download.fetch`).
        """
        with self._lock:
            self._used = time.monotonic()
            key = (entry.name, device)
            if key not in self._nets:
                self._nets[key] = _load(entry, device)
            self._nets.move_to_end(key)
            while len(self._nets) > 1 and sum(map(_bytes, self._nets.values())) > self._budget:
                self._nets.popitem(last=False)
            return self._nets[key]

    def clear(self) -> None:
        """Forget all nets; those in use stay alive until their run ends."""
        with self._lock:
            self._nets.clear()

    @property
    def idle_seconds(self) -> float:
        """How long no net has been asked for."""
        return time.monotonic() - self._used

    def __len__(self) -> int:
        return len(self._nets)


models = Models()
"""Of this process."""


def _load(entry: Entry, device: Device) -> nn.Module:
    if entry.architecture == SCRIPT:
        return _script(weights.verify(entry), device)
    architecture = ARCHITECTURES[entry.architecture]
    net = architecture.build(_tensors(weights.verify(entry), architecture.keys)).to(device.torch_device)
    for parameter in net.parameters():  # buffers stay float32: a mean colour in bf16 would be off by a grey level
        layout = torch.channels_last if parameter.ndim == 4 else torch.preserve_format
        parameter.data = parameter.data.to(device.dtype, memory_format=layout)
    return net


def _script(path: Path, device: Device) -> nn.Module:
    """A TorchScript program in its own precision: code, which is run because its sha256 is the catalogue's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.load` is deprecated", FutureWarning)
        net: nn.Module = torch.jit.load(path, map_location=device.torch_device)  # type: ignore[no-untyped-call]
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()


def _tensors(path: Path, keys: Mapping[str, str] | None) -> dict[str, Tensor]:
    """Float32 tensors of a file under our names; of a foreign file that is a pickle, tensors and nothing else."""
    if path.suffix == ".onnx":
        return _of_graph(path)
    if path.suffix != ".safetensors":
        found = torch.load(path, map_location="cpu", weights_only=True)
        return {ours: found[theirs].float() for ours, theirs in (keys or dict(zip(found, found, strict=True))).items()}
    with safe_open(path, framework="pt") as file:
        names = keys or {name: name for name in file.keys()}  # noqa: SIM118 - not a mapping
        return {ours: file.get_tensor(theirs).float() for ours, theirs in names.items()}


def _of_graph(path: Path) -> dict[str, Tensor]:
    """Weights of an ONNX graph's convolutions and instance normalisations, numbered in its order; it is never run.

    The names in such a file are whatever its exporter chose, and its sizes may be fixed; the order is the network's.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    values = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()).float() for each in graph.initializer}
    found: dict[str, Tensor] = {}
    for kind, name, parts in (("Conv", "conv", _CONVOLUTION), ("InstanceNormalization", "norm", _NORMALISATION)):
        nodes = [node for node in graph.node if node.op_type == kind]
        for index, node in enumerate(nodes):
            found |= {
                f"{name}{index}.{part}": values[given] for part, given in zip(parts, node.input[1:], strict=False)
            }
    return found


_CONVOLUTION, _NORMALISATION = ("weight", "bias"), ("scale", "shift")


def _bytes(net: nn.Module) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in net.parameters())
