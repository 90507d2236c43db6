"""Nets of a hundred small layers as OpenCV calculates them on a CPU, in half the time.

Torch takes longer to begin such a layer than to calculate it. The layers are handed over as an ONNX graph, made
in memory from the net's own weights; results are torch's but for rounding.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

PICTURE = "picture"
"""Name of a graph's input."""
OPSET = 13
"""Version of ONNX's operators that OpenCV 4 and 5 read."""


class Graph:
    """Layers of a net; each method adds one and takes and gives the names of feature maps."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def convolution(self, features: str, layer: nn.Conv2d, zeros: tuple[int, int] = (0, 0)) -> str:
        """A convolution with the layer's weights, stride and groups.

        Args:
            features: name of its map.
            layer: whose own padding does not count.
            zeros: how many at the top and the left, and how many at the bottom and the right.
        """
        constants = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        inputs = [features, *(self._constant(_array(each)) for each in constants)]
        return self._node(
            "Conv",
            inputs,
            kernel_shape=list(layer.kernel_size),  # OpenCV 4 does not take it from the weights
            strides=list(layer.stride),
            pads=[zeros[0], zeros[0], zeros[1], zeros[1]],
            group=layer.groups,
        )

    def halved(self, features: str) -> str:
        """The largest of each four."""
        return self._node("MaxPool", [features], kernel_shape=[2, 2], strides=[2, 2])

    def widened(self, features: str, more: int) -> str:
        """With some more channels, of zeros."""
        zeros = numpy.array([0, 0, 0, 0, 0, more, 0, 0])
        return self._node("Pad", [features, self._constant(zeros)], mode="constant")

    def added(self, one: str, other: str) -> str:
        """The sum of two maps."""
        return self._node("Add", [one, other])

    def rectified(self, features: str, rectifier: nn.Module) -> str:
        """By a ReLU, or by a PReLU with its slopes."""
        if isinstance(rectifier, nn.PReLU):
            return self._node("PRelu", [features, self._constant(_array(rectifier.weight)[:, None, None])])
        return self._node("Relu", [features])

    def _node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"map{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def _constant(self, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def file(self, side: int, outputs: Sequence[str]) -> bytes:
        """An ONNX file of a net that takes ``(1, 3, side, side)`` and gives maps of these names."""
        from onnx import TensorProto, helper

        kind = TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "net",
            [helper.make_tensor_value_info(PICTURE, kind, [1, 3, side, side])],
            [helper.make_tensor_value_info(name, kind, [1, "C", "H", "W"]) for name in outputs],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        return bytes(model.SerializeToString())


class OpenCvNet(nn.Module):
    """A frozen net whose maps come from OpenCV where that is quicker: one picture at a time on a CPU.

    Args:
        side: of the square pictures that it takes, in pixels.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self._side = side
        self._lock = threading.Lock()  # OpenCV's net keeps what it calculates
        self._quick: tuple[cv2.dnn.Net, tuple[str, ...]] | None = None

    def layers(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Pictures ``(B, 3, side, side)`` -> maps ``(B, C, H, W)``, by torch."""
        raise NotImplementedError

    def draw(self, graph: Graph) -> tuple[str, ...]:
        """Put the same layers into a graph.

        Returns:
            Names of the maps.
        """
        raise NotImplementedError

    def maps(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """What :meth:`layers` gives, the quickest way."""
        quick = pictures.device.type == "cpu" and len(pictures) == 1 and not torch.is_grad_enabled()
        weight = next(self.parameters())
        if not quick or weight.dtype != torch.float32 or weight.device.type != "cpu":
            return self.layers(pictures)
        with self._lock:
            net, outputs = self._quick = self._quick or self._built()
            net.setInput(pictures.float().contiguous().numpy(), PICTURE)
            return tuple(torch.from_numpy(each) for each in net.forward(outputs))

    def _built(self) -> tuple[cv2.dnn.Net, tuple[str, ...]]:
        graph = Graph()
        outputs = self.draw(graph)
        return cv2.dnn.readNetFromONNX(numpy.frombuffer(graph.file(self._side, outputs), numpy.uint8)), outputs


def _array(parameter: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = parameter.detach().numpy()
    return array
