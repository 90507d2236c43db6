"""Style V2 judged as in its paper (Johnson et al. 2016, section 4.1): its loss beside that of V1's descent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.feedforward_style.painters import trained
from engine.hardware.device import synchronise
from engine.imaging.picture import Picture
from engine.imaging.tensors import fitted, resized
from engine.perceptual.descent import descend
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.runtime.runtime import Runtime
from engine.training.targets import SHORTEST, Targets

SIZE = 256
"""Longer side of the photos in pixels."""


def evaluate(
    runtime: Runtime,
    photos: Sequence[Picture],
    paintings: Mapping[str, Picture],
    iterations: Sequence[int],
    descents: int,
) -> Iterator[dict[str, Any]]:
    """The total loss, with V1's weights at balance 50, of every photo in every style.

    Args:
        runtime: whose nets are measured.
        photos: none of which was trained on.
        paintings: name of a shipped style -> the painting.
        iterations: after how many of them V1's descent is looked at, L-BFGS from the photo one scale; 0 is the photo.
        descents: how many of the photos V1 descends on: it takes its time.

    Yields:
        ``style``, ``photo``, ``network`` and its ``content``, ``style_term``, ``smoothness``, ``network_seconds``, and
        ``v1_N`` with ``v1_N_seconds`` for every number of iterations.
    """
    device = runtime.device
    gatys = GatysEnergy(perceptual_network("vgg19-normalised", runtime.nets))
    targets = Targets(paintings, gatys, SIZE, device.torch_device)
    for index, name in enumerate(paintings):
        painter = trained({name: 1.0}, runtime.nets)
        grams = targets.grams(torch.tensor([index], device=device.torch_device))
        for number, photo in enumerate(photos):
            content = resized(photo.image, fitted(photo.size, SIZE, shortest=SHORTEST), device.torch_device)
            target = gatys.content_target(content)
            painter.whole(content)  # kernels are chosen at the first call of a size
            start = time.perf_counter()
            painted = painter.whole(content).clamp(0, 1)
            synchronise(device.torch_device)
            seconds = time.perf_counter() - start
            with torch.no_grad():
                terms = {term: float(value) for term, value in gatys.terms(painted, target, grams).items()}
            row: dict[str, Any] = {"style": name, "photo": number, "network": sum(terms.values())}
            row |= {"content": terms["content"], "style_term": terms["style"], "smoothness": terms["smoothness"]}
            row["network_seconds"] = seconds
            if number < descents:
                row |= _descended(gatys, content, target, grams, iterations)
            yield row


def _descended(
    gatys: GatysEnergy,
    content: Tensor,
    target: Mapping[str, Tensor],
    grams: Mapping[str, Tensor],
    iterations: Sequence[int],
) -> dict[str, float]:
    """V1's lowest total after each number of iterations."""
    totals: dict[str, float] = {}
    start, lowest = time.perf_counter(), float("inf")
    iterates = descend(content, lambda picture: gatys.terms(picture, target, grams), iterations=max(iterations) + 1)
    for done, iterate in enumerate(iterates):  # an iteration evaluates first: the first total is the photo's own
        lowest = min(lowest, iterate.total)
        if done in iterations:
            totals |= {f"v1_{done}": lowest, f"v1_{done}_seconds": time.perf_counter() - start}
    return totals
