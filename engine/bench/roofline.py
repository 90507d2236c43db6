"""How much of this machine the nets use: their arithmetic per second beside that of plain large operations.

The roof of a number format is the faster of a large matrix product and of a plain convolution in it. A net's arithmetic
is counted by torch, its time is that of one pass as the tasks run it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from engine.bench.cases import noise
from engine.bench.measure import seconds
from engine.feedforward_style.painters import like_painting, trained
from engine.feedforward_style.styles import ANY_STYLE
from engine.hardware.speed import gflops
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status
from engine.nets import u2net
from engine.nets.convolutions import rectifying_operator
from engine.perceptual.network import perceptual_network
from engine.runtime.runtime import Runtime

LOW = 0.5
"""Share of the roof below which a net is named."""
MATRIX = 2048
"""Side of the matrices."""


@dataclass(frozen=True)
class Roof:
    """What plain operations reach in one number format, in GFLOP/s."""

    matrix: float
    convolution: float

    @property
    def best(self) -> float:
        """The roof."""
        return max(self.matrix, self.convolution)


def roof(dtype: torch.dtype, device: torch.device) -> Roof:
    """Measure one number format."""
    matrix = torch.ones(MATRIX, MATRIX, dtype=dtype, device=device)
    with torch.inference_mode():
        best = min(seconds(lambda: matrix @ matrix, device) for _ in range(8))
    return Roof(2 * MATRIX**3 / best / 1e9, gflops(dtype, device))


@dataclass(frozen=True)
class Pass:
    """One pass of a net on a picture of the size that it is used at."""

    name: str
    dtype: torch.dtype
    work: Callable[[], object]


PLAIN = {
    "u2netp": (u2net.SIDE, 3), "migan-512-places2": (512, 4), "srresnet-x4": (128, 3), "srgan-x4": (128, 3),
    "real-esrgan-x4": (64, 3), "real-esrgan-drawing-x4": (64, 3), "real-esrgan-video-x4": (128, 3),
    "bisenetv2-faces": (512, 3),
}  # fmt: skip
"""Nets that take nothing but a picture: its side in pixels, and its channels."""
ALWAYS_EXACT = ("bisenetv2-faces",)
"""Nets that the tasks use in float32 everywhere."""


def passes(runtime: Runtime) -> Iterator[Pass]:
    """Of every net whose weights are here."""
    nets, own = runtime.nets, runtime.device.cpu_format
    for name, style in (("style-v2", "starry-night"), ("style-v2-magenta", "pale-wave")):
        if _here(runtime, name):
            painter, picture = trained({style: 1.0}, nets), _picture(runtime, 512)
            yield Pass(f"{name}, 512 px", _format(painter.net), partial(painter.whole, picture))
    if _here(runtime, ANY_STYLE[1]):
        painter, picture = like_painting(_picture(runtime, 256), nets), _picture(runtime, 512)
        yield Pass("any-style, 512 px", _format(painter.net), partial(painter.whole, picture))
    network = perceptual_network("vgg19-normalised", nets)
    features = partial(network.features, _picture(runtime, 512), ["relu4_2"])
    yield Pass("vgg19-normalised to relu4_2, 512 px", runtime.device.dtype, features)
    for name, (side, channels) in PLAIN.items():
        if _here(runtime, name):
            dtype = torch.float32 if name in ALWAYS_EXACT else own
            values = _picture(runtime, side, channels).to(dtype)
            yield Pass(f"{name}, {side} px", dtype, partial(nets.get(name, dtype), values))


def _here(runtime: Runtime, name: str) -> bool:
    return runtime.store.status(catalogue()[name]) is not Status.MISSING


def _picture(runtime: Runtime, side: int, channels: int = 3) -> Tensor:
    return noise(side, channels).to(runtime.device.torch_device).contiguous(memory_format=torch.channels_last)


def _format(net: nn.Module) -> torch.dtype:
    return next(each.dtype for each in net.parameters() if each.is_floating_point())


def _counted() -> dict[Any, Any]:
    """Counters for operators that torch's own does not know."""
    operator = rectifying_operator(torch.float32)

    def of_convolution(inputs: Any, weight: Any, bias: Any, *options: Any, out_shape: Any = None, **named: Any) -> int:
        flop: int = conv_flop_count(inputs, weight, out_shape)
        return flop

    return {operator: of_convolution} if operator else {}


def roofline(runtime: Runtime, repeat: int) -> dict[str, Any]:
    """Measure the roofs and all nets, and print a line for each."""
    device = runtime.device.torch_device
    roofs: dict[torch.dtype, Roof] = {}
    figures: dict[str, Any] = {"roofs": {}, "nets": []}
    for each in passes(runtime):
        if each.dtype not in roofs:
            roofs[each.dtype] = roof(each.dtype, device)
            plain = roofs[each.dtype]
            name = str(each.dtype).removeprefix("torch.")
            figures["roofs"][name] = {"matrix": plain.matrix, "convolution": plain.convolution}
            print(f"{name}: matrix product {plain.matrix:.0f} GFLOP/s, convolution {plain.convolution:.0f} GFLOP/s")
        with torch.inference_mode():
            with FlopCounterMode(display=False, custom_mapping=_counted()) as counter:
                each.work()
            took = statistics.median(seconds(each.work, device) for _ in range(max(3, repeat)))
        pace = counter.get_total_flops() / 1e9 / took
        share = pace / roofs[each.dtype].best
        figures["nets"].append({"what": each.name, "seconds": took, "gflops": pace, "share": share})
        print(
            f"{each.name}: {took:.3g} s, {pace:.0f} GFLOP/s, {share:.0%} of the roof" + " (low)" * (share < LOW),
            flush=True,
        )
    return figures
