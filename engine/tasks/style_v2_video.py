"""Style V2 on the frames of a video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from engine.contracts.context import RunContext
from engine.contracts.job import TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import option
from engine.contracts.task import Extent, Extents, Inputs, Kind, TaskSpec
from engine.contracts.task_parts import Trial
from engine.tasks.one_pass import OnePass, cover_of, finished, painter_of, result_size
from engine.tasks.style_v2 import INPUTS, STYLE_V2
from engine.tasks.video_input import VIDEO

if TYPE_CHECKING:
    from engine.model_store.loaded_nets import LoadedNets
    from engine.video.frames import Frame


LONGEST = 1920
"""Longer side of the frames in pixels: each is painted in one piece."""


CODED = 45e-6
"""Reading, smoothing and writing a pixel of a frame takes the time of so many 1e9 operations (CPU cores)."""


class StyleV2Video(OnePass):
    """Parameters of style V2 on videos."""

    size: int = option(640, low=0, high=LONGEST, step=16, label="Size")
    """Longer side of the result in pixels; 0 for the video's own, up to 1920."""
    steadiness: float = option(0.7, low=0, high=1, step=0.05, label="Steadiness")
    """Against flicker: 0 paints every frame by itself, 1 holds on to what was painted where the video stands still."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 512},
        "Balanced": {},
        "Large": {"size": LONGEST},
    }


def run(inputs: Inputs, parameters: StyleV2Video, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.video.video import processed

    return (yield from processed(inputs["video"][0], frame_painter(inputs, parameters, context.nets), context))


def frame_painter(inputs: Inputs, parameters: StyleV2Video, nets: LoadedNets) -> Callable[[Frame], Frame]:
    """A function that paints frames, which it has to get in their order; it holds the state of one video or camera."""
    import numpy
    import torch
    from PIL import Image

    from engine.feedforward_style.temporal_smoothing import SmoothedPainter
    from engine.imaging.tensors import resized

    painter = SmoothedPainter(painter_of(inputs, parameters, nets), parameters.steadiness)
    covers: dict[tuple[int, int], Any] = {}

    @torch.no_grad()
    def paint(frame: Frame) -> Frame:
        image = Image.fromarray(frame)
        size = frame_size(image.size, parameters)
        content = resized(image, size, nets.device.torch_device)
        if size not in covers:
            covers[size] = cover_of(inputs, parameters, size)
        painted = finished(painter.frame(content).clone(), content, parameters, covers[size])
        values = (painted[0].clamp(0, 1) * 255).round().to(torch.uint8)
        return numpy.ascontiguousarray(values.permute(1, 2, 0).cpu().numpy())

    return paint


def frame_size(size: tuple[int, int], parameters: StyleV2Video) -> tuple[int, int]:
    """Width and height of the painted frames: even, for H.264 keeps colours for squares of two pixels a side."""
    width, height = result_size(size, parameters.size or min(LONGEST, max(size)))
    return width - width % 2, height - height % 2


def cost(parameters: StyleV2Video, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    video = extents["video"][0]
    frame = Extent(*frame_size(video.size, parameters))
    whole = parameters.model_copy(update={"size": 0})
    coded = CODED * frame.width * frame.height
    return video.frames * (coded + STYLE_V2.cost(whole, {**extents, "content": [frame]}))


STYLE_V2_VIDEO = TaskSpec(
    name="style-v2-video",
    title=Message("Style V2, video"),
    summary=Message("Paints every frame of a video in one pass of a trained network; its sound stays."),
    paper=f"{STYLE_V2.paper}; Ruder, Dosovitskiy & Brox 2016, Artistic style transfer for videos, for the aim",
    parameters=StyleV2Video,
    inputs=(VIDEO, *(each for each in INPUTS if each.name != "content")),
    output=Kind.VIDEO,
    run=run,
    choice=STYLE_V2.choice,
    weights=STYLE_V2.weights,
    cost=cost,
    trial=Trial(
        parameters={"size": 64},
        fourfold=({"size": 256}, {"size": 512}),
        explained=False,
        optional_inputs=("mask",),
    ),
    bench=(),
)
