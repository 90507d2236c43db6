"""A face swap from the picture to the picture: every stage in turn, and what each of them made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.contracts.job import Job, Step, Walk
from engine.faces.align import Colours, Cover, alignment, scale_of
from engine.faces.aligned_face import Candidate, Head, chosen, head_of, ranked, region_labels
from engine.faces.blend import placed, samples
from engine.faces.classical_swap import SHAPE, Fit, Warped, edited, fit, fit_alone, in_light, joined, reach, warped
from engine.faces.descent import Settings, Stage, descended
from engine.faces.detection import find_faces
from engine.faces.drawing import region_picture, with_landmarks
from engine.faces.face import Face
from engine.faces.identity_network import network as trained_network
from engine.faces.identity_network import transformed
from engine.hardware.device import Device
from engine.imaging.comparison import Panel
from engine.imaging.tiles import Box
from engine.perceptual.network import perceptual_network

Method = Literal["patches", "network", "classical", "editor"]

CROP_SIDES = 256, 1024
"""Smallest and largest side in pixels of the crop that a face is swapped in; between them it is as fine as the
picture."""
SOFT_EYES = 45.0
"""Eye distance in pixels below which a picture of the identity is called soft."""
UNLIKE = 8.0
"""Distance of the best picture of the identity from which on the visitor is told; see :data:`head.UNITS`."""
SHOWN_CANDIDATES = 3
"""Pictures of the identity among the stages, the most fitting ones."""
PREPARED = 0.08
"""Share of the time that goes before a descent."""


@dataclass(frozen=True)
class Swapping:
    """How a face is swapped."""

    method: Method = "patches"
    number: int = 0
    """Of the face, from the left from 1; 0 for the largest."""
    shape: float = SHAPE
    """See :data:`engine.faces.classical_swap.SHAPE`."""
    side: int = 256
    """Of the crop that a network works in, in pixels."""
    sources: int = 4
    """Most pictures of the identity that patches are taken from."""
    descent: Settings = field(default_factory=Settings)
    perceptual: str = "vgg19-normalised"
    """Entry of the catalogue."""
    trained: str = ""
    """Name of a network of one identity, see there."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """A scene, and the identity's faces over it."""

    scene: Head
    candidates: Sequence[Candidate]
    """The most fitting first."""
    count: int
    """Faces in the scene's picture."""

    @property
    def best(self) -> Head:
        """The most fitting picture of the identity."""
        return self.candidates[0].head


@dataclass(frozen=True, eq=False)
class Swapped:
    """What a swap made."""

    box: Box
    """The part of the picture that changes."""
    colours: Colours
    """Of that part."""
    cover: Cover
    """How much of it is new; 0 where the picture stays to the last bit."""
    stages: Sequence[Panel]
    """What every stage made, all of one size."""
    facts: Mapping[str, Any]


def meet(
    picture: NDArray[numpy.uint8], identity: Sequence[NDArray[numpy.uint8]], number: int, device: Device
) -> Generator[Step, None, Meeting]:
    """Find, measure, align and take apart all faces, and rank the identity's.

    Raises:
        PictureError: a picture without a usable face, by its name; several faces in a picture of the identity are no
            error: the largest is meant.
    """
    yield Step(done=0, stage="looking for the face")
    faces = find_faces(picture, device)
    face = chosen(faces, "Photo", number)
    scene = head_of(picture, face, crop_side(face), device)
    heads = []
    for index, each in enumerate(identity, start=1):
        yield Step(done=index / (len(identity) + 1), stage=f"measuring picture {index} of the identity")
        name = f"Identity, picture {index}" if len(identity) > 1 else "Identity"
        heads.append(head_of(each, chosen(find_faces(each, device), name), CROP_SIDES[0], device))
    return Meeting(scene, ranked(scene, heads), len(faces))


def crop_side(face: Face) -> int:
    """Pixels of the crop whose pixels are as large as the picture's, a multiple of 32 within :data:`CROP_SIDES`."""
    side = 1 / scale_of(alignment(face, 1))
    return int(min(max(32 * round(side / 32), CROP_SIDES[0]), CROP_SIDES[1]))


@dataclass(frozen=True, eq=False)
class Prepared:
    """What all methods but the editor start from."""

    scene: Head
    base: Colours
    """The face in the crop, as good as it is without a network: the warp in the scene's light, or the scene."""
    fit: Fit
    made: Warped | None = None
    """The best picture of the identity over the scene; None for a network, which needs none."""

    def joined(self, face: Colours) -> Colours:
        """A face of any size, in the scene's crop; details that it is too small for are the base's."""
        return joined(self.finer(face), self.scene, self.fit)

    def finer(self, face: Colours) -> Colours:
        """A face in the crop's size: what it has more than the base is added to it."""
        side, small = self.base.shape[0], face.shape[0]
        if side == small:
            return face
        if side < small:
            reduced: Colours = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
            return reduced
        before = cv2.resize(self.base, (small, small), interpolation=cv2.INTER_AREA)
        more = cv2.resize(face - before, (side, side), interpolation=cv2.INTER_CUBIC)
        made: Colours = (self.base + more).clip(0, 1)
        return made


def prepared(meeting: Meeting, shape: float) -> Prepared:
    """The classical chain up to the light."""
    scene, best = meeting.scene, meeting.best
    made = warped(scene, best, shape)
    return Prepared(scene, in_light(made, scene), fit(scene, made, best), made)


def stage_of(meeting: Meeting, ready: Prepared, shape: float, most: int) -> Stage:
    """What a descent works on: the identity's pictures over the scene, each in its light."""
    scene, made = meeting.scene, ready.made
    assert made is not None
    faces, valid = [ready.base], [made.skin]
    for candidate in meeting.candidates[1:most]:
        other = warped(scene, candidate.head, shape)
        faces.append(in_light(other, scene))
        valid.append(other.skin)
    labels = region_labels(made.landmarks, scene.inside)
    return Stage(scene.crop, faces, valid, labels, ready.fit.cover)


def swapped(
    meeting: Meeting, how: Swapping, device: Device, job: Job, size: tuple[int, int],
    shown: Callable[[Box, Colours, Cover], Image.Image], begun: float = PREPARED,
) -> Generator[Step, None, Swapped]:  # fmt: skip
    """Put the identity's face into the scene's picture.

    Args:
        meeting: of the faces.
        how: see there.
        device: for the networks.
        job: a stop request ends a descent with the best face so far.
        size: of the picture, width and height.
        shown: what changes -> the preview.
        begun: share of the time that has gone before.
    """
    scene = meeting.scene
    facts: dict[str, Any] = {}
    panels = [
        ("your face", samples(scene.crop)),
        ("68 landmarks", with_landmarks(scene)),
        ("parts of your face", scene.parts.picture()),
    ]
    for place, each in enumerate(meeting.candidates[:SHOWN_CANDIDATES]):
        title = f"then picture {each.number} ({each.total:.1f})" if place else f"identity, picture {each.number}"
        panels.append((title, with_landmarks(each.head)))
    if how.method == "editor":
        result, cover = edited(scene, meeting.best)
        new = cover
    else:
        if how.method == "network":
            ready = Prepared(scene, scene.crop, fit_alone(scene))
        else:
            ready = prepared(meeting, how.shape)
            assert ready.made is not None
            panels += [("warped", samples(ready.made.colours)), ("in your light", samples(ready.base))]
        face = ready.base
        cover, new = reach(ready.fit), ready.fit.cover

        def preview(face: Colours) -> Image.Image:
            found = placed(ready.joined(face), cover, scene.matrix, size)
            assert found is not None
            return shown(*found)

        if how.method == "patches":
            network = perceptual_network(how.perceptual, device)
            stage = stage_of(meeting, ready, how.shape, how.sources)
            panels.append(("where patches may come from", region_picture(stage.labels)))
            walk = Walk(descended(network, stage, how.descent, how.side, job, preview))
            for step in walk:
                yield step.within(begun, 0.99 - begun)
            face, facts = walk.result
            if facts["reached_size"][0] < how.side:
                face, facts["unfinished"] = ready.base, "stopped early: this is the warp in your light, without patches"
            panels.append(("made of patches", samples(ready.finer(face))))
        elif how.method == "network":
            exact = replace(device, dtype=torch.float32)  # what is added in bfloat16 would show its steps
            face = transformed(trained_network(how.trained, exact), scene.crop, exact)
            facts = {"trained": how.trained, "hints": [f"the identity of the network {how.trained!r}"]}
            panels.append(("by the identity's network", samples(ready.finer(face))))
        result = ready.joined(face)
        panels.append(("where it goes", _grey(ready.fit.cover)))
    panels.append(("in its place", samples(result)))
    stages = [Panel(title, _sized(values)) for title, values in panels]
    return Swapped(*_placed(result, new, cover, scene, size), stages=stages, facts={**_facts(meeting), **facts})


def _placed(
    result: Colours, new: Cover, cover: Cover, scene: Head, size: tuple[int, int]
) -> tuple[Box, Colours, Cover]:
    """The result in the picture, which keeps its own detail where the face is not the ``new`` one.

    A crop may be coarser than the picture: beside the face only what the blend has changed is added.
    """
    found = placed(result, cover, scene.matrix, size)
    before = placed(scene.crop, cover, scene.matrix, size)
    inside = placed(numpy.repeat(new[..., None], 3, axis=2), cover, scene.matrix, size)
    assert found is not None  # the cover is no smaller than a part of a face that lies in the picture
    assert before is not None
    assert inside is not None
    box, colours, share = found
    own = scene.picture[box.top : box.bottom, box.left : box.right].astype(numpy.float32) / 255
    kept: Colours = (colours + (1 - inside[1]) * (own - before[1])).clip(0, 1)
    return box, kept, share


def _facts(meeting: Meeting) -> dict[str, Any]:
    told: dict[str, Any] = {
        "faces": meeting.count,
        "crop": meeting.scene.side,
        "turned": round(meeting.scene.face.yaw),
        "ranking": [
            {"picture": each.number, "total": round(each.total, 2)}
            | {name: round(value, 2) for name, value in each.apart.items()}
            for each in meeting.candidates
        ],
    }
    if not meeting.candidates:
        return told
    best = meeting.best
    unlike = meeting.candidates[0].total > UNLIKE
    told["hints"] = [
        *(["no picture of the identity is like your photo in pose, expression and light"] if unlike else []),
        *(["the best picture of the identity is small, so the result is soft"] if best.face.scale < SOFT_EYES else []),
        *(["the identity wears glasses in the best picture"] if best.glasses > 0.05 > meeting.scene.glasses else []),
    ]
    return told


def _grey(cover: Cover) -> NDArray[numpy.uint8]:
    return samples(numpy.repeat(cover[..., None], 3, axis=2))


PANEL_SIDE = 320
"""Of the stages' pictures."""


def _sized(values: NDArray[numpy.uint8]) -> Image.Image:
    return Image.fromarray(numpy.ascontiguousarray(values)).resize((PANEL_SIDE, PANEL_SIDE), Image.Resampling.LANCZOS)
