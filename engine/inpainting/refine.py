"""Texture refinement: descent on the pixels of a hole, pulled to the nearest patches of the known picture.

Yang et al. 2017, "High-resolution image inpainting using multi-scale neural patch synthesis", equation 1: the content
network's filling is the start and the content, patches of relu3_1 and relu4_1 inside the hole are matched with patches
of the known picture, coarse to fine. Where we leave the paper: content is kept by features (relu4_2) instead of pixels,
so that sharper texture is no error; patches that disagree are not averaged to something smooth (``full_length``); a
scale hands on what it changed, not its picture, so that nothing that the filling already had in full size is lost; the
next one begins with the detail that its matched patches have in the known picture (:mod:`engine.perceptual.voting`),
and so needs few iterations; and only a window around the hole descends, for nothing else may change.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn import functional

from engine.contracts.job import Job, Step
from engine.imaging.masks import bounds
from engine.imaging.tensors import Size, enlarged, fitted, to_image
from engine.imaging.tiles import Box
from engine.inpainting.hole_energy import CONTENT_LAYER, PATCH_LAYERS, HoleEnergy, Refinement
from engine.nets.vgg import features_of, gflop_per_pixel
from engine.perceptual.network import PerceptualNetwork
from engine.perceptual.patch_search import patch_search_gflop
from engine.perceptual.synthesis import Scale, coarse_to_fine, gflop, pyramid, size_of

STEP = 0.003
"""Step size of Adam in units of the picture's range; L-BFGS moves hardly in as many steps, and smooths in more."""
MARGIN = 24
"""Known pixels around the hole that patches of the finest scale may reach into."""
COARSEST_SIDE = 48
"""Longer side of the window at the coarsest scale."""
RATIO = 2**0.5
"""Ratio of the sides of two neighbouring scales."""
FEWER = 0.3
"""Iterations of a scale relative to those of the next coarser one."""
SHOWN_SIDE = 1024
"""Longer side in pixels of what is shown of a part."""
SHORTEST_SIDE = 32
"""Shortest side of a window in pixels: relu4_1 needs some patches."""


@dataclass(frozen=True)
class Refined:
    """Result of :func:`refine`."""

    part: Tensor
    """``(1, 3, h, w)``: as given, but for the hole."""
    stages: Mapping[int, Image]
    """Longer side of a scale in pixels -> the part after it, no larger than :data:`SHOWN_SIDE`."""
    facts: Mapping[str, Any]
    """Iterations, sizes, first and last values of the terms."""


def refine(
    part: Tensor, unknown: Tensor, hole: Tensor, settings: Refinement, network: PerceptualNetwork, job: Job
) -> Generator[Step, None, Refined]:
    """Refine the filling of a hole; a generator of steps with previews of the part.

    Args:
        part: ``(1, 3, h, w)`` in [0, 1], filled.
        unknown: ``(h, w)`` bool: pixels that no patch may be taken from.
        hole: ``(h, w)`` bool: pixels that may change; some of ``unknown``.
        settings: how.
        network: perceptual network; the tensors are on its device.
        job: a stop ends the descent and keeps its best.
    """
    window = _Window(part, unknown, hole, settings, network)
    stages: dict[int, Image] = {}

    def carry(picture: Tensor, at: Size) -> Tensor:
        stages[max(size_of(picture))] = window.shown(picture)
        start = window.start(at) + enlarged(window.change(picture), at)
        return start if job.stopped else window.energy_at(at).detailed(start)  # who has stopped waits for no detail

    scales = scales_of(window.size, size_of(part), settings)
    synthesis = yield from coarse_to_fine(
        scales, window.start, window.energy_at,
        job=job, optimiser="adam", step=STEP, captured=False, carry=carry, shown=window.shown,
    )  # fmt: skip
    stages[max(size_of(synthesis.reached))] = window.shown(synthesis.reached)
    return Refined(window.refined(synthesis.reached), stages, synthesis.facts)


class _Window:
    """The window around a hole, which descends; see :func:`refine` for the arguments."""

    def __init__(
        self, part: Tensor, unknown: Tensor, hole: Tensor, settings: Refinement, network: PerceptualNetwork
    ) -> None:
        self._part, self._settings, self._network = part, settings, network
        self._unknown, self._hole = unknown[None, None].float(), hole[None, None].float()
        whole = size_of(part)
        self._box = window_box(bounds(hole.cpu().numpy()), whole)
        self._cut = (..., slice(self._box.top, self._box.bottom), slice(self._box.left, self._box.right))
        small = fitted(whole, min(SHOWN_SIDE, max(whole)))
        self._shown, self._shown_box = _resized(part, small), _scaled(self._box, small, whole)
        self._energy: tuple[Size, HoleEnergy] | None = None
        self.size = self._box.width, self._box.height
        """Width and height in pixels of the part."""

    def start(self, at: Size) -> Tensor:
        """The window at a size, as it was filled: ``(1, 3, h, w)``."""
        return _resized(self._part[self._cut], at)

    def energy_at(self, at: Size) -> HoleEnergy:
        """The energy of the window at a size; that of the last size is kept."""
        if self._energy is None or self._energy[0] != at:
            self._energy = at, self._energy_at(at)
        return self._energy[1]

    def _energy_at(self, at: Size) -> HoleEnergy:
        size = _times(size_of(self._part), at[0] / self._box.width)
        unknown = functional.adaptive_max_pool2d(self._unknown, (size[1], size[0]))
        inside = functional.adaptive_max_pool2d(self._hole[self._cut], (at[1], at[0]))
        part = _resized(self._part, size)
        return HoleEnergy(self._network, self._settings, part, unknown, self.start(at), inside)

    def change(self, picture: Tensor) -> Tensor:
        """The difference that a scale has made."""
        return picture - self.start(size_of(picture))

    def shown(self, picture: Tensor) -> Image:
        """The part with that change, no larger than it is shown: it may have millions of pixels."""
        whole, box = self._shown.clone(), self._shown_box
        change = enlarged(self.change(picture), (box.width, box.height))
        whole[..., box.top : box.bottom, box.left : box.right] += change
        return to_image(whole)

    def refined(self, reached: Tensor) -> Tensor:
        """The part with the change that was reached, inside the hole: ``(1, 3, H, W)``."""
        refined = self._part.clone()
        refined[self._cut] += enlarged(self.change(reached), self.size)
        return torch.where(self._hole > 0, refined.clamp(0, 1), self._part)


def window_box(hole: Box, size: Size) -> Box:
    """The window in which the descent works: a hole with some margin, inside a part of ``size`` (width, height)."""
    return hole.grown(MARGIN, size)


def _scaled(box: Box, size: Size, whole: Size) -> Box:
    """A box of a picture of size ``whole`` in the same picture of another size; no side is 0."""
    across, down = size[0] / whole[0], size[1] / whole[1]
    left, top = min(int(across * box.left), size[0] - 1), min(int(down * box.top), size[1] - 1)
    return Box(left, top, max(left + 1, round(across * box.right)), max(top + 1, round(down * box.bottom)))


def _resized(values: Tensor, size: Size) -> Tensor:
    """``(1, 3, h, w)`` at another size, antialiased."""
    if (values.shape[3], values.shape[2]) == size:
        return values
    return functional.interpolate(
        values, size=(size[1], size[0]), mode="bicubic", align_corners=False, antialias=True
    ).clamp(0, 1)


def scales_of(window: Size, part: Size, settings: Refinement) -> list[Scale]:
    """Sizes of the window, from coarse to fine.

    Args:
        window: width and height of the window in full size.
        part: of the part it lies in.
        settings: how.
    """
    factor = min(1.0, settings.finest / max(part))
    finest, count = _times(window, factor), settings.scales
    scales = pyramid(finest, count, count, shortest=SHORTEST_SIDE, coarsest=COARSEST_SIDE, ratio=RATIO)
    counts = [max(1, round(settings.iterations * FEWER**level)) for level in range(len(scales))]
    return [Scale(each.size, count) for each, count in zip(scales, counts, strict=True)]


def _times(size: Size, factor: float) -> Size:
    """A size times a factor; no side too short for a patch."""
    return max(SHORTEST_SIDE, round(factor * size[0])), max(SHORTEST_SIDE, round(factor * size[1]))


def refinement_gflop(window: Size, part: Size, settings: Refinement) -> float:
    """Arithmetic of :func:`refine`: the perceptual network on the window and once on the part, and the searches."""
    scales = scales_of(window, part, settings)
    total = gflop(scales, CONTENT_LAYER)
    for scale in scales:
        source = _times(part, scale.size[0] / window[0])
        total += gflop_per_pixel(PATCH_LAYERS[-1]) * source[0] * source[1]
        for layer in PATCH_LAYERS:
            search = patch_search_gflop(features_of(layer, scale.size), [features_of(layer, source)])
            total += -(-scale.iterations // settings.rematch) * search
    return total
