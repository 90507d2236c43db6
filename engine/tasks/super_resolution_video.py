"""Super-resolution on the frames of a video."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.contracts.errors import PictureError
from engine.contracts.job import Job
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Pictures
from engine.runtime.films import FilmTask
from engine.super_resolution.methods import LARGEST, METHODS
from engine.tasks.super_resolution import SUPER_RESOLUTION, MethodName, tile_for

if TYPE_CHECKING:
    from engine.video.reader import Frame


class SuperResolutionVideo(Parameters):
    """Parameters of super-resolution on videos."""

    method: MethodName = option("compact", label="Method")
    """The compact network is quick; what a GAN invents differs from frame to frame and flickers."""
    scale: float = option(2.0, low=1, high=LARGEST, step=0.5, label="Scale")
    """How much longer every side becomes."""
    faithful: bool = option(True, label="Faithful colours")
    """A GAN's colours stray; one step of back-projection leads them back to the video's. Off: the network's own."""


def painter(pictures: Pictures, parameters: SuperResolutionVideo) -> Callable[[Frame], Frame]:
    """See :attr:`engine.runtime.films.FilmTask.painter`."""
    import numpy

    from engine.hardware.device import best_device
    from engine.super_resolution.tiled_inference import enlarge
    from engine.video.reader import MOST_PIXELS

    scale = parameters.scale
    chain = METHODS[parameters.method].chain(scale, faithful=parameters.faithful)
    kind = best_device().torch_device.type

    def paint(frame: Frame) -> Frame:
        height, width = (round(scale * side) for side in frame.shape[:2])
        if width * height > MOST_PIXELS:
            largest = int(10 * (MOST_PIXELS / (frame.shape[0] * frame.shape[1])) ** 0.5) / 10
            raise PictureError(
                f"The video would have {width} x {height} pixels; please choose a scale of at most {largest}."
            )
        result = numpy.empty((1, height, width, 3), numpy.uint8)
        tile = tile_for(max(frame.shape[:2]), kind)
        for _ in enlarge(frame[None], result, chain, tile=tile, scale=scale, job=Job()):
            pass
        # H.264 keeps colours for squares of two pixels a side.
        return numpy.ascontiguousarray(result[0, : height - height % 2, : width - width % 2])

    return paint


SUPER_RESOLUTION_VIDEO = FilmTask(
    name="super-resolution-video",
    title="Super-resolution, video",
    summary="Enlarges every frame of a video, each by itself; its sound stays.",
    paper=SUPER_RESOLUTION.paper,
    parameters=SuperResolutionVideo,
    inputs=(),
    painter=painter,
    weights=lambda parameters: METHODS[parameters.method].weights(parameters.scale),
)
