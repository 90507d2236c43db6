"""Read networks that were published for TensorFlow.js, and ask TensorFlow.js itself what they make of a picture."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

TFJS = "@tensorflow/tfjs@4.22.0"
_SCRIPT = """
const tf = require('@tensorflow/tfjs'), fs = require('fs');
const [model, request, answer] = process.argv.slice(2);
(async () => {
  const graph = JSON.parse(fs.readFileSync(model));
  const folder = require('path').dirname(model);
  const paths = graph.weightsManifest.flatMap((group) => group.paths);
  const bytes = Buffer.concat(paths.map((path) => fs.readFileSync(folder + '/' + path)));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const weightSpecs = graph.weightsManifest.flatMap((group) => group.weights);
  const net = await tf.loadGraphModel({load: async () => ({...graph, weightSpecs, weightData})});
  const {values, shape, outputs} = JSON.parse(fs.readFileSync(request));
  const made = outputs.map((name) => net.execute(tf.tensor(values, shape), name));
  fs.writeFileSync(answer, JSON.stringify(made.map((each) => ({shape: each.shape, values: [...each.dataSync()]}))));
})();
"""


class Graph:
    """A graph model: its nodes by name, its weights as float32 arrays.

    Args:
        path: of the JSON file; the weights lie beside it.
    """

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text())
        self._path = path
        self._nodes: dict[str, dict[str, Any]] = {each["name"]: each for each in content["modelTopology"]["node"]}
        self._weights: dict[str, Tensor] = {}
        for group in content["weightsManifest"]:
            data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
            start = 0
            for each in group["weights"]:
                count = int(numpy.prod(each["shape"], dtype=numpy.int64))
                kind = numpy.dtype(each.get("quantization", {}).get("dtype", each["dtype"]))
                values = numpy.frombuffer(data, kind, count, start).reshape(each["shape"])
                self._weights[each["name"]] = torch.from_numpy(values.astype(numpy.float32))
                start += count * kind.itemsize

    def of(self, name: str) -> list[Tensor]:
        """The weights that the one node takes whose name ends so, in their order."""
        (node,) = (each for each in self._nodes if f"/{each}".endswith(name) and self._nodes[each]["op"] != "Const")
        return [self._weights[source] for source in self._nodes[node]["input"] if source in self._weights]

    def names(self) -> list[str]:
        """Names of the graph's nodes, in their order."""
        return [*self._nodes]

    def output(self, name: str) -> str:
        """The whole name of the one node that ends so."""
        (node,) = (each for each in self._nodes if f"/{each}".endswith(name) and self._nodes[each]["op"] != "Const")
        return node

    def convolution(self, name: str, *, depthwise: bool = False) -> tuple[Tensor, Tensor | None]:
        """Weight ``(outputs, inputs / groups, k, k)`` and bias of a node."""
        weight, *rest = self.of(name)
        # Ordinary: (k, k, inputs, outputs). Depthwise: (k, k, inputs, copies), outputs of an input beside each other.
        weight = weight.permute(2, 3, 0, 1).flatten(0, 1)[:, None] if depthwise else weight.permute(3, 2, 0, 1)
        return weight.contiguous(), (rest[0].contiguous() if rest else None)

    def run(self, picture: Tensor, outputs: Sequence[str], folder: Path) -> list[Tensor]:
        """Run the graph in TensorFlow.js on ``(1, 3, H, W)``; needs node and npm. Outputs are channels last."""
        if not (folder / "node_modules").exists():
            subprocess.run(["npm", "install", "--silent", "--no-audit", TFJS], cwd=folder, check=True)
        (folder / "run.js").write_text(_SCRIPT)
        values = picture.permute(0, 2, 3, 1)
        request = {"values": values.flatten().tolist(), "shape": list(values.shape), "outputs": list(outputs)}
        (folder / "request.json").write_text(json.dumps(request))
        command = ["node", "run.js", str(self._path.absolute()), "request.json", "answer.json"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        answer = json.loads((folder / "answer.json").read_text())
        return [torch.tensor(each["values"]).reshape(each["shape"]) for each in answer]


def put(tensors: dict[str, Tensor], name: str, convolution: tuple[Tensor, Tensor | None]) -> None:
    """Keep a convolution under our name."""
    tensors[f"{name}.weight"] = convolution[0]
    if convolution[1] is not None:
        tensors[f"{name}.bias"] = convolution[1]


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In half precision."""
    return {name: value.half().contiguous() for name, value in tensors.items()}
