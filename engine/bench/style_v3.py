"""Style V3: the search against a plain matrix product, the parts of an iteration, re-matching."""

from __future__ import annotations

import statistics
from typing import Any

import torch
from PIL import Image
from torch.nn import functional

from engine.bench.cases import inputs_of, photo
from engine.bench.measure import bare, once, seconds
from engine.contracts.parameters import parse
from engine.contracts.task import Inputs
from engine.contracts.task_parts import BenchCase
from engine.hardware.device import reproducible
from engine.imaging.tensors import resized
from engine.perceptual.energy import evaluation
from engine.perceptual.matching import PATCH_SIDE, PatchBank
from engine.perceptual.network import perceptual_network
from engine.perceptual.patches import patch_target
from engine.runtime.runtime import Runtime
from engine.tasks.style_v3 import STYLE_V3, PatchEnergy, StyleV3

SIDES = {"cpu": (256,), "mps": (256, 384), "cuda": (384, 512, 1024)}
"""Squares at which searches and iterations are measured, by type of device."""
REMATCHES = (1, 3, 10)
REMATCHING = {"size": 256, "iterations": 60}
"""The run that is made with each of them."""


def details(runtime: Runtime, repeat: int) -> list[dict[str, Any]]:
    """Figures of its parts."""
    kind = runtime.device.kind
    figures = [
        figure for side in SIDES[kind] for figure in (*searches(runtime, side, repeat), parts(runtime, side, repeat))
    ]
    return figures + [rematching(runtime, every) for every in REMATCHES]


def searches(runtime: Runtime, side: int, repeat: int) -> list[dict[str, Any]]:
    """For each layer, the search beside the product of unfolded patches, the least that a plain search has to do."""
    device = runtime.device
    network = perceptual_network("vgg19-normalised", runtime.nets)
    query, source = (resized(photo(side, seed), (side, side), device.torch_device) for seed in (1, 2))
    figures = []
    for layer in StyleV3().patch_layers:
        features, others = (network.targets(each, [layer])[layer] for each in (query, source))
        bank = PatchBank([others])
        left, right = (functional.unfold(each.to(bank.dtype), PATCH_SIDE)[0].mT for each in (features, others))
        left, right = left.contiguous(), right.contiguous()
        pairs = [
            (
                seconds(lambda a=left, b=right: a @ b.mT, device.torch_device),  # type: ignore[misc]
                seconds(lambda a=bank, b=features: a.search(b), device.torch_device),  # type: ignore[misc]
            )
            for _ in range(repeat + 1)
        ][1:]
        exact = PatchBank([others], dtype=torch.float32).search(features).index
        differing = {
            str(dtype).removeprefix("torch."): (PatchBank([others], dtype=dtype).search(features).index != exact)
            .float()
            .mean()
            .item()
            for dtype in (torch.float16, torch.bfloat16)
        }
        figure = {
            "what": f"search of {layer} at {side} x {side}",
            "product_seconds": statistics.median(short for short, _ in pairs),
            "seconds": statistics.median(long for _, long in pairs),
            "speed_relative_to_product": statistics.median(short / long for short, long in pairs),
            "differing_arg_max": differing,
        }
        print(
            f"{figure['what']}: {figure['seconds']:.4f} s, plain product of the unfolded patches "
            f"{figure['product_seconds']:.4f} s, speed {figure['speed_relative_to_product']:.2f} of it; other arg-max "
            + ", ".join(f"{name} {share:.2%}" for name, share in differing.items())
        )
        figures.append(figure)
    return figures


def parts(runtime: Runtime, side: int, repeat: int) -> dict[str, Any]:
    """One iteration, and what of it is the network, the matching, and the rest."""
    kind, parameters = runtime.device.torch_device, StyleV3()
    network = perceptual_network(parameters.network, runtime.nets)
    content, style = (resized(photo(side, seed), (side, side), kind) for seed in (1, 2))
    energy = PatchEnergy(network, parameters, content, [style], [style])
    features = network.targets(content, parameters.patch_layers)

    def match() -> None:
        for layer, search in energy.searches.items():
            patch_target(search.bank, search(features[layer]))

    with reproducible():
        alone = evaluation(bare(network, parameters.content_layer), content, captured=False)
        full = evaluation(energy, content, captured=False)
        rows = [
            (
                seconds(lambda: alone(content), kind),
                seconds(match, kind),
                seconds(lambda: full(content), kind),
            )
            for _ in range(repeat + 1)
        ][1:]
    bare_seconds, matching, whole_seconds = (statistics.median(column) for column in zip(*rows, strict=True))
    figure = {
        "what": f"one iteration of style-v3 at {side} x {side}",
        "seconds": whole_seconds,
        "network_seconds": bare_seconds,
        "matching_seconds": matching,
        "rest_seconds": whole_seconds - bare_seconds - matching,
    }
    print(
        f"{figure['what']}: {whole_seconds:.4f} s = network {bare_seconds:.4f} s + matching {matching:.4f} s "
        f"+ rest {figure['rest_seconds']:.4f} s"
    )
    return figure


def rematching(runtime: Runtime, every: int) -> dict[str, Any]:
    """Effect of re-matching every n-th iteration on time and on the loss with fresh matches."""
    parameters = parse(StyleV3, {**REMATCHING, "rematch": every})
    inputs = inputs_of(STYLE_V3, BenchCase())
    _, _, result = once(runtime, STYLE_V3, inputs, parameters)
    # The last iteration of a run with stale matches flatters itself: judge the picture itself.
    total = sum(_fresh_losses(runtime, inputs, parameters, result.image).values())
    figure = {"what": f"style-v3, matched every {every}", "seconds": result.facts.seconds, "fresh_total": total}
    print(f"{figure['what']}: {figure['seconds']:.1f} s, total with fresh matches {total:.4f}")
    return figure


def _fresh_losses(runtime: Runtime, inputs: Inputs, parameters: StyleV3, image: Image.Image) -> dict[str, float]:
    device = runtime.device
    network = perceptual_network(parameters.network, runtime.nets)
    at = image.size
    content, style, result = (
        resized(each, at, device.torch_device) for each in (inputs["content"][0].image, inputs["style"][0].image, image)
    )
    terms = PatchEnergy(network, parameters, content, [style], [style])(result)
    return {name: float(value) for name, value in terms.items()}
