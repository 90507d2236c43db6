"""The face made anew by V3's descent, with patches of the identity's pictures and only from the same part of a face.

Korshunova et al. 2017, "Fast face-swap using convolutional neural networks": content, style and light terms (equations
1 to 6) - here on the picture itself, as in their section 3.1's origin, Li & Wand 2016. Where we leave the paper: the
patches come from pictures that already lie on the scene's landmarks, and a patch is looked for near its own place and
in its own part of the face; light is compared where it changes slowly, not by a network that tells lights apart; the
descent moves a smoothed correction of the start, so that soft pictures do not gain speckle.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.contracts.job import Job, Step
from engine.faces.aligned_face import LABELS
from engine.faces.relighting import SLOW
from engine.imaging.masks import Colours, Cover
from engine.imaging.tensors import blurred, enlarged
from engine.perceptual import losses
from engine.perceptual.matching import Allowed
from engine.perceptual.patch_search import PatchSearch
from engine.perceptual.patches import PatchTerm
from engine.perceptual.synthesis import Scale, coarse_to_fine

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.perceptual.network import PerceptualNetwork

CONTENT_LAYER = "relu4_2"
PATCH_LAYERS = ("relu3_1", "relu4_1")
"""Layers whose patches are matched, as in section 3.2 of the paper."""
STRIDES = {"relu3_1": 4, "relu4_1": 8}
"""Pixels between two features."""
CELLS = 8
"""Parts of the crop's side; a patch is looked for in its own cell and those around it."""
PATCHES, LIGHT, SMOOTHNESS = 1.0, 40.0, 0.5
"""Weights of the terms, against :attr:`DescentSettings.likeness` for the content."""
COLOUR_SMOOTHING = 4.0
"""Blur of the correction's colour relative to that of its lightness."""
SCALES = 3


@dataclass(frozen=True)
class DescentSettings:
    """How a face is made anew."""

    iterations: int = 54
    """At all scales together."""
    likeness: float = 0.05
    """Weight of the content term: how much of the scene's face stays."""
    start: float = 0.75
    """Share of the warped identity in the picture to start from; the rest is the scene."""
    smoothing: float = 1.0
    """Standard deviation in pixels of the correction's blur."""
    rematch: int = 8
    """Look for the nearest patches every so many iterations."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Inputs of a descent, all of them in the scene's crop, ``(side, side, ...)``."""

    scene: Colours
    """The scene's aligned face."""
    sources: Sequence[Colours]
    """The identity's faces over it, in its light; the best one first."""
    valid: Sequence[Cover]
    """Where each of them is a face, not hair or glasses."""
    labels: NDArray[numpy.int64]
    """See :func:`engine.faces.aligned_face.region_labels`."""
    cover: Cover
    """Where the face changes."""


class FaceEnergy:
    """Content, patches, light and smoothness of a correction at one size.

    Args:
        network: perceptual network.
        stage: see there.
        settings: see there.
        side: of the crop at this scale.
    """

    def __init__(self, network: PerceptualNetwork, stage: Stage, settings: DescentSettings, side: int) -> None:
        device = network.device.torch_device
        self._network, self._settings = network, settings
        self.scene = _tensor(stage.scene, side, device)
        """``(1, 3, side, side)``."""
        sources = [_tensor(each, side, device) for each in stage.sources]
        self._cover = _tensor(stage.cover[..., None], side, device)
        mixed = settings.start * sources[0] + (1 - settings.start) * self.scene
        self.start = self.scene + self._cover * (mixed - self.scene)
        """The picture that is corrected."""
        self._content = network.targets(self.scene, [CONTENT_LAYER])[CONTENT_LAYER]
        features = [network.targets(each, PATCH_LAYERS) for each in sources]
        searches = {layer: PatchSearch([each[layer] for each in features]) for layer in PATCH_LAYERS}
        allowed = {layer: allowed_near(stage, side // STRIDES[layer], device) for layer in PATCH_LAYERS}
        self._patches = PatchTerm(searches, rematch=settings.rematch, allowed=allowed, full_length=True)
        self._light = self._slow(self.scene)

    def picture(self, correction: Tensor) -> Tensor:
        """The face with a correction ``(1, 3, side, side)``, which counts inside the cover only.

        What it changes of the colour is smoother than what it changes of the lightness: skin has no coloured grain.
        """
        return self.start + self._cover * smoothed(correction, self._settings.smoothing)

    def inside(self, face: Tensor) -> Tensor:
        """A face ``(1, 3, side, side)`` inside the cover, the scene outside."""
        return self.scene + self._cover * (face - self.scene)

    def __call__(self, correction: Tensor) -> dict[str, Tensor]:
        """Named terms of the face with a correction."""
        return self.terms(self.picture(correction))

    def terms(self, picture: Tensor) -> dict[str, Tensor]:
        """Named terms of a picture ``(1, 3, side, side)``."""
        features = self._network.features(picture, [*PATCH_LAYERS, CONTENT_LAYER])
        light = (self._slow(picture) - self._light).square().mean()
        return {
            "content": self._settings.likeness * losses.content_loss(features[CONTENT_LAYER], self._content),
            "patches": PATCHES * self._patches(features),
            "light": LIGHT * light,
            "smoothness": SMOOTHNESS * losses.total_variation(picture),
        }

    def _slow(self, picture: Tensor) -> Tensor:
        """The light of a picture ``(1, 3, side, side)``: reduced to ``(1, 3, 32, 32)`` and blurred."""
        small = functional.interpolate(picture, size=(32, 32), mode="area")
        return blurred(small, SLOW * 32)


def allowed_near(stage: Stage, features: int, device: torch.device) -> Allowed:
    """Patches of the same part of the face, no more than a cell away, where the source shows a face.

    Queries and sources have the same parts in the same places, for the sources lie on the scene's landmarks. A region
    for which nothing valid is left may take what is invalid.
    """
    labels = cv2.resize(stage.labels.astype(numpy.uint8), (features, features), interpolation=cv2.INTER_NEAREST)
    labels = labels[1:-1, 1:-1].astype(numpy.int64)  # of the middles of the patches
    cell = (numpy.arange(1, features - 1) * CELLS) // features
    row, column = numpy.broadcast_arrays(cell[:, None], cell[None])
    regions = (row * CELLS + column) * len(LABELS) + labels
    used, regions = numpy.unique(regions, return_inverse=True)
    regions = regions.reshape(labels.shape)
    place, label = used // len(LABELS), used % len(LABELS)
    near = (abs(row.ravel() - (place // CELLS)[:, None]) <= 1) & (abs(column.ravel() - (place % CELLS)[:, None]) <= 1)
    same = near & (labels.ravel() == label[:, None])
    valid = [
        cv2.resize(each, (features, features), interpolation=cv2.INTER_AREA)[1:-1, 1:-1].ravel() > 0.5
        for each in stage.valid
    ]
    table = numpy.concatenate([same & each for each in valid], axis=1)
    empty = ~table.any(1)
    table[empty] = numpy.tile(same[empty], (1, len(valid)))
    return Allowed(torch.from_numpy(table).to(device), torch.from_numpy(regions).to(device))


def smoothed(correction: Tensor, deviation: float) -> Tensor:
    """A correction ``(B, 3, H, W)`` under a Gaussian, its colour under a wider one than its lightness."""
    light = correction.mean(1, keepdim=True)
    return blurred(light, deviation) + blurred(correction - light, COLOUR_SMOOTHING * deviation)


def descended(
    network: PerceptualNetwork,
    stage: Stage,
    settings: DescentSettings,
    side: int,
    job: Job,
    shown: Callable[[Colours], Image],
) -> Generator[Step, None, tuple[Colours, dict[str, Any]]]:
    """The new face in the scene's crop, and what happened; a generator of steps.

    Args:
        network: perceptual network.
        stage: see there.
        settings: see there.
        side: of the result in pixels.
        job: a stop request ends it with the best face so far.
        shown: face ``(h, w, 3)`` -> the preview, such as the whole picture.
    """
    energies: list[FaceEnergy] = []

    def energy_at(size: tuple[int, int]) -> FaceEnergy:
        energies[:] = [FaceEnergy(network, stage, settings, size[0])]
        return energies[0]

    device = network.device.torch_device
    scales = _scales(side, settings.iterations)
    synthesis = yield from coarse_to_fine(
        scales, lambda size: torch.zeros(1, 3, size[1], size[0], device=device), energy_at, job=job, captured=False,
        carry=enlarged, shown=lambda correction: shown(_colours(energies[0].picture(correction))),
    )  # fmt: skip
    # After a stop the correction of a coarse scale is enlarged, and corrects the start of the finest one.
    reached = energies[0] if synthesis.picture.shape[3] == energies[0].start.shape[3] else energy_at((side, side))
    with torch.no_grad():
        return _colours(reached.picture(synthesis.picture)), dict(synthesis.facts)


def _colours(picture: Tensor) -> Colours:
    """``(1, 3, H, W)`` -> ``(H, W, 3)``."""
    colours: Colours = picture[0].detach().permute(1, 2, 0).clamp(0, 1).cpu().numpy()
    return colours


def _scales(side: int, iterations: int) -> list[Scale]:
    """Sides by halves; the finest has a few iterations less, for they cost four times as much."""
    sides = [max(64, side >> level) for level in reversed(range(SCALES))]
    sides = sorted({*sides})
    shares = [1.1] * (len(sides) - 1) + [0.8]
    counts = [max(1, round(share * iterations / sum(shares))) for share in shares]
    return [Scale((each, each), count) for each, count in zip(sides, counts, strict=True)]


def gflop(side: int, sources: int, settings: DescentSettings) -> float:
    """Arithmetic in GFLOP: network and search."""
    from engine.nets.vgg import features_of, gflop_per_pixel
    from engine.perceptual.matching import search_gflop

    total = 0.0
    for scale in _scales(side, settings.iterations):
        total += 2 * gflop_per_pixel(CONTENT_LAYER) * scale.work
        searches = -(-scale.iterations // settings.rematch)
        for layer in PATCH_LAYERS:
            features = features_of(layer, scale.size)
            total += searches * sources * search_gflop(features, features)
    return total


def _tensor(values: Colours, side: int, device: torch.device) -> Tensor:
    """``(H, W, C)`` -> ``(1, C, side, side)``."""
    if values.shape[0] != side:
        small = side < values.shape[0]
        interpolation = cv2.INTER_AREA if small else cv2.INTER_CUBIC
        values = cv2.resize(values, (side, side), interpolation=interpolation).reshape(side, side, -1)
    return torch.from_numpy(numpy.ascontiguousarray(values.transpose(2, 0, 1)))[None].to(device)
