"""Face swap: the identity of some pictures put into another, in its pose, expression and light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy

from engine.contracts.context import RunContext
from engine.contracts.errors import ConsentError, MissingInputError, StoppedError
from engine.contracts.job import Step, StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Offer, Trial, destinations
from engine.imaging.comparison import Comparison
from engine.tasks.stylisation import Network as PerceptualName

if TYPE_CHECKING:
    from engine.contracts.settings import Settings
    from engine.faces.labelled_scene import Label
    from engine.faces.swap import Swapped, SwapSettings

WORKING_PIXELS = 24_000_000
MOST_PICTURES = 20
FACE_NETS = ("blazeface", "facemesh", "bisenetv2-faces")
PREPARATION = 40.0
"""Cost of finding, measuring, aligning and blending for each picture, as GFLOP that take the same time (measured)."""
PIXEL = 2.5e-5
"""The same for each pixel of the photo: it is searched in pieces, and written."""
NO_CONSENT = Message(
    "Please confirm that everybody who can be seen agrees to this swap (consent); without it nothing is made."
)


class Swap(Parameters):
    """Parameters that every swap has."""

    consent: bool = option(False, label="Everybody who can be seen here agrees", asked=True)
    """I may use these pictures, and nobody is deceived: the result carries a label, and the file says what it is."""
    face: int = option(0, low=0, high=50, step=1, label="Face")
    """Which face of the photo, counted from the left; 0 takes the largest."""
    shape: float = option(0.35, low=0, high=1, step=0.05, label="Shape of the identity")
    """How far eyes, nose and mouth move to the identity's places: more is more alike, but less like the scene."""
    label_corner: Literal["bottom right", "bottom left", "top right", "top left", "none"] = option(
        "bottom right", label="Where the label stands", advanced=True
    )
    """Corner for the words AI-generated; results without them only where the owner of the machine allows it."""
    label_size: float = option(3.0, low=2, high=8, step=0.5, label="Size of the label", advanced=True)
    """Height of the label's letters in per cent of the picture's shorter side."""
    size: int = option(256, low=256, high=512, step=128, label="Size of the face", advanced=True)
    """Side in pixels of the crop that patches are made in; finer details are the warped picture's."""
    sources: int = option(4, low=1, high=8, step=1, label="Pictures for patches", advanced=True)
    """How many of the identity's pictures patches are taken from, the most fitting ones first."""
    iterations: int = option(54, low=3, high=400, step=3, label="Iterations", advanced=True)
    """Steps of the descent at all scales together."""
    likeness: float = option(0.05, low=0, high=2, step=0.05, label="Likeness to your photo", advanced=True)
    """How much of your photo's own features stays, against the identity's patches."""
    rematch: int = option(8, low=1, high=100, step=1, label="Match every", advanced=True)
    """Look for the nearest patches every so many iterations; between them the last ones stay."""
    perceptual: PerceptualName = option("vgg19-normalised", label="Perceptual network", advanced=True)
    """Whose features are compared: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""


class FaceSwap(Swap):
    """Parameters of the face swap."""

    method: Literal["patches", "network", "classical", "editor"] = option("patches", label="Method")
    """Patches: a descent. Network: of one trained identity. Classical: warp, light, blend. Editor: warp and clone."""
    metadata: bool = option(False, label="Keep metadata", advanced=True)
    """The photo's EXIF (camera, date, place) goes into the result, too."""
    trained: str = option("moltedo", label="Identity of the network")
    """Only for the method network, which needs no pictures: whose face it puts in. Train others on the command line."""


INPUTS = (
    InputSpec(
        name="image",
        label=Message("Photo"),
        help=Message("The photo whose face is replaced; depth, transparency, colour profile and metadata are kept."),
        working_pixels=WORKING_PIXELS,
        raster=True,
        shows_face=True,
    ),
    InputSpec(
        name="identity",
        label=Message("Identity"),
        help=Message(
            "One or more pictures of the person to put in, each with one face; the more alike in pose, the better."
        ),
        least=0,
        most=MOST_PICTURES,
        shows_face=True,
    ),
)
"""The inputs of all tasks that swap."""
EXAMPLES = tuple(
    Example({"image": photo, "identity": (identity,)})
    for photo, identity in (
        ("moltedo.jpg", "astronaut.jpg"),
        ("astronaut.jpg", "moltedo.jpg"),
        ("young_woman.jpg", "moltedo.jpg"),
    )
)


HOW = HowItWorks(
    text=Message(
        "Your photo's face and the identity's are found, measured by 468 points, **aligned**, and taken apart "
        "(skin, brows, eyes, lips, hair). The identity's picture that looks most like your photo in pose, "
        "expression and light is **warped** onto your landmarks. Then V3's descent makes the face anew: content "
        "from your photo, patches from the identity's pictures, an eye only from eyes. It is blended in bands of "
        "detail, coarse ones widely, fine ones narrowly. Below: every stage of your run. "
        "[Korshunova et al. 2017](https://arxiv.org/abs/1611.09577)"
    ),
    inside=Message("the stages: landmarks, parts, identity, aligned, swapped"),
)


def label_of(parameters: Swap) -> Label:
    """How the parameters say that a result is labelled."""
    from engine.faces.labelled_scene import Label

    return Label(parameters.label_corner, parameters.label_size / 100)


def swap_settings(parameters: Swap, method: str) -> SwapSettings:
    """The settings of :mod:`engine.faces.swap` that the parameters stand for, with a ``method``."""
    from engine.faces.descent import DescentSettings
    from engine.faces.swap import SwapSettings

    return SwapSettings(
        method=method,  # type: ignore[arg-type]
        number=parameters.face,
        shape=parameters.shape,
        side=128 * round(parameters.size / 128),  # its scales have to be whole
        sources=parameters.sources,
        descent=DescentSettings(
            iterations=parameters.iterations, likeness=parameters.likeness, rematch=parameters.rematch
        ),
        perceptual=parameters.perceptual,
        trained=parameters.trained if isinstance(parameters, FaceSwap) else "",
    )


def check_swap(parameters: Swap, inputs: Inputs, method: str, settings: Settings) -> None:
    """Refuse a swap that may not or cannot be made.

    Raises:
        ConsentError: nobody has said that everybody agrees.
        ParameterError: no label is asked for, and the owner does not allow that.
        MissingInputError: there is no picture of the identity, where the method needs one.
    """
    from engine.faces.provenance import check_label

    if not parameters.consent:
        raise ConsentError(NO_CONSENT)
    check_label(parameters.label_corner, settings)
    if method != "network" and not inputs.get("identity"):
        raise MissingInputError(
            Message("Please give a picture for {input!r}: the person to put in.", input=Message("Identity"))
        )


def check_begun(context: RunContext) -> None:
    """StoppedError when a stop came before there was anything to keep."""
    if context.stopped:
        raise StoppedError(Message("Stopped before the swap began, so nothing was made."))


def run(inputs: Inputs, parameters: FaceSwap, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.faces.labelled_scene import LabelledScene
    from engine.faces.meeting import meet
    from engine.faces.swap import swapped

    method = parameters.method
    check_swap(parameters, inputs, method, context.settings)
    scene = LabelledScene(inputs["image"][0].as_raster(), label_of(parameters))
    needed = inputs.get("identity", ()) if method != "network" else ()
    identity = [numpy.asarray(each.image) for each in needed]
    before = preparation(len(identity), scene.size)
    share = 0.98 * before / (before + gflop(parameters, method, max(1, len(identity))))
    meeting = StepRun(meet(scene.picture, identity, parameters.face, context.nets))
    for step in meeting:
        yield step.within(0, share)
        check_begun(context)
    yield Step(done=share, stage=Message("warping the identity's face"), preview=scene.untouched)
    settings = swap_settings(parameters, method)
    run = StepRun(swapped(meeting.result, settings, context, scene.size, scene.preview, share))
    yield from run
    face = run.result
    raster = scene.with_face(face.box, face.colours, face.cover)
    if not parameters.metadata:
        raster = replace(raster, exif=None)
    if not context.stopped:
        stage = Message("in its place")
        yield Step(done=1, stage=stage, preview=lambda: scene.preview(face.box, face.colours, face.cover))
    work = gflop(parameters, method, len(identity)) if method == "patches" else 0.0
    stages = _labelled_stages(face, parameters)
    return TaskOutput(image=raster.image(), raster=raster, facts=face.facts, explanation=stages, gflop=work)


def _labelled_stages(face: Swapped, parameters: Swap) -> Comparison:
    for panel in face.stages:
        label_of(parameters).draw(panel.image)
    return Comparison(face.stages, last=False, columns=4, pair=(0, len(face.stages) - 1))


def weights_of(parameters: Swap, methods: Sequence[str]) -> tuple[str, ...]:
    """Entries of the catalogue for some methods."""
    return (*FACE_NETS, *([parameters.perceptual] if "patches" in methods else []))


def gflop(parameters: Swap, method: str, pictures: int) -> float:
    """Arithmetic of one method, without the preparation."""
    from engine.faces.descent import gflop as of_descent

    if method != "patches":
        return 0.1 * PREPARATION
    settings = swap_settings(parameters, method)
    return of_descent(settings.side, min(settings.sources, pictures), settings.descent)


def cost(parameters: FaceSwap, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    count = len(extents.get("identity", ()))
    return preparation(count, extents["image"][0].size) + gflop(parameters, parameters.method, max(1, count))


def preparation(count: int, size: tuple[int, int]) -> float:
    """Cost of the preparation, with ``count`` pictures of the identity and a photo of ``size``, as GFLOP."""
    return PREPARATION * (1 + count) + PIXEL * size[0] * size[1]


def _weights(parameters: FaceSwap) -> tuple[str, ...]:
    from engine.faces.identities import entries

    own = entries(parameters.trained) if parameters.method == "network" else ()
    return (*weights_of(parameters, (parameters.method,)), *own)


FACE_SWAP = TaskSpec(
    name="face-swap",
    title=Message("Face swap"),
    summary=Message("Puts the identity of some pictures into a photo, in its pose, expression and light."),
    paper="Korshunova, Shi, Dambre & Theis 2017, Fast face-swap using convolutional neural networks",
    parameters=FaceSwap,
    inputs=INPUTS,
    run=run,
    weights=_weights,
    cost=cost,
    result_size=lambda parameters, extents: extents["image"][0].size,
    how=HOW,
    examples=EXAMPLES,
    send_to=destinations("super-resolution", "style-v1", "style-v2", "style-v3", "face-swap"),
    offers=(
        Offer(
            label=Message("Make the face of patches"),
            values={"method": "patches"},
            improves=lambda parameters, made: parameters.method in ("editor", "classical"),
        ),
    ),
    trial=Trial(
        parameters={"consent": True, "iterations": 3},
        fourfold=({"iterations": 100}, {"iterations": 400}),
        optional_inputs=("identity",),
    ),
    bench=(
        *(
            BenchCase(values={"consent": True, "method": name}, inputs=("identity",))
            for name in ("editor", "classical", "patches")
        ),
        BenchCase(values={"consent": True, "method": "network", "trained": "moltedo"}),
    ),
)
