"""Face swap: the identity of some pictures put into another, in its pose, expression and light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy
from PIL import Image

from engine.contracts.errors import ParameterError, StoppedError
from engine.contracts.job import Job, Outcome, Run, Step, Walk
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.imaging.comparison import Comparison
from engine.imaging.raster import COMPOSITE, Raster
from engine.tasks.stylisation import Network as PerceptualName

if TYPE_CHECKING:
    from engine.faces.align import Colours, Cover
    from engine.faces.swap import Swapping
    from engine.imaging.tiles import Box

WORKING_PIXELS = 24_000_000
MOST_PICTURES = 20
FACE_NETS = ("blazeface", "facemesh", "bisenetv2-faces")
PREPARATION = 40.0
"""What finding, measuring, aligning and blending take for each picture, as GFLOP that take the same time (measured)."""
PIXEL = 2.5e-5
"""The same for each pixel of the photo: it is searched in pieces, and written."""
PREVIEW_SIDE = 1024
NO_CONSENT = "Please confirm that everybody who can be seen agrees to this swap (consent); without it nothing is made."


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
    PictureInput(
        name="image",
        label="Photo",
        help="The photo whose face is replaced; depth, transparency, colour profile and metadata are kept.",
        working_pixels=WORKING_PIXELS,
        raster=True,
    ),
    PictureInput(
        name="identity",
        label="Identity",
        help="One or more pictures of the person to put in, each with one face; the more alike in pose, the better.",
        least=0,
        most=MOST_PICTURES,
    ),
)
"""Of all tasks that swap."""


def swapping_of(parameters: Swap, method: str) -> Swapping:
    """What the parameters say about a method."""
    from engine.faces.descent import Settings
    from engine.faces.swap import Swapping

    settings = Settings(
        iterations=parameters.iterations, likeness=parameters.likeness, rematch=parameters.rematch
    )  # fmt: skip
    return Swapping(
        method=method,  # type: ignore[arg-type]
        number=parameters.face,
        shape=parameters.shape,
        side=128 * round(parameters.size / 128),  # its scales have to be whole
        sources=parameters.sources,
        descent=settings,
        perceptual=parameters.perceptual,
        trained=parameters.trained if isinstance(parameters, FaceSwap) else "",
    )


def checked(parameters: Swap) -> None:
    """ParameterError without consent, or for a label that may not be left out."""
    from engine.faces.provenance import label

    if not parameters.consent:
        raise ParameterError(NO_CONSENT)
    label((256, 256), parameters.label_corner, parameters.label_size / 100)


def check_identity(pictures: Pictures, method: str) -> None:
    """ParameterError without a picture of the identity, where the method needs one."""
    if method != "network" and not pictures.get("identity"):
        raise ParameterError("Please give a picture for 'Identity': the person to put in.")


def begun(job: Job) -> None:
    """StoppedError when a stop came before there was anything to keep."""
    if job.stopped:
        raise StoppedError("Stopped before the swap began, so nothing was made.")


class Scene:
    """The visitor's photo, and what becomes of it.

    Args:
        raster: of the photo.
        parameters: for the label.
    """

    def __init__(self, raster: Raster, parameters: Swap) -> None:
        from engine.imaging.canvas import Canvas

        self._raster, self._parameters = raster, parameters
        self.picture = Canvas(raster).image
        """``(H, W, 3)``, sRGB."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]

    def with_face(self, box: Box, colours: Colours, cover: Cover, *, plain: bool = False) -> Raster:
        """With what changes, the label, and the statement of what it is; all else to the last bit as it was.

        Only a step on the way may be ``plain``, without the label.
        """
        from engine.faces.provenance import label
        from engine.imaging.canvas import Canvas

        canvas = Canvas(self._raster)
        canvas.put(box, colours, cover, alpha="kept")
        made = label(self.size, self._parameters.label_corner, self._parameters.label_size / 100)
        if made is not None and not plain:
            canvas.put(*made, alpha="opaque")
        return replace(canvas.raster, source_type=COMPOSITE)

    def preview(self, box: Box, colours: Colours, cover: Cover) -> Image.Image:
        """For the page: reduced, and with the label, too."""
        cut = (slice(box.top, box.bottom), slice(box.left, box.right))
        shown = self.picture.copy()
        share = cover[..., None]
        shown[cut] = (share * 255 * colours + (1 - share) * shown[cut]).round().astype(numpy.uint8)
        return self._labelled(Image.fromarray(shown))

    def untouched(self) -> Image.Image:
        """A preview before there is a face."""
        return self._labelled(Image.fromarray(self.picture))

    def _labelled(self, image: Image.Image) -> Image.Image:
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BILINEAR)
        return labelled(image, self._parameters)


def labelled(image: Image.Image, parameters: Swap) -> Image.Image:
    """An image with the label, drawn into itself."""
    from engine.faces.provenance import label

    made = label(image.size, parameters.label_corner, parameters.label_size / 100)
    if made is not None:
        box, colours, cover = made
        plate = Image.fromarray((255 * colours).round().astype(numpy.uint8))
        image.paste(plate, (box.left, box.top), Image.fromarray((255 * cover).round().astype(numpy.uint8)))
    return image


def run(pictures: Pictures, parameters: FaceSwap, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.faces.swap import meet, swapped
    from engine.hardware.device import best_device

    checked(parameters)
    check_identity(pictures, parameters.method)
    device = best_device()
    scene = Scene(pictures["image"][0].as_raster(), parameters)
    needed = pictures.get("identity", ()) if parameters.method != "network" else ()
    identity = [numpy.asarray(each.image) for each in needed]
    meeting = Walk(meet(scene.picture, identity, parameters.face, device))
    whole = preparation(len(identity), scene.size)
    share = 0.98 * whole / (whole + gflop(parameters, parameters.method, max(1, len(identity))))
    for step in meeting:
        yield step.within(0, share)
        begun(job)
    how = swapping_of(parameters, parameters.method)
    yield Step(done=share, stage="warping the identity's face", preview=scene.untouched)
    walk = Walk(swapped(meeting.result, how, device, job, scene.size, scene.preview, share))
    yield from walk
    found = walk.result
    raster = scene.with_face(found.box, found.colours, found.cover)
    if not parameters.metadata:
        raster = replace(raster, exif=None)
    for panel in found.stages:
        labelled(panel.image, parameters)
    stages = Comparison(found.stages, last=False, columns=4, pair=(found.stages[0].title, found.stages[-1].title))
    if not job.stopped:
        yield Step(done=1, stage="in its place", preview=lambda: scene.preview(found.box, found.colours, found.cover))
    work = gflop(parameters, parameters.method, len(identity)) if parameters.method == "patches" else 0.0
    return Outcome(image=raster.image(), raster=raster, facts=found.facts, explanation=stages, gflop=work)


def weights_of(parameters: Swap, methods: Sequence[str]) -> tuple[str, ...]:
    """Entries of the catalogue for some methods."""
    return (*FACE_NETS, *([parameters.perceptual] if "patches" in methods else []))


def gflop(parameters: Swap, method: str, pictures: int) -> float:
    """Arithmetic of one method, without the preparation."""
    from engine.faces.descent import gflop as of_descent

    if method != "patches":
        return 0.1 * PREPARATION
    how = swapping_of(parameters, method)
    return of_descent(how.side, min(how.sources, pictures), how.descent)


def cost(parameters: FaceSwap, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    count = len(sizes.get("identity", ()))
    return preparation(count, sizes["image"][0]) + gflop(parameters, parameters.method, max(1, count))


def trained_names() -> list[str]:
    """Of the networks that the method network can use here."""
    from engine.faces.identities import names

    return names()


def preparation(count: int, size: tuple[int, int]) -> float:
    """What goes before a swap, with ``count`` pictures of the identity and a photo of ``size``, as GFLOP."""
    return PREPARATION * (1 + count) + PIXEL * size[0] * size[1]


def _weights(parameters: FaceSwap) -> tuple[str, ...]:
    from engine.faces.identities import entries

    own = entries(parameters.trained) if parameters.method == "network" else ()
    return (*weights_of(parameters, (parameters.method,)), *own)


FACE_SWAP = Task(
    name="face-swap",
    title="Face swap",
    summary="Puts the identity of some pictures into a photo, in its pose, expression and light.",
    paper="Korshunova, Shi, Dambre & Theis 2017, Fast face-swap using convolutional neural networks",
    parameters=FaceSwap,
    inputs=INPUTS,
    run=run,
    weights=_weights,
    cost=cost,
)
