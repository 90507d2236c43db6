"""Style V2 on the frames of a video."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.contracts.parameters import option
from engine.contracts.task import Pictures
from engine.runtime.films import FilmTask
from engine.tasks.style_v2 import INPUTS, STYLE_V2, StyleV2, cover_of, finished, painter_of, result_size

if TYPE_CHECKING:
    from engine.video.reader import Frame


LONGEST = 1920
"""Longer side of the frames in pixels: each is painted in one piece."""


class StyleV2Video(StyleV2):
    """Parameters of style V2 on videos."""

    size: int = option(640, low=0, high=LONGEST, step=16, label="Size")
    """Longer side of the result in pixels; 0 for the video's own, up to 1920."""
    steadiness: float = option(0.7, low=0, high=1, step=0.05, label="Steadiness")
    """Against flicker: 0 paints every frame by itself, 1 holds on to what was painted where the video stands still."""


def painter(pictures: Pictures, parameters: StyleV2Video) -> Callable[[Frame], Frame]:
    """See :attr:`engine.runtime.films.FilmTask.painter`."""
    import numpy
    import torch
    from PIL import Image

    from engine.feedforward_style.temporal_smoothing import SteadyPainter
    from engine.hardware.device import best_device
    from engine.imaging.tensors import resized

    device = best_device()
    painting = SteadyPainter(painter_of(pictures, parameters, device), parameters.steadiness)
    covers: dict[tuple[int, int], Any] = {}

    @torch.no_grad()
    def paint(frame: Frame) -> Frame:
        image = Image.fromarray(frame)
        width, height = result_size(image.size, parameters.size or min(LONGEST, max(image.size)))
        size = (width - width % 2, height - height % 2)  # H.264 keeps colours for squares of two pixels a side
        content = resized(image, size, device.torch_device)
        if size not in covers:
            covers[size] = cover_of(pictures, parameters, size)
        made = finished(painting.frame(content).clone(), content, parameters, covers[size])
        values = (made[0].clamp(0, 1) * 255).round().to(torch.uint8)
        return numpy.ascontiguousarray(values.permute(1, 2, 0).cpu().numpy())

    return paint


STYLE_V2_VIDEO = FilmTask(
    name="style-v2-video",
    title="Style V2, video",
    summary="Paints every frame of a video in one pass of a trained network; its sound stays.",
    paper=f"{STYLE_V2.paper}; Ruder, Dosovitskiy & Brox 2016, Artistic style transfer for videos, for the aim",
    parameters=StyleV2Video,
    inputs=tuple(each for each in INPUTS if each.name != "content"),
    painter=painter,
    weights=STYLE_V2.weights,
)
