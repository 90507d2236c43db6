"""Styles judged by what no descent and no training here sees: AlexNet's Gram matrices, LPIPS, colours, lattices.

No number says which picture is good; together they say which is not: nothing of the painting (style, colour), nothing
of the photo (content), a pattern that neither has (lattice).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.contracts.errors import ParameterError
from engine.contracts.job import StepRun
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.evaluation.folder import pictures_in
from engine.imaging.door import open_picture
from engine.imaging.metrics import luma
from engine.imaging.picture import Picture
from engine.imaging.tensors import fitted, resized, to_tensor
from engine.model_store.catalogue import LPIPS
from engine.model_store.loaded_nets import LoadedNets
from engine.perceptual.gatys import STYLE_SCALE
from engine.perceptual.losses import gram_matrix, relative_error
from engine.perceptual.quality import lpips
from engine.runtime.runtime import Runtime
from engine.tasks import TASKS

KEYS = ("style", "content", "colour", "lattice", "seconds")
DIRECTIONS, QUANTILES = 32, 64
WINDOW = 48
"""Side in pixels of the windows that are searched for a lattice."""
CALM = 0.2
"""Share of a picture's windows that count as its calm ones: those of the smallest variance."""


@dataclass(frozen=True)
class Pair:
    """A photo and the painting that it is to be painted like."""

    name: str
    content: Picture
    style: Picture


def pairs_in(folder: Path) -> list[Pair]:
    """Pictures of the same name in ``content`` and ``style`` of a folder.

    Raises:
        ParameterError: there are none.
    """
    styles = {path.stem: path for path in pictures_in(folder / "style")}
    pairs = [
        Pair(path.stem, open_picture(path), open_picture(styles[path.stem]))
        for path in pictures_in(folder / "content")
        if path.stem in styles
    ]
    if not pairs:
        raise ParameterError(Message("There are no pictures in {folder!r}.", folder=folder.name))
    return pairs


def evaluate(
    runtime: Runtime, pairs: Sequence[Pair], task: str, values: Mapping[str, Any], out: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Every pair painted by a task and judged.

    Args:
        runtime: whose nets are used.
        pairs: to paint.
        task: name of one whose inputs are ``content`` and ``style``.
        values: its parameters.
        out: folder that the results are written into.

    Yields:
        ``pair`` and :data:`KEYS`, see :func:`judged`.
    """
    spec = TASKS[task]
    for pair in pairs:
        start = time.perf_counter()
        inputs = {"content": [pair.content], "style": [pair.style]}
        result = StepRun(runtime.run(spec, inputs, parse(spec.parameters, values))).finish()
        seconds = time.perf_counter() - start
        if out is not None:
            result.image.save(out / f"{pair.name}.png")
        yield {"pair": pair.name, **judged(to_tensor(result.image), pair, runtime.nets), "seconds": seconds}


def judged(picture: Tensor, pair: Pair, nets: LoadedNets) -> dict[str, float]:
    """How a result ``(1, 3, H, W)`` in [0, 1] compares with its photo and its painting; less is better.

    ``style`` is the mean relative error of the five Gram matrices of LPIPS's AlexNet, ``content`` LPIPS to the photo,
    ``colour`` the mean distance of the quantiles of colours, ``lattice`` how periodic the result is where the photo is
    calm, relative to the painting where that is calm.
    """
    size = (picture.shape[3], picture.shape[2])
    photo = resized(pair.content.image, size)
    painting = resized(pair.style.image, fitted(pair.style.size, round(STYLE_SCALE * max(size)), shortest=WINDOW))
    return {
        "style": style_distance(picture, painting, nets),
        "content": lpips(picture, photo, nets),
        "colour": colour_distance(picture, painting),
        "lattice": lattice(picture, photo) / lattice(painting, painting),
    }


@torch.inference_mode()
def style_distance(picture: Tensor, painting: Tensor, nets: LoadedNets) -> float:
    """Mean relative error of the Gram matrices of AlexNet's layers; pictures ``(1, 3, H, W)`` of any two sizes."""
    net = nets.get(LPIPS, torch.float32)
    layers = (net.activations(each.to(nets.device.torch_device)) for each in (picture, painting))  # type: ignore[operator]
    errors = [relative_error(gram_matrix(ours), gram_matrix(theirs)) for ours, theirs in zip(*layers, strict=True)]
    return float(torch.stack(errors).mean())


def colour_distance(picture: Tensor, painting: Tensor) -> float:
    """Mean distance of the quantiles of colours along fixed directions: the sliced Wasserstein distance, in [0, 1]."""
    directions = torch.randn(DIRECTIONS, 3, generator=torch.Generator().manual_seed(0))
    directions = directions / directions.norm(dim=1, keepdim=True)
    levels = torch.linspace(0, 1, QUANTILES)
    ours, theirs = ((directions @ each[0].flatten(1))[:, ::7].quantile(levels, dim=1) for each in (picture, painting))
    return float((ours - theirs).abs().mean())


def lattice(picture: Tensor, scene: Tensor) -> float:
    """How periodic a picture is where a scene of the same size is calm, from 0 to 1; NaN for pictures too small.

    The mean over calm windows of the highest autocorrelation of luma beside the peak in the middle: white noise has
    about 0.1, brushwork 0.2 to 0.4, a grid of dots more.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1].
        scene: ``(1, 3, H, W)`` in [0, 1].
    """
    windows, calmness = _windows(picture), _windows(scene).var(dim=(1, 2))
    if not len(windows):
        return math.nan
    calm = calmness.argsort()[: max(1, round(CALM * len(windows)))]
    return float(_second_peaks(windows[calm]).mean())


def _windows(picture: Tensor) -> Tensor:
    """Luma of windows that overlap by half, ``(N, WINDOW, WINDOW)``."""
    plane = luma(picture.clamp(0, 1))[0, 0]
    return plane.unfold(0, WINDOW, WINDOW // 2).unfold(1, WINDOW, WINDOW // 2).flatten(0, 1)


def _second_peaks(windows: Tensor) -> Tensor:
    """Highest normalised autocorrelation of each window ``(N, S, S)`` outside the middle's own peak.

    Shifts go up to half a window. Slow changes (a sky's gradient) are taken out first.
    """
    side = windows.shape[-1]
    smooth = functional.avg_pool2d(windows[:, None], 17, 1, 8, count_include_pad=False)[:, 0]
    plain = windows - smooth
    spectrum = torch.fft.rfft2(plain, s=(2 * side, 2 * side)).abs().square()
    correlation = torch.fft.irfft2(spectrum, s=(2 * side, 2 * side))
    reach = side // 2
    shifts = torch.cat((torch.arange(-reach, 0), torch.arange(reach + 1)))
    near = correlation[:, shifts][:, :, shifts]
    overlap = (side - shifts.abs()).double()
    near = near / (overlap[:, None] * overlap) * side**2 / near[:, reach, reach].clamp_min(1e-9)[:, None, None]
    distance = (shifts[:, None] ** 2 + shifts**2).double().sqrt()
    rings = torch.stack([near[:, (distance >= r) & (distance < r + 1)].mean(dim=1) for r in range(reach)], dim=1)
    below = (rings <= 0).double()
    ends = torch.where(below.any(dim=1), below.argmax(dim=1), reach - 1)  # where the middle's own peak has ended
    outside = (distance >= ends[:, None, None]) & (distance <= reach)
    peaks: Tensor = near.masked_fill(~outside, 0).flatten(1).amax(dim=1)
    return peaks
