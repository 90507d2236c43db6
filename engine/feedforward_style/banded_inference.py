"""A transform network on a picture of any size in bounded memory: layer by layer, each in bands of rows.

Tiles would show seams, because instance normalisation looks at the whole picture. Here every layer is finished before
the next one begins, so its statistics are those of the whole picture, and the result is the same as in one piece. What
is kept are two layers at a time, three inside of a residual block, in the network's number format; everything else is a
band.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.nets.normalisation import EPSILON, channel_moments, scaled
from engine.nets.transform import Stage, TransformNet, framed, gflop_per_pixel

BAND_VALUES = 2_000_000
"""Values that a band of a layer may have, about: fewer stay in a processor's cache, and three times as many take a
quarter more time."""


@dataclass
class Layer:
    """A layer as its convolution left it; its normalisation is done when rows of it are read."""

    values: Tensor
    """``(1, C, H, W)``."""
    scale: Tensor
    shift: Tensor
    """``(1, C, 1, 1)``, float32: what the normalisation comes to."""
    rectified: bool = False

    def rows(self, first: int, end: int) -> Tensor:
        """Rows from ``first`` on, before ``end``, ready for the next convolution, ``(1, C, end - first, W)``."""
        scale, shift = (each.expand(1, self.values.shape[1], 1, 1).flatten() for each in (self.scale, self.shift))
        part = scaled(self.values[:, :, first:end], scale, shift)
        return functional.relu(part, inplace=True) if self.rectified else part


def in_bands(net: TransformNet, picture: Tensor, style: Tensor, job: Job) -> Generator[Step, None, Tensor | None]:
    """Compute ``net(picture, style)`` band by band; a generator of steps that returns None when it was stopped.

    Args:
        net: the network.
        picture: ``(1, 3, H, W)`` in [0, 1].
        style: ``(1, P)``.
        job: its stop request.
    """
    height, width = picture.shape[2:]
    one = torch.ones(1, 1, 1, 1, device=picture.device)
    entered = _entered(net, picture)
    layer = kept = Layer(entered, one, 0 * one)
    parts = net.parts(style)
    costs = [gflop_per_pixel(stage) for stage in net.stages]
    spare: list[Tensor] = []  # the machine gives memory page by page, which takes longer than writing to it
    for place, stage in enumerate(net.stages):
        kept = layer if stage.role == "first of block" else kept
        convolution = _Convolution(net, stage, layer, spare)
        before, share = sum(costs[:place]) / sum(costs), costs[place] / sum(costs)
        for done in convolution.steps():
            yield Step(
                done=before + share * done,
                stage=Message("layer {layer} of {layers}", layer=place + 1, layers=len(net.stages)),
            )
            if job.stopped:
                return None
        last = place == len(net.stages) - 1
        if last and net.ending == "plain":
            return net.coloured(convolution.values, None)[..., :height, :width]
        scale, shift = convolution.normalisation() if stage.normalised else (one, 0 * one)
        if stage.normalised and not last:
            own, offset = (part.float().view(1, -1, 1, 1) for part in next(parts))
            scale, shift = scale * own, shift * own + offset
        if layer is not kept and not last:
            spare.append(layer.values)
        layer = Layer(convolution.values, scale, shift, stage.rectified)
        if stage.role == "last of block":
            layer = _added(kept, layer)
            spare.append(kept.values)
    del convolution, entered, kept
    return _coloured(net, layer, next(parts))[..., :height, :width]


@torch.no_grad()
def _coloured(net: TransformNet, last: Layer, colours: tuple[Tensor, Tensor]) -> Tensor:
    """The picture: the last layer in the style's colours."""
    picture = torch.empty_like(last.values, dtype=torch.float32)
    band = max(8, BAND_VALUES // (3 * picture.shape[3]))
    for top in range(0, picture.shape[2], band):
        part = last.values[:, :, top : top + band].float()
        picture[:, :, top : top + band] = net.coloured(torch.addcmul(last.shift, part, last.scale), colours)
    return picture


@torch.no_grad()
def _entered(net: TransformNet, picture: Tensor) -> Tensor:
    return net.entered(framed(picture))


class _Convolution:
    """One convolution over all rows of a layer, and the moments of what came out.

    Args:
        net: of the stage.
        stage: whose convolution it is.
        source: the layer before.
        spare: values of layers that are done with; one as large as the new layer's is taken, larger and smaller ones
            are given up.
    """

    def __init__(self, net: TransformNet, stage: Stage, source: Layer, spare: list[Tensor]) -> None:
        self._net, self._stage, self._source = net, stage, source
        factor = 2 if stage.doubled else 1
        height, width = (factor * side for side in source.values.shape[2:])
        self._rows = -(-height // stage.stride)
        shape = (1, stage.outputs, self._rows, -(-width // stage.stride))
        spare[:] = [each for each in spare if each.shape == shape]
        kind, device = source.values.dtype, source.values.device
        fresh = None if spare else torch.empty(shape, dtype=kind, device=device, memory_format=torch.channels_last)
        self.values = spare.pop() if fresh is None else fresh
        self._moments = torch.zeros(2, stage.outputs, dtype=torch.float64)
        self._seen = 0
        band = BAND_VALUES // (width * max(stage.inputs // factor, stage.outputs))
        self._band = max(8, band - band % 2)  # two rows are one of the small picture

    def steps(self) -> Iterator[float]:
        """Convolve band after band; yields the share that is done."""
        for top in range(0, self._rows, self._band):
            bottom = min(top + self._band, self._rows)
            self._convolve(top, bottom)
            yield bottom / self._rows

    @torch.no_grad()
    def _convolve(self, top: int, bottom: int) -> None:
        stage, height = self._stage, self._source.values.shape[2]
        if stage.doubled:
            first, end, border, mode = top // 2 - 1, bottom // 2 + 1, 1, "replicate"
        else:
            first, end = top * stage.stride - stage.padding, (bottom - 1) * stage.stride + stage.padding + 1
            border, mode = stage.padding, "reflect"
        rows = self._source.rows(max(first, 0), min(end, height))
        beyond = max(-first, 0), max(end - height, 0)  # the upper and the lower border
        framed_rows = functional.pad(rows, (border, border, *beyond), mode=mode)
        band = self._net.applied(stage, framed_rows.contiguous(memory_format=torch.channels_last))
        self.values[:, :, top:bottom] = band
        self._take(band)

    def _take(self, band: Tensor) -> None:
        """Mean and variance so far with those of one more band (Chan, Golub & LeVeque 1979)."""
        mean, variance = (each.cpu().double() for each in channel_moments(band))
        count = band.shape[2] * band.shape[3]
        share = count / (self._seen + count)
        apart = mean - self._moments[0]
        self._moments[0] += share * apart
        self._moments[1] += share * (variance - self._moments[1]) + share * (1 - share) * apart**2
        self._seen += count

    def normalisation(self) -> tuple[Tensor, Tensor]:
        """Scale and shift that bring every channel to mean 0 and variance 1."""
        mean, variance = self._moments
        scale = (variance + EPSILON).rsqrt()
        both = torch.stack((scale, -mean * scale)).float().to(self.values.device).view(2, 1, -1, 1, 1)
        return both[0], both[1]


@torch.no_grad()
def _added(kept: Layer, block: Layer) -> Layer:
    """A block's input plus what the block made, in the place of the latter."""
    rows = block.values.shape[2]
    band = max(8, BAND_VALUES // (block.values.shape[1] * block.values.shape[3]))
    for top in range(0, rows, band):
        bottom = min(top + band, rows)
        block.values[:, :, top:bottom] = kept.rows(top, bottom) + block.rows(top, bottom)
    return Layer(block.values, torch.ones_like(block.scale), torch.zeros_like(block.shift))
