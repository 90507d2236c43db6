"""Training material for the network of one identity: aligned faces, and the targets of their losses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.messages import Message
from engine.faces.aligned_face import AlignedFace, align_face, choose_face, ranked
from engine.faces.descent import DescentSettings, FaceEnergy, Stage
from engine.faces.detection import find_faces
from engine.faces.identity_network import SIDE
from engine.faces.meeting import Meeting
from engine.faces.preparation import prepared, stage_of
from engine.imaging.masks import Colours
from engine.model_store.loaded_nets import LoadedNets
from engine.perceptual.network import PerceptualNetwork

SHAPE = 0.0
"""The network cannot know how far a face's shape is from the identity's; it keeps the scene's."""
SOURCES = 4
"""Most pictures of the identity for one scene."""
MOST_ENERGIES = 48
"""Scenes whose features stay in memory, 40 MB each at 256 pixels; others are made again."""


@dataclass(frozen=True)
class Settings:
    """Settings of a training."""

    iterations: int = 20_000
    batch: int = 4
    side: int = SIDE
    """Side of the aligned faces in pixels, a multiple of 32."""
    variants: int = 6
    """Number of variants of each photo: mirrored, tilted, shifted, lit in another way."""
    likeness: float = 0.05
    """Weight of the content term."""
    rate: float = 1e-3
    seed: int = 0


class Lessons:
    """Scenes with what the losses compare them with, made when first asked for.

    Args:
        network: perceptual network.
        scenes: aligned faces of the photos.
        identity: aligned faces of the identity.
        settings: of the training.
    """

    def __init__(
        self,
        network: PerceptualNetwork,
        scenes: Sequence[AlignedFace],
        identity: Sequence[AlignedFace],
        settings: Settings,
    ) -> None:
        self._network = network
        self._descent = DescentSettings(likeness=settings.likeness, start=0.0, smoothing=0.0, rematch=1)
        self.stages = [_stage(scene, identity) for scene in scenes]
        self._energies: OrderedDict[tuple[int, int], FaceEnergy] = OrderedDict()

    def energy(self, index: int, side: int) -> FaceEnergy:
        """The energy (loss terms) of one scene at one size; the latest ones are kept."""
        if (index, side) not in self._energies:
            self._energies[index, side] = FaceEnergy(self._network, self.stages[index], self._descent, side)
        self._energies.move_to_end((index, side))
        while len(self._energies) > MOST_ENERGIES:
            self._energies.popitem(last=False)
        return self._energies[index, side]


def _stage(scene: AlignedFace, identity: Sequence[AlignedFace]) -> Stage:
    meeting = Meeting(scene, ranked(scene, identity), 1)
    return stage_of(meeting, prepared(meeting, SHAPE), SHAPE, SOURCES)


def aligned_faces(
    pictures: Sequence[NDArray[numpy.uint8]], settings: Settings, nets: LoadedNets, of: Message, *, mirrored: bool
) -> list[AlignedFace]:
    """Aligned faces: of the identity each with its mirror image, of photos in several variants."""
    random = numpy.random.default_rng(settings.seed)
    aligned = []
    for picture in pictures:
        try:
            face = choose_face(find_faces(picture, nets), of)
        except PictureError:
            continue
        if mirrored:
            variants: list[NDArray[numpy.uint8]] = [picture, numpy.ascontiguousarray(picture[:, ::-1])]
        else:
            scene = align_face(picture, face, max(settings.side, SIDE), nets)
            variants = [_variant(scene, random, first=index == 0) for index in range(settings.variants)]
        for each in variants:
            faces = find_faces(each, nets)
            if faces:
                largest = max(faces, key=lambda one: one.box.area)
                aligned.append(align_face(each, largest, max(settings.side, SIDE), nets))
    if not aligned:
        raise ParameterError(Message("No usable face was found in the pictures of the {kind}.", kind=of))
    return aligned


def _variant(scene: AlignedFace, random: numpy.random.Generator, *, first: bool) -> NDArray[numpy.uint8]:
    """A picture of the head with some surroundings: mirrored, tilted, and lit in another way; the first as it is."""
    side = scene.side
    margin = side // 4
    turn, grow = (0.0, 1.0) if first else (random.normal(0, 5), random.normal(1, 0.04))
    middle = ((side - 1) / 2, (side - 1) / 2)
    change = cv2.getRotationMatrix2D(middle, turn, grow)
    change[:, 2] += margin
    whole = numpy.vstack([change, [0, 0, 1]]) @ numpy.vstack([scene.matrix, [0, 0, 1]])
    size = (side + 2 * margin, side + 2 * margin)
    image: NDArray[Any] = cv2.warpAffine(scene.picture, whole[:2], size, borderMode=cv2.BORDER_REPLICATE)
    if first:
        return image
    if random.random() < 0.5:
        image = image[:, ::-1]
    values: Colours = image.astype(numpy.float32) / 255
    ramp = numpy.linspace(-1, 1, size[0], dtype=numpy.float32)
    shade = 1 + random.normal(0, 0.12) * ramp[None, :, None] + random.normal(0, 0.08) * ramp[:, None, None]
    tint = random.normal(1, 0.06, 3).astype(numpy.float32) * random.normal(1, 0.1)
    values = (values ** float(numpy.exp(random.normal(0, 0.15))) * shade * tint).clip(0, 1)
    return numpy.ascontiguousarray((255 * values).round().astype(numpy.uint8))
