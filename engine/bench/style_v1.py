"""Style V1: one iteration against the bare network."""

from __future__ import annotations

import statistics
from typing import Any

from engine.bench.cases import photo
from engine.bench.measure import bare, seconds
from engine.hardware.device import reproducible
from engine.imaging.tensors import resized
from engine.perceptual.energy import evaluation
from engine.perceptual.network import perceptual_network
from engine.runtime.runtime import Runtime
from engine.tasks.style_v1 import StyleV1, energy_of

ITERATION_SIDES = {"cpu": (256,), "mps": (256, 512), "cuda": (512, 1024)}
"""Squares at which one iteration is compared with the bare network, by type of device."""
LEAST_PAIRS = 9
"""Pairs of an iteration and a bare pass, at least: shared machines are noisy."""


def details(runtime: Runtime, repeat: int) -> list[dict[str, Any]]:
    """Figures of its parts."""
    kind = runtime.device.kind
    return [iteration(runtime, side, max(repeat, LEAST_PAIRS)) for side in ITERATION_SIDES[kind]]


def iteration(runtime: Runtime, side: int, repeat: int) -> dict[str, Any]:
    """Energy and gradient of one V1 iteration against bare forward and backward, measured in turn (A B A B).

    Both in bytes where V1 is.
    """
    device, parameters = runtime.device, StyleV1(size=side)
    network = perceptual_network(parameters.network, runtime.nets, parameters.pooling, in_bytes=True)
    content, style = (resized(photo(side, seed), (side, side), device.torch_device) for seed in (1, 2))
    with reproducible():
        full = evaluation(energy_of(network, parameters, content, [style], [1.0]), content)
        alone = evaluation(bare(network, max(*parameters.style_layers, parameters.content_layer)), content)
        kind = device.torch_device
        pairs = [
            (seconds(lambda: alone(content), kind), seconds(lambda: full(content), kind)) for _ in range(repeat + 1)
        ][1:]
    ratio = statistics.median(long / short for short, long in pairs)
    figure = {
        "what": f"one iteration at {side} x {side}",
        "bare_seconds": statistics.median(short for short, _ in pairs),
        "seconds": statistics.median(long for _, long in pairs),
        "ratio": ratio,
    }
    print(
        f"{figure['what']}: {figure['seconds']:.4f} s, bare network {figure['bare_seconds']:.4f} s, ratio {ratio:.3f}"
    )
    return figure
