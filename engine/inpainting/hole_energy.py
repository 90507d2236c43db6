"""What a filling is refined by: patches, content and smoothness in a window around a hole, and detail to begin with."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy
import torch
from torch import Tensor
from torch.nn import functional

from engine.perceptual import losses
from engine.perceptual.matching import Allowed, PatchBank
from engine.perceptual.network import PerceptualNetwork
from engine.perceptual.patch_search import PatchSearch
from engine.perceptual.patches import PatchTerm
from engine.perceptual.voting import detail, voted

PATCH_LAYERS = ("relu3_1", "relu4_1")
CONTENT_LAYER = "relu4_2"
SMOOTHNESS = 0.3
"""Weight of the total variation; the paper's term against noise. More of it blurs, measured."""
DEPTH = 48.0
"""Pixels inside of a hole where detail is all voted; nearer to what is known, the filling's own is better."""
VOTING_LAYER, VOTING_STRIDE = "relu3_1", 4
"""The layer whose patches bring their pixels, and its pixels from one feature to the next."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a filling is refined."""

    iterations: int = 20
    """At the coarsest scale; see :data:`engine.inpainting.refine.FEWER`."""
    scales: int = 3
    """How many, from coarse to fine."""
    content: float = 0.3
    """Weight of the filling's content against 1 for the patches."""
    rematch: int = 10
    """Look for the nearest patches every so many iterations."""
    finest: int = 1024
    """Longest side in pixels of the part at the finest scale; a larger part gets what was changed enlarged."""
    network: str = "vgg19-normalised"
    """Perceptual network."""


class HoleEnergy:
    """Patches, content and smoothness in a window around a hole, at one scale.

    Args:
        network: perceptual network.
        settings: of the refinement.
        part: ``(1, 3, h, w)`` in [0, 1]: the hole, filled, with the known picture that patches are taken from.
        part_hole: ``(1, 1, h, w)``: 1 where pixels are unknown, in this hole or another.
        window: ``(1, 3, H, W)``: the start, a piece of the part.
        hole: ``(1, 1, H, W)``: 1 where the descent may change the window.
    """

    def __init__(
        self,
        network: PerceptualNetwork,
        settings: Refinement,
        part: Tensor,
        part_hole: Tensor,
        window: Tensor,
        hole: Tensor,
    ) -> None:
        self._network, self._settings = network, settings
        self._part, self._window, self._hole = part, window, hole > 0
        self._share = depth(hole).div_(DEPTH).clamp_(max=1)
        sources = network.targets(part, PATCH_LAYERS)
        self._searches = {layer: PatchSearch([features]) for layer, features in sources.items()}
        allowed = {
            layer: Allowed(known_patches(part_hole, search.bank)[None]) for layer, search in self._searches.items()
        }
        layers = [layer for layer in PATCH_LAYERS if bool(allowed[layer].table.any())]
        self._patches: PatchTerm | None = None
        if layers:  # else no patch of the part is known
            matched = {layer: self._searches[layer] for layer in layers}
            self._patches = PatchTerm(matched, rematch=settings.rematch, allowed=allowed, full_length=True)
        self._layers = {*layers, CONTENT_LAYER}
        self._content = network.targets(window, [CONTENT_LAYER])[CONTENT_LAYER]

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """Named terms at ``(1, 3, H, W)``; what the picture has outside of the hole changes nothing."""
        whole = torch.where(self._hole, picture, self._window)
        features = self._network.features(whole, self._layers)
        content = losses.content_loss(features[CONTENT_LAYER], self._content)
        terms = {"content": self._settings.content * content}
        if self._patches is not None:
            terms["patches"] = self._patches(features)
        terms["smoothness"] = SMOOTHNESS * losses.total_variation(whole)
        return terms

    @torch.no_grad()
    def detailed(self, picture: Tensor) -> Tensor:
        """The picture ``(1, 3, H, W)`` with the detail of the nearest known patches in the hole; as it is without any.

        The descent that follows keeps to these patches.
        """
        if self._patches is None or VOTING_LAYER not in self._layers:
            return picture
        whole = torch.where(self._hole, picture, self._window).clamp(0, 1)
        matches = self._patches.matched(VOTING_LAYER, self._network.features(whole, {VOTING_LAYER})[VOTING_LAYER])
        votes = voted(detail(self._part), self._searches[VOTING_LAYER].bank, matches, VOTING_STRIDE)
        own = detail(whole)
        changed = whole.clone()
        inside = ..., slice(votes.shape[2]), slice(votes.shape[3])  # as much of the window as has features
        changed[inside] += self._share[inside] * (votes - own[inside])
        return torch.where(self._hole, changed.clamp(0, 1), picture)


def depth(hole: Tensor) -> Tensor:
    """``(1, 1, H, W)``: distance in pixels of every pixel of a hole from the nearest known one; 0 outside."""
    distances = cv2.distanceTransform((hole[0, 0] > 0).cpu().numpy().astype(numpy.uint8), cv2.DIST_L2, 5)
    return torch.from_numpy(distances)[None, None].to(hole.device)


def known_patches(hole: Tensor, bank: PatchBank) -> Tensor:
    """``(M,)`` bool in the bank's order: patches none of whose features lies on an unknown pixel.

    Args:
        hole: ``(1, 1, h, w)``: 1 where a pixel is unknown.
        bank: of one feature map of that picture.
    """
    covered = functional.adaptive_max_pool2d(hole, bank.shapes[0])
    touched = functional.max_pool2d(covered, bank.side, stride=1)
    return touched.flatten() == 0
