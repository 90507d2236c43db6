"""Videos of a high dynamic range or a wide gamut (phones make them by default) as ordinary screens show them.

The way from a sample to a colour of sRGB is computed once for a lattice of colours, which FFmpeg then interpolates in.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
from av.video.frame import VideoFrame
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""FFmpeg's numbers of the transfer curves of SMPTE ST 2084 and of ARIB STD-B67 (both in ITU-R BT.2100)."""
BT2020 = 9
"""FFmpeg's number of the primaries, and of the matrix, of ITU-R BT.2020."""
POINTS = 33
"""Points of the lattice along each of red, green and blue."""
WHITE_NITS = 203.0
"""Luminance of a white page in HDR videos (ITU-R BT.2408, section 2.2)."""
_HLG_NITS, _HLG_GAMMA = 1000.0, 1.2
"""Luminance of the screen that HLG is shown on, and the exponent that goes with it (BT.2100, table 5)."""
_KNEE = 0.5
"""Up to this share of white, light stays as it is; more is compressed, so that highlights keep their shape."""
_SCREEN_GAMMA = 2.4
"""ITU-R BT.1886."""
_TO_709 = numpy.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
"""Linear light with the primaries of BT.2020 -> those of BT.709 (ITU-R BT.2087)."""
_LUMINANCE_2020 = numpy.array([0.2627, 0.6780, 0.0593])


def is_wide(transfer: int | None, primaries: int | None) -> bool:
    """Whether a video's colours are beyond those of ordinary screens, by FFmpeg's numbers."""
    return transfer in (PQ, HLG) or primaries == BT2020


def linear(samples: NDArray[Any], transfer: int | None) -> NDArray[Any]:
    """Samples ``(..., 3)``, 0 to 1 -> light of a screen, 1 for white (:data:`WHITE_NITS`), with the same primaries."""
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = samples ** (1 / m2)
        light = (numpy.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
        return numpy.asarray(10_000 * light / WHITE_NITS)
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = numpy.where(samples <= 0.5, samples**2 / 3, (numpy.exp((samples - c) / a) + b) / 12)
        luminance = numpy.maximum(scene @ _LUMINANCE_2020, 1e-9)[..., None]
        return numpy.asarray(_HLG_NITS * luminance ** (_HLG_GAMMA - 1) * scene / WHITE_NITS)
    return numpy.asarray(samples**_SCREEN_GAMMA)


def to_screen(samples: NDArray[Any], transfer: int | None, primaries: int | None) -> NDArray[Any]:
    """Samples ``(..., 3)``, 0 to 1, as a file has them -> samples for an ordinary screen, 0 to 1."""
    light = linear(samples, transfer)
    if primaries == BT2020:
        light = light @ _TO_709.T
    light = numpy.maximum(light, 0)
    if transfer in (PQ, HLG):
        brightest = numpy.maximum(light.max(-1, keepdims=True), 1e-9)
        above = numpy.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
        light = light * numpy.where(above > 0, _KNEE + (1 - _KNEE) * (1 - numpy.exp(-above)), brightest) / brightest
    return numpy.asarray(light.clip(0, 1) ** (1 / _SCREEN_GAMMA))


class ScreenColours:
    """Frames of one stream in the colours of ordinary screens.

    Args:
        transfer: FFmpeg's number of its transfer curve.
        primaries: FFmpeg's number of its primaries.
    """

    def __init__(self, transfer: int | None, primaries: int | None) -> None:
        self._kinds = transfer, primaries
        self._graph: Any = None
        self._shape: tuple[Any, ...] = ()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """The frame in ``rgb24``."""
        shape = frame.width, frame.height, frame.format.name
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._built(frame), shape
        self._graph.push(frame)
        converted = self._graph.pull()
        assert isinstance(converted, VideoFrame)
        return converted

    def _built(self, frame: VideoFrame) -> Any:
        graph = av.filter.Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
        )
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "colours.cube"
            table.write_text(self._table())
            steps = [
                source,
                graph.add("scale", f"in_color_matrix={'bt2020' if self._kinds[1] == BT2020 else 'bt709'}"),
                graph.add("format", "gbrp16le"),
                graph.add("lut3d", f"file={table}:interp=tetrahedral"),
                graph.add("format", "rgb24"),
                graph.add("buffersink"),
            ]
            graph.link_nodes(*steps).configure()  # reads the table
        return graph

    def _table(self) -> str:
        axis = numpy.linspace(0, 1, POINTS)
        blue, green, red = numpy.meshgrid(axis, axis, axis, indexing="ij")  # red is the quickest to change
        colours = to_screen(numpy.stack([red, green, blue], axis=-1), *self._kinds).reshape(-1, 3)
        lines = "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in colours)
        return f"LUT_3D_SIZE {POINTS}\n{lines}\n"
