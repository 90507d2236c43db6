"""Painters: what makes a picture of any size look painted, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.contracts.errors import PictureError
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.feedforward_style.banded_inference import in_bands
from engine.feedforward_style.style_card import TaughtStyle
from engine.feedforward_style.styles import (
    ANY_STYLE,
    DECODER,
    EARLIER,
    ENCODER,
    HUB,
    MAGENTA,
    MAGENTA_NETWORK,
    NETWORK,
)
from engine.hardware.memory import is_out_of_memory
from engine.imaging.detail import with_finest_luminance
from engine.imaging.tensors import enlarged, reduced
from engine.imaging.tiles import Box
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import LoadedNets
from engine.nets import adain
from engine.nets.adain import Decoder
from engine.nets.normalisation import Normalise, normalised
from engine.nets.style_predictor import StylePredictor
from engine.nets.transform import CLASSICAL, TransformNet, work_per_pixel
from engine.nets.vgg import VGG19
from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel

LEAST_WHOLE = 3_000_000
WHOLE_PIXELS: Mapping[str, int] = {"cpu": 1_500_000, "cuda": 10_000_000}
"""Larger pictures are painted part after part, by the kind of device; on a CPU that is quicker from about there on,
with AdaIN by a tenth at 1800 x 1800 pixels, and can be stopped."""
PAINTING = Message("painting")
TILE = 1024
"""Side in pixels of AdaIN's tiles."""
FINE_DETAIL = 0.5
"""Share of the finest luminance that our own network's pictures have from the photo: the network's own is a grain of
single pixels, for its loss hardly sees them."""


class Painter(Protocol):
    """A way to paint with the style already chosen."""

    @property
    def gflop_per_pixel(self) -> float:
        """Arithmetic in 1e9 multiplications and additions."""
        ...

    def paint(self, picture: Tensor, job: Job) -> Generator[Step, None, Tensor | None]:
        """``(1, 3, H, W)`` in [0, 1] -> as large, not clamped, float32; a generator. None when it was stopped."""
        ...

    def whole(self, picture: Tensor) -> Tensor:
        """The same in one piece, for small pictures; also of several ``(B, 3, H, W)`` at once."""
        ...


@dataclass(frozen=True)
class TransformPainter:
    """A transform network with a style, or a mixture of several."""

    net: TransformNet
    style: Tensor
    """``(1, P)``, float32, on the network's device."""
    normalise: Normalise = normalised
    fine_detail: float = 0.0
    """Share of the finest luminance that is the photo's."""

    @property
    def gflop_per_pixel(self) -> float:
        """See :class:`Painter`."""
        return work_per_pixel(self.net.stages)

    def paint(self, picture: Tensor, job: Job) -> Generator[Step, None, Tensor | None]:
        """See :class:`Painter`."""
        yield Step(done=0, stage=PAINTING)
        painted = _unless_too_large(self.whole, picture)
        if painted is None:
            painted = yield from in_bands(self.net, picture, self.style, job)
            return painted if painted is None else with_finest_luminance(painted, picture, self.fine_detail)
        return painted

    @torch.no_grad()
    def whole(self, picture: Tensor) -> Tensor:
        """See :class:`Painter`."""
        painted: Tensor = self.net(picture.contiguous(memory_format=torch.channels_last), self.style, self.normalise)
        return with_finest_luminance(painted, picture, self.fine_detail)

    def with_statistics(self, normalise: Normalise) -> TransformPainter:
        """The same painter with another way to normalise."""
        return replace(self, normalise=normalise)


@dataclass(frozen=True)
class AdaINPainter:
    """Any painting without training: the moments of its features are given to the photo's (Huang & Belongie 2017)."""

    encoder: VGG19
    decoder: Decoder
    style: tuple[Tensor, Tensor]
    """Mean and standard deviation of the painting's features, ``(1, C, 1, 1)``."""

    @property
    def gflop_per_pixel(self) -> float:
        """See :class:`Painter`; the decoder mirrors the encoder."""
        return 2 * vgg_gflop_per_pixel(adain.LAYER)

    def paint(self, picture: Tensor, job: Job) -> Generator[Step, None, Tensor | None]:
        """See :class:`Painter`. Tiles look as far around themselves as the networks do, moments are the picture's."""
        yield Step(done=0, stage=PAINTING)
        painted = _unless_too_large(self.whole, picture)
        if painted is not None:
            return painted
        height, width = (side + -side % adain.STEP for side in picture.shape[2:])
        boxes = Box(0, 0, width, height).tiles(TILE)
        boxes = [Box(*(edge - edge % adain.STEP for edge in (b.left, b.top, b.right, b.bottom))) for b in boxes]
        features: Tensor | None = None
        for index, box in enumerate(boxes):
            part = self._encoded(picture, box)
            if features is None:
                size = (1, part.shape[1], height // adain.STEP, width // adain.STEP)
                features = torch.empty(size, dtype=part.dtype, device=part.device)
            features[_places(box, adain.STEP)] = part
            yield Step(
                done=0.5 * (index + 1) / len(boxes),
                stage=Message("encoding, tile {tile} of {tiles}", tile=index + 1, tiles=len(boxes)),
            )
            if job.stopped:
                return None
        assert features is not None
        own = adain.moments(features)
        painted = torch.empty(1, 3, height, width, device=picture.device)
        for index, box in enumerate(boxes):
            painted[_places(box, 1)] = self._decoded(features, box, own)
            yield Step(
                done=0.5 + 0.5 * (index + 1) / len(boxes),
                stage=Message("painting, tile {tile} of {tiles}", tile=index + 1, tiles=len(boxes)),
            )
            if job.stopped:
                return None
        return painted[..., : picture.shape[2], : picture.shape[3]]

    @torch.no_grad()
    def whole(self, picture: Tensor) -> Tensor:
        """See :class:`Painter`."""
        features = self.encoder(_framed(picture), [adain.LAYER])[adain.LAYER]
        painted: Tensor = self.decoder(adain.adapted(features, adain.moments(features), self.style)).float()
        return painted[..., : picture.shape[2], : picture.shape[3]]

    @torch.no_grad()
    def _encoded(self, picture: Tensor, box: Box) -> Tensor:
        around = box.grown(adain.MARGIN * adain.STEP, (picture.shape[3], picture.shape[2]))
        part = picture[_places(around, 1)]
        features = self.encoder(_framed(part), [adain.LAYER])[adain.LAYER]
        inside = box.within(around)
        own: Tensor = features[_places(inside, adain.STEP)]
        return own

    @torch.no_grad()
    def _decoded(self, features: Tensor, box: Box, own: tuple[Tensor, Tensor]) -> Tensor:
        small = Box(*(edge // adain.STEP for edge in (box.left, box.top, box.right, box.bottom)))
        around = small.grown(adain.MARGIN, (features.shape[3], features.shape[2]))
        part = features[_places(around, 1)]
        decoded = self.decoder(adain.adapted(part, own, self.style)).float()
        inside = small.within(around)
        edges = (adain.STEP * edge for edge in (inside.left, inside.top, inside.right, inside.bottom))
        inner: Tensor = decoded[_places(Box(*edges), 1)]
        return inner


def trained(weights: Mapping[str, float], nets: LoadedNets) -> TransformPainter:
    """Our network with a mixture of its styles, or Magenta's, as published, with one of its own."""
    ours = not weights.keys() <= MAGENTA.keys()
    net = nets.get(NETWORK if ours else MAGENTA_NETWORK)
    assert isinstance(net, TransformNet)
    style = net.style(weights).to(nets.device.torch_device)
    return TransformPainter(net, style, fine_detail=FINE_DETAIL if ours else 0.0)


def taught(style: TaughtStyle, further: Mapping[str, float], nets: LoadedNets) -> TransformPainter:
    """Our network as it was then, with a style that it was taught, mixed with some of its own (weights against 1).

    Raises:
        PictureError: the style belongs to another network.
    """
    known = (name for name in (NETWORK, *EARLIER) if catalogue()[name].sha256.startswith(style.network))
    network = next(known, None)
    net = nets.get(network) if network else None
    if not isinstance(net, TransformNet) or len(style.numbers) != net.numbers:
        raise PictureError(Message("This style was taught to another version of the network; please teach it again."))
    numbers = torch.tensor(style.numbers)[None]
    if further:
        share = sum(further.values()) / (1 + sum(further.values()))
        numbers = torch.lerp(numbers, net.style(further), share)
    return TransformPainter(net, numbers.to(nets.device.torch_device), fine_detail=FINE_DETAIL)


def single_style(name: str, nets: LoadedNets) -> TransformPainter:
    """A network of the Hub that has one style."""
    net = nets.get(HUB[name][0])
    assert isinstance(net, TransformNet)
    return TransformPainter(net, net.style({CLASSICAL: 1.0}).to(nets.device.torch_device))


def like_painting(painting: Tensor, nets: LoadedNets) -> TransformPainter:
    """A painter for any painting ``(1, 3, h, w)`` in [0, 1], which keeps the photo's outlines."""
    predictor, net = (nets.get(name) for name in ANY_STYLE)
    assert isinstance(predictor, StylePredictor)
    assert isinstance(net, TransformNet)
    return TransformPainter(net, predictor(painting))


def like_moments(painting: Tensor, nets: LoadedNets) -> AdaINPainter:
    """A painter for any painting ``(1, 3, h, w)`` in [0, 1] by the moments of its features."""
    encoder, decoder = (nets.get(name) for name in (ENCODER, DECODER))
    assert isinstance(encoder, VGG19)
    assert isinstance(decoder, Decoder)
    # The decoder was trained on the features of the network as published; V1's poolings and borders are others.
    as_published = encoder.variant(pooling="max", padding="reflect")
    with torch.no_grad():
        style = adain.moments(as_published(painting, [adain.LAYER])[adain.LAYER])
    return AdaINPainter(as_published, decoder, style)


def smaller(painter: Painter, picture: Tensor, longer: int) -> Tensor:
    """The quick version after a stop: the picture is reduced to ``longer`` pixels, painted, and enlarged again."""
    return enlarged(painter.whole(reduced(picture, longer)), (picture.shape[3], picture.shape[2]))


def _unless_too_large(whole: Callable[[Tensor], Tensor], picture: Tensor) -> Tensor | None:
    """The whole picture at once, or None where that takes too much memory."""
    if picture.shape[2] * picture.shape[3] > WHOLE_PIXELS.get(picture.device.type, LEAST_WHOLE):
        return None
    try:
        return whole(picture)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return None


def _framed(picture: Tensor) -> Tensor:
    """With sides that are multiples of the features' step, by reflection."""
    below, beside = (-side % adain.STEP for side in picture.shape[2:])
    if not below and not beside:
        return picture
    return functional.pad(picture, (0, beside, 0, below), mode="reflect")


def _places(box: Box, step: int) -> tuple[EllipsisType, slice, slice]:
    """The index of a box in ``(..., H, W)``, counted in ``step`` pixels."""
    return (
        ...,
        slice(box.top // step, -(-box.bottom // step)),
        slice(box.left // step, -(-box.right // step)),
    )
