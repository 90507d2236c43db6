"""Less flicker from frame to frame: statistics that change slowly, and static places that keep what was painted.

Frame by frame, noise of the camera moves strokes, and instance normalisation lets any change in a corner change the
whole picture. So the mean and variance of every normalisation follow those of the frames slowly, and where the video
itself hardly changes the last painted frame stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from engine.feedforward_style.painters import Painter, TransformPainter
from engine.imaging.tensors import weighted_along
from engine.nets.normalisation import EPSILON, channel_moments, scaled

MOST = 0.9
"""Share of the last frame that stays at steadiness 1 where nothing changes."""
STILL = 0.06
"""Mean change of a pixel, of the range [0, 1], at which the weight of the old frame falls to 1/e."""
NEIGHBOURS = 9
"""Side in pixels of the square that a change is averaged over."""
REACH = 25
"""Side in pixels of the square in which a change counts: strokes reach beyond the edges that they follow."""
CUT = 0.25
"""Mean change of a frame from which on it is another scene."""


class SmoothedStatistics:
    """A :data:`engine.nets.transform.Normalise` whose statistics follow the frames with a share of the old ones."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._seen: dict[int, tuple[Tensor, Tensor]] = {}

    def forget(self) -> None:
        """Begin anew: another scene."""
        self._seen.clear()

    def __call__(self, index: int, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Normalise one layer of one frame."""
        own, offset = scale[0].float(), shift[0].float()
        mean, variance = channel_moments(features)
        if index in self._seen:
            old_mean, old_variance = self._seen[index]
            mean, variance = mean.lerp(old_mean, self._share), variance.lerp(old_variance, self._share)
        self._seen[index] = mean, variance
        factor = own * (variance + EPSILON).rsqrt()
        return scaled(features, factor, offset - mean * factor)


@dataclass
class SmoothedPainter:
    """Paints the frames of a video or of a camera, one after the other; it belongs to one visitor.

    Args:
        painter: how.
        steadiness: 0 to 1; 0 paints every frame by itself.
    """

    painter: Painter
    steadiness: float
    _statistics: SmoothedStatistics | None = None
    _last: tuple[Tensor, Tensor] | None = field(default=None, repr=False)
    """The last frame, and what was painted."""

    def __post_init__(self) -> None:
        if self.steadiness > 0 and isinstance(self.painter, TransformPainter):
            self._statistics = SmoothedStatistics(MOST * self.steadiness)
            self.painter = self.painter.with_statistics(self._statistics)

    @torch.no_grad()
    def frame(self, picture: Tensor) -> Tensor:
        """Paint the next frame, ``(1, 3, H, W)`` in [0, 1], clamped."""
        last = self._last
        if last is not None and last[0].shape != picture.shape:
            last = None
        change = None if last is None else (picture - last[0]).abs().mean(1, keepdim=True)
        if change is not None and float(change.mean()) > CUT:
            last = None
        if last is None and self._statistics is not None:
            self._statistics.forget()
        painted = self.painter.whole(picture).clamp(0, 1)
        if self.steadiness > 0 and last is not None and change is not None:
            local = _largest_around(_mean_around(change, NEIGHBOURS), REACH)
            stays = MOST * self.steadiness * torch.exp(-((local / STILL) ** 2))
            painted = torch.lerp(painted, last[1], stays)
        if self.steadiness > 0:
            self._last = picture, painted
        return painted


def _mean_around(values: Tensor, side: int) -> Tensor:
    """Means of squares of an odd side, of what lies in the picture; ``(1, 1, H, W)``."""
    for dim in (2, 3):  # torch's poolings of one channel take thirty times as long on a CPU
        counted = weighted_along(_bordered(torch.ones_like(values), side, dim), [1.0] * side, dim)
        values = weighted_along(_bordered(values, side, dim), [1.0] * side, dim) / counted
    return values


def _largest_around(values: Tensor, side: int) -> Tensor:
    """Largest values of squares of an odd side; ``(1, 1, H, W)``, none below 0."""
    for dim in (2, 3):
        values, reach = _bordered(values, side, dim), 1
        while reach < side:  # of as many neighbours, then of twice as many
            step = min(reach, side - reach)
            length = values.shape[dim] - step
            values = torch.maximum(values.narrow(dim, 0, length), values.narrow(dim, step, length))
            reach += step
    return values


def _bordered(values: Tensor, side: int, dim: int) -> Tensor:
    """With zeros at both ends of a dimension, half as many as a window has values."""
    half = side // 2
    return functional.pad(values, (0, 0, half, half) if dim == 2 else (half, half))
