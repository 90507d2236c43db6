"""Style V2: our network beside the paper's, frames with their copies."""

from __future__ import annotations

import statistics
from typing import Any

import torch

from engine.bench.cases import photo
from engine.bench.measure import seconds
from engine.feedforward_style.painters import TransformPainter, trained
from engine.feedforward_style.styles import SHIPPED
from engine.imaging.tensors import to_tensor
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import CLASSICAL_BLOCKS, CLASSICAL_WIDTHS, TransformNet
from engine.runtime.runtime import Runtime

SIDE = 512
SIZES = {"cpu": ((512, 512), (1200, 630)), "mps": ((512, 512), (1200, 630))}
"""Width and height of pictures in one piece."""
GPU_SIZES = ((512, 512), (1200, 630), (1920, 1080))


def details(runtime: Runtime, repeat: int) -> list[dict[str, Any]]:
    """Figures of its parts."""
    nets, pairs = runtime.nets, max(repeat, 5)
    sizes = SIZES.get(runtime.device.kind, GPU_SIZES)
    return [beside_the_papers(nets, pairs), *(frames(nets, size, pairs) for size in sizes)]


def papers_painter(nets: LoadedNets) -> TransformPainter:
    """The paper's network without weights of its own: for its time only."""
    net = TransformNet(CLASSICAL_WIDTHS, CLASSICAL_BLOCKS, ending="plain", span=255.0, centre=0.0)
    device = nets.device
    net = net.eval().requires_grad_(False).to(device.torch_device, device.dtype)
    style = torch.cat([torch.cat((torch.ones(each.outputs), torch.zeros(each.outputs))) for each in net.stages[:-1]])
    return TransformPainter(net.to(memory_format=torch.channels_last), style[None].to(device.torch_device))


def beside_the_papers(nets: LoadedNets, repeat: int) -> dict[str, Any]:
    """Ours and the paper's 1.68 million parameters on the same picture, in turn (A B A B)."""
    device = nets.device
    picture = to_tensor(photo(SIDE, 0), device.torch_device)
    ours, theirs = trained({next(iter(SHIPPED)): 1.0}, nets), papers_painter(nets)

    def each(painter: TransformPainter) -> float:
        return seconds(lambda: painter.whole(picture), device.torch_device)

    pairs = [(each(ours), each(theirs)) for _ in range(repeat + 1)][1:]
    ratio = statistics.median(one / other for one, other in pairs)
    figure = {
        "what": f"our network and the paper's, {SIDE} x {SIDE}",
        "seconds": statistics.median(one for one, _ in pairs),
        "papers_seconds": statistics.median(other for _, other in pairs),
        "ratio": ratio,
    }
    print(f"{figure['what']}: {figure['seconds']:.3f} s, {figure['papers_seconds']:.3f} s, ratio {ratio:.2f}")
    return figure


def frames(nets: LoadedNets, size: tuple[int, int], repeat: int) -> dict[str, Any]:
    """A frame from the host's memory and back to it."""
    device, painter = nets.device, trained({next(iter(SHIPPED)): 1.0}, nets)
    frame = (255 * torch.rand(1, 3, size[1], size[0])).byte()

    def one() -> object:
        picture = frame.to(device.torch_device).float() / 255
        return (painter.whole(picture).clamp(0, 1) * 255).byte().cpu()

    times = [seconds(one, device.torch_device) for _ in range(repeat + 1)][1:]
    figure = {"what": f"a frame of {size[0]} x {size[1]} with its copies", "seconds": statistics.median(times)}
    print(f"{figure['what']}: {figure['seconds']:.4f} s, {1 / statistics.median(times):.1f} a second")
    return figure
