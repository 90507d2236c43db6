"""Super-resolution on the frames of a video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from engine.contracts.context import RunContext
from engine.contracts.errors import VideoError
from engine.contracts.job import Job, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, Kind, TaskSpec
from engine.contracts.task_parts import Trial
from engine.super_resolution.enlarge import gflop, tile_for
from engine.super_resolution.methods import LARGEST, METHODS, TITLES
from engine.tasks.super_resolution import SUPER_RESOLUTION, MethodName
from engine.tasks.video_input import VIDEO

if TYPE_CHECKING:
    from engine.model_store.loaded_nets import LoadedNets
    from engine.video.frames import Frame


class SuperResolutionVideo(Parameters):
    """Parameters of super-resolution on videos."""

    method: MethodName = option("compact", label="Method")
    """The fast network is ours; what a sharp one invents differs from frame to frame and flickers."""
    scale: float = option(2.0, low=1, high=LARGEST, step=0.5, label="Scale")
    """How much longer every side becomes."""
    faithful: bool = option(True, label="Faithful colours")
    """A GAN's colours stray; one step of back-projection leads them back to the video's. Off: the network's own."""

    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {"method": TITLES}


INPUTS = (VIDEO,)


def run(inputs: Inputs, parameters: SuperResolutionVideo, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.video.video import processed

    return (yield from processed(inputs["video"][0], frame_enlarger(parameters, context.nets), context))


def frame_enlarger(parameters: SuperResolutionVideo, nets: LoadedNets) -> Callable[[Frame], Frame]:
    """A function that enlarges one frame."""
    import numpy

    from engine.super_resolution.tiled_inference import enlarge
    from engine.video.frames import MOST_PIXELS

    scale = parameters.scale
    chain = METHODS[parameters.method].chain(scale, faithful=parameters.faithful)

    def enlarged(frame: Frame) -> Frame:
        height, width = (round(scale * side) for side in frame.shape[:2])
        if width * height > MOST_PIXELS:
            largest = int(10 * (MOST_PIXELS / (frame.shape[0] * frame.shape[1])) ** 0.5) / 10
            raise VideoError(
                Message(
                    "The video would have {width} x {height} pixels; please choose a scale of at most {largest}.",
                    width=width,
                    height=height,
                    largest=largest,
                )
            )
        result = numpy.empty((1, height, width, 3), numpy.uint8)
        tile = tile_for(max(frame.shape[:2]), nets.device.kind)
        for _ in enlarge(frame[None], result, chain, tile=tile, scale=scale, nets=nets, job=Job()):
            pass
        # H.264 keeps colours for squares of two pixels a side.
        return numpy.ascontiguousarray(result[0, : height - height % 2, : width - width % 2])

    return enlarged


def cost(parameters: SuperResolutionVideo, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    video = extents["video"][0]
    return video.frames * gflop(parameters.method, parameters.scale, video.size)


SUPER_RESOLUTION_VIDEO = TaskSpec(
    name="super-resolution-video",
    title=Message("Super-resolution, video"),
    summary=Message("Enlarges every frame of a video, each by itself; its sound stays."),
    paper=SUPER_RESOLUTION.paper,
    parameters=SuperResolutionVideo,
    inputs=INPUTS,
    output=Kind.VIDEO,
    run=run,
    cost=cost,
    trial=Trial(
        parameters={"method": "bicubic", "scale": 2},
        fourfold=({"method": "bicubic", "scale": 2}, {"method": "bicubic", "scale": 4}),
        explained=False,
    ),
    bench=(),
    weights=lambda parameters: METHODS[parameters.method].weights(parameters.scale),
)
