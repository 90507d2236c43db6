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
from engine.model_store.catalogue import Entry, catalogue
from engine.model_store.download import WeightStore
from engine.nets import ARCHITECTURES

SCRIPT = "torchscript"
"""Architecture of an entry whose file has its own code."""
BUDGET_BYTES = 2 << 30
"""How much memory loaded nets may take together; the one in use always stays."""


class LoadedNets:
    """Nets on one device. It holds nothing of any visitor: nets are frozen and have no state.

    Args:
        store: where their files are.
        device: where they go.
        budget_bytes: how much memory they may take together; the one in use always stays.
    """

    def __init__(self, store: WeightStore, device: Device, budget_bytes: int = BUDGET_BYTES) -> None:
        self.device = device
        self._store, self._budget = store, budget_bytes
        self._lock = threading.Lock()
        self._used = time.monotonic()
        self._nets: OrderedDict[tuple[str, torch.dtype], nn.Module] = OrderedDict()

    def get(self, name: str, dtype: torch.dtype | None = None) -> nn.Module:
        """The net of a catalogue entry, channels_last; loaded when it is not there yet.

        Args:
            name: of the entry.
            dtype: number format of its weights; None for the device's.

        Raises:
            UnknownNameError: no such entry.
            WeightsError: the file is not on this machine or not right (see ``WeightStore.fetch``).
        """
        entry = catalogue()[name]
        with self._lock:
            self._used = time.monotonic()
            key = (entry.name, dtype or self.device.dtype)
            if key in self._nets:
                self._nets.move_to_end(key)
                return self._nets[key]
            net = self._nets[key] = _load(entry, self._store.verify(entry), self.device.torch_device, key[1])
            while len(self._nets) > 1 and sum(map(_bytes, self._nets.values())) > self._budget:
                self._nets.popitem(last=False)
            return net

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


def _load(entry: Entry, path: Path, device: torch.device, dtype: torch.dtype) -> nn.Module:
    if entry.architecture == SCRIPT:
        return _script(path, device)
    architecture = ARCHITECTURES[entry.architecture]
    net = architecture.build(_tensors(path, architecture.keys)).to(device)
    for parameter in net.parameters():  # buffers stay float32: a mean colour in bf16 would be off by a grey level
        layout = torch.channels_last if parameter.ndim == 4 else torch.preserve_format
        parameter.data = parameter.data.to(dtype, memory_format=layout)
    return net


def _script(path: Path, device: torch.device) -> nn.Module:
    """A TorchScript program in its own precision: code, which is run because its sha256 is the catalogue's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.load` is deprecated", FutureWarning)
        net: nn.Module = torch.jit.load(path, map_location=device)  # type: ignore[no-untyped-call]
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()


def _tensors(path: Path, keys: Mapping[str, str] | None) -> dict[str, Tensor]:
    """Float32 tensors of a file under our names; of a foreign file that is a pickle, tensors and nothing else."""
    if path.suffix == ".onnx":
        return _of_graph(path)
    if path.suffix != ".safetensors":
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        names = keys or {name: name for name in tensors}
        return {ours: tensors[theirs].float() for ours, theirs in names.items()}
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
    tensors: dict[str, Tensor] = {}
    for kind, name, parts in (("Conv", "conv", _CONVOLUTION), ("InstanceNormalization", "norm", _NORMALISATION)):
        nodes = [node for node in graph.node if node.op_type == kind]
        for index, node in enumerate(nodes):
            tensors |= {
                f"{name}{index}.{part}": values[source] for part, source in zip(parts, node.input[1:], strict=False)
            }
    return tensors


_CONVOLUTION, _NORMALISATION = ("weight", "bias"), ("scale", "shift")


def _bytes(net: nn.Module) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in net.parameters())
