"""A face swap from the picture to the picture: every stage in turn, and what each of them made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy
from numpy.typing import NDArray
from PIL import Image

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun
from engine.contracts.messages import Message
from engine.faces import identity_network
from engine.faces.align import samples
from engine.faces.aligned_face import AlignedFace
from engine.faces.blend import placed
from engine.faces.classical_swap import SHAPE, edited, placement_alone, reach
from engine.faces.descent import DescentSettings, descended
from engine.faces.drawing import region_picture, with_landmarks
from engine.faces.identities import folder_of
from engine.faces.meeting import Meeting
from engine.faces.preparation import Prepared, prepared, stage_of
from engine.faces.texture import like_photo
from engine.imaging.comparison import Panel
from engine.imaging.masks import Colours, Cover
from engine.imaging.tiles import Box
from engine.perceptual.network import perceptual_network

Method = Literal["patches", "network", "classical", "editor"]

SOFT_EYES = 45.0
"""Eye distance in pixels below which a picture of the identity is called soft."""
UNLIKE = 8.0
"""Distance of the best picture of the identity from which on the visitor is told; its unit is that of
:data:`engine.faces.aligned_face.UNITS`."""
SHOWN_CANDIDATES = 3
"""Pictures of the identity among the stages, the most fitting ones."""
GLASSES = 0.05
"""Share of a face that glasses cover from which on it wears some."""
PREPARED = 0.08
"""Share of the time that goes before a descent."""
PANEL_SIDE = 320
"""Side of the stages' pictures in pixels."""


@dataclass(frozen=True)
class SwapSettings:
    """How a face is swapped."""

    method: Method = "patches"
    number: int = 0
    """Which face of the scene is swapped: counted from the left from 1; 0 for the largest."""
    shape: float = SHAPE
    """See :data:`engine.faces.classical_swap.SHAPE`."""
    side: int = 256
    """Side in pixels of the crop that a network works in."""
    sources: int = 4
    """Most pictures of the identity that patches are taken from."""
    descent: DescentSettings = field(default_factory=DescentSettings)
    perceptual: str = "vgg19-normalised"
    """Entry of the catalogue."""
    trained: str = ""
    """Name of a network of one identity, see :mod:`engine.faces.identities`."""


@dataclass(frozen=True, eq=False)
class Swapped:
    """The result of a swap."""

    box: Box
    """The part of the picture that changes."""
    colours: Colours
    """New colours of the part that changes, ``(h, w, 3)``."""
    cover: Cover
    """How much of it is new; 0 where the picture stays to the last bit."""
    stages: Sequence[Panel]
    """Pictures of all stages of the swap, all of one size."""
    facts: TaskFacts


@dataclass(eq=False)
class _NewFace:
    """The result of one method, in the scene's crop."""

    result: Colours
    """The crop with the new face in it."""
    cover: Cover
    """Where the crop may differ from the scene."""
    new: Cover
    """Where the face is the new one."""
    panels: list[Plate] = field(default_factory=list)
    """Titles and pictures of the stages."""
    facts: TaskFacts = field(default_factory=TaskFacts)


Plate = tuple[Message, NDArray[numpy.uint8]]
"""Title and picture of a stage."""


@dataclass(frozen=True)
class _Work:
    """Arguments that every method gets."""

    meeting: Meeting
    settings: SwapSettings
    context: RunContext
    size: tuple[int, int]
    shown: Callable[[Box, Colours, Cover], Image.Image]
    begun: float

    def preview(self, ready: Prepared, cover: Cover) -> Callable[[Colours], Image.Image]:
        """A face of the descent -> the whole picture with it."""

        def shown(face: Colours) -> Image.Image:
            part = placed(ready.joined(face), cover, ready.scene.matrix, self.size)
            assert part is not None
            return self.shown(*part)

        return shown


def _by_editor(work: _Work) -> Generator[Step, None, _NewFace]:
    """A warp and a seamless clone."""
    yield from ()  # it takes no steps
    result, cover = edited(work.meeting.scene, work.meeting.best)
    return _NewFace(result, cover, cover)


def _by_classical(work: _Work) -> Generator[Step, None, _NewFace]:
    """The warp in the scene's light, blended."""
    yield from ()  # it takes no steps
    ready, panels = _prepared_with_panels(work)
    return _in_place(ready, ready.base, panels, TaskFacts())


def _by_patches(work: _Work) -> Generator[Step, None, _NewFace]:
    """V3's descent from there."""
    ready, panels = _prepared_with_panels(work)
    settings = work.settings
    network = perceptual_network(settings.perceptual, work.context.nets, in_bytes=work.context.device.uses_float32)
    stage = stage_of(work.meeting, ready, settings.shape, settings.sources)
    panels.append((Message("where patches may come from"), region_picture(stage.labels)))
    preview = work.preview(ready, reach(ready.place))
    run = StepRun(descended(network, stage, settings.descent, settings.side, work.context.job, preview))
    for step in run:
        yield step.within(work.begun, 0.99 - work.begun)
    face, figures = run.result
    unfinished: Message | None = None
    if figures["reached_size"][0] < settings.side:
        face = ready.base
        unfinished = Message("stopped early: this is the warp in your light, without patches")
    panels.append((Message("made of patches"), samples(ready.finer(face))))
    return _in_place(ready, face, panels, TaskFacts(figures=figures, unfinished=unfinished))


def _by_network(work: _Work) -> Generator[Step, None, _NewFace]:
    """One pass of a network that was trained for one identity."""
    yield from ()  # it takes no steps
    scene, name = work.meeting.scene, work.settings.trained
    ready = Prepared(scene, scene.crop, placement_alone(scene))
    net = identity_network.network(name, folder_of(work.context.settings), work.context.nets)
    face = identity_network.transformed(net, scene.crop)
    hint = Message("the identity of the network {name!r}", name=name)
    panels = [(Message("by the identity's network"), samples(ready.finer(face)))]
    return _in_place(ready, face, panels, TaskFacts(figures={"trained": name}, hints=[hint]))


_METHODS: Mapping[Method, Callable[[_Work], Generator[Step, None, _NewFace]]] = {
    "editor": _by_editor,
    "classical": _by_classical,
    "patches": _by_patches,
    "network": _by_network,
}


def _prepared_with_panels(work: _Work) -> tuple[Prepared, list[Plate]]:
    ready = prepared(work.meeting, work.settings.shape)
    assert ready.warped is not None
    warp = samples(ready.warped.colours)
    return ready, [(Message("warped"), warp), (Message("in your light"), samples(ready.base))]


def _in_place(ready: Prepared, face: Colours, panels: list[Plate], facts: TaskFacts) -> _NewFace:
    """A face of any size, blended into the scene's crop."""
    panels.append((Message("where it goes"), _grey(ready.place.cover)))
    return _NewFace(ready.joined(face), reach(ready.place), ready.place.cover, panels, facts)


def swapped(
    meeting: Meeting,
    settings: SwapSettings,
    context: RunContext,
    size: tuple[int, int],
    shown: Callable[[Box, Colours, Cover], Image.Image],
    begun: float = PREPARED,
) -> Generator[Step, None, Swapped]:
    """Put the identity's face into the scene's picture.

    Args:
        meeting: of the faces.
        settings: see there.
        context: a stop request ends a descent with the best face so far.
        size: of the picture, width and height.
        shown: what changes -> the preview.
        begun: share of the time that has gone before.
    """
    work = _Work(meeting, settings, context, size, shown, begun)
    face = yield from _METHODS[settings.method](work)
    plates = [*_meeting_plates(meeting), *face.panels, (Message("in its place"), samples(face.result))]
    panels = [Panel(title, _sized(values)) for title, values in plates]
    own = _facts(meeting)
    facts = replace(
        face.facts, figures={**own.figures, **face.facts.figures}, hints=[*face.facts.hints] or [*own.hints]
    )
    return Swapped(*_placed(face, meeting.scene, size), stages=panels, facts=facts)


def _meeting_plates(meeting: Meeting) -> list[Plate]:
    """Pictures of the analysis: landmarks and parts of the scene's face, and the best candidates of the identity."""
    scene = meeting.scene
    plates: list[Plate] = [
        (Message("your face"), samples(scene.crop)),
        (Message("68 landmarks"), with_landmarks(scene)),
        (Message("parts of your face"), scene.parts.picture()),
    ]
    for place, each in enumerate(meeting.candidates[:SHOWN_CANDIDATES]):
        title = Message("identity, picture {number}", number=each.number)
        if place:
            title = Message("then picture {number} ({distance:.1f})", number=each.number, distance=each.total)
        plates.append((title, with_landmarks(each.face)))
    return plates


def _placed(face: _NewFace, scene: AlignedFace, size: tuple[int, int]) -> tuple[Box, Colours, Cover]:
    """The result in the picture, which keeps its own detail where the face is not the new one.

    A crop may be coarser than the picture: beside the face only what the blend has changed is added.
    """
    after = placed(face.result, face.cover, scene.matrix, size)
    before = placed(scene.crop, face.cover, scene.matrix, size)
    inside = placed(numpy.repeat(face.new[..., None], 3, axis=2), face.cover, scene.matrix, size)
    assert after is not None  # the cover is no smaller than a part of a face that lies in the picture
    assert before is not None
    assert inside is not None
    box, colours, share = after
    own = scene.picture[box.top : box.bottom, box.left : box.right].astype(numpy.float32) / 255
    kept: Colours = (colours + (1 - inside[1]) * (own - before[1])).clip(0, 1)
    return box, like_photo(kept, own, inside[1][..., 0]), share


def _facts(meeting: Meeting) -> TaskFacts:
    figures = {
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
        return TaskFacts(figures=figures)
    best, hints = meeting.best, []
    if meeting.candidates[0].total > UNLIKE:
        hints.append(Message("no picture of the identity is like your photo in pose, expression and light"))
    if best.face.scale < SOFT_EYES:
        hints.append(Message("the best picture of the identity is small, so the result is soft"))
    if best.glasses > GLASSES > meeting.scene.glasses:
        hints.append(Message("the identity wears glasses in the best picture"))
    return TaskFacts(figures=figures, hints=hints)


def _grey(cover: Cover) -> NDArray[numpy.uint8]:
    return samples(numpy.repeat(cover[..., None], 3, axis=2))


def _sized(values: NDArray[numpy.uint8]) -> Image.Image:
    return Image.fromarray(numpy.ascontiguousarray(values)).resize((PANEL_SIDE, PANEL_SIDE), Image.Resampling.LANCZOS)
