"""Videos that are more than pixels: their aspect, their range of light, sizes that change, further tracks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from engine import Job, StepRun, open_video
from engine.contracts.errors import StoppedError
from engine.contracts.notes import NoteKind
from engine.video.dynamic_range import BT2020, HLG, PQ, to_screen
from engine.video.reader import process
from engine.video.writer import Sound
from tests.support.videos import frames_and_sound, moving_sun

GREY, RED = (0.25, 0.25, 0.25), (0.5, 0.1, 0.05)
"""Linear light, 1 for white, with the primaries of ordinary screens; below what is compressed."""
TO_2020 = numpy.array([[0.627404, 0.329283, 0.043313], [0.069097, 0.919540, 0.011362], [0.016391, 0.088013, 0.895595]])
"""Linear light of BT.709 -> BT.2020 (ITU-R BT.2087)."""


def pq(nits: float) -> float:
    """The inverse curve of SMPTE ST 2084, equation by equation."""
    power = (nits / 10_000) ** (2610 / 16384)
    return float(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))


def hlg(light: tuple[float, ...]) -> list[float]:
    """Screen light in nits / 1000 -> HLG's samples (BT.2100, tables 5), by its inverse OOTF and its OETF."""
    luminance = sum(weight * each for weight, each in zip((0.2627, 0.6780, 0.0593), light, strict=True))
    scene = [each * luminance ** ((1 - 1.2) / 1.2) for each in light]
    return [
        (3 * each) ** 0.5 if each <= 1 / 12 else 0.17883277 * numpy.log(12 * each - 0.28466892) + 0.55991073
        for each in scene
    ]


def deep_film(path: Path, samples: list[float], transfer: int) -> Path:
    """Ten bits, BT.2020, one colour."""
    red, green, blue = samples
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = (64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries = context.colorspace = BT2020
        context.color_trc, context.color_range = transfer, 1
        for _ in range(3):
            frame = av.VideoFrame(64, 48, "yuv420p10le")
            for plane, value in zip(frame.planes, planes, strict=True):
                plane.update(numpy.full(plane.buffer_size // 2, round(value), "<u2").tobytes())
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def passed(source: Path, target: Path) -> tuple[list[numpy.ndarray], dict[str, Any]]:
    """A video through nothing: the frames as they were read, and the facts."""
    seen: list[numpy.ndarray] = []

    def noted(frame: numpy.ndarray) -> numpy.ndarray:
        seen.append(frame)
        return frame

    return seen, StepRun(process(source, target, noted, Job())).finish()


@pytest.mark.parametrize("light", [GREY, RED])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_becomes_the_colours_of_a_screen(tmp_path: Path, light: tuple[float, ...], transfer: int) -> None:
    nits = 203 * (TO_2020 @ light)
    samples = [pq(each) for each in nits] if transfer == PQ else hlg(tuple(nits / 1000))
    source = deep_film(tmp_path / "hdr.mp4", samples, transfer)
    notes = open_video(source).notes
    assert [note.kind for note in notes] == [NoteKind.DYNAMIC_RANGE]
    frames, _ = passed(source, tmp_path / "out.mp4")
    expected = 255 * numpy.array(light) ** (1 / 2.4)
    assert frames[0].shape == (48, 64, 3)
    assert abs(frames[1][24, 32] - expected).max() <= 4
    kept, _ = frames_and_sound(tmp_path / "out.mp4")
    assert abs(kept[1][24, 32] - expected).max() <= 8


def test_a_wide_gamut_of_ordinary_light_becomes_that_of_a_screen(tmp_path: Path) -> None:
    source = deep_film(tmp_path / "wide.mp4", [*((TO_2020 @ RED) ** (1 / 2.4))], 1)
    assert [note.kind for note in open_video(source).notes] == [NoteKind.DYNAMIC_RANGE]
    frames, _ = passed(source, tmp_path / "out.mp4")
    assert abs(frames[1][24, 32] - 255 * numpy.array(RED) ** (1 / 2.4)).max() <= 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_compressed_and_stay_in_order(transfer: int) -> None:
    ramp = numpy.linspace(0, 1, 200)[:, None].repeat(3, 1)
    shown = to_screen(ramp, transfer, BT2020)
    assert (numpy.diff(shown[:, 1]) >= 0).all()
    assert shown.min() == 0
    assert 0.98 < shown.max() <= 1
    assert abs(shown[:, 0] - shown[:, 2]).max() < 0.01, "grey stays grey"


def test_ordinary_colours_are_left_alone(tmp_path: Path) -> None:
    assert not open_video(moving_sun(tmp_path / "a.mp4")).notes


@pytest.mark.parametrize(
    ("aspect", "size"), [("2/1", (192, 72)), ("1/2", (96, 144)), ("1/1", (96, 72)), ("99/1", (96, 72))]
)
def test_pixels_become_square(tmp_path: Path, aspect: str, size: tuple[int, int]) -> None:
    plain, source = moving_sun(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    with av.open(str(plain)) as container, av.open(str(source), "w") as out:
        stream = out.add_stream_from_template(container.streams.video[0])
        stream.sample_aspect_ratio = Fraction(aspect)
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    video = open_video(source)
    frames, facts = passed(source, tmp_path / "out.mp4")
    assert video.size == tuple(facts["size"]) == (frames[0].shape[1], frames[0].shape[0]) == size
    assert [note.kind for note in video.notes] == [NoteKind.ASPECT] * (size != (96, 72))
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert out.streams.video[0].sample_aspect_ratio in (None, 0, 1)


def test_a_size_that_changes_is_fitted_into_the_first(tmp_path: Path) -> None:
    parts = [numpy.full((48, 64, 3), 200, numpy.uint8), numpy.full((64, 48, 3), 100, numpy.uint8)]
    source = tmp_path / "a.mkv"
    with av.open(str(source), "w") as out:
        stream: Any = out.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for index, part in enumerate(parts * 2):
            encoder: Any = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = part.shape[1], part.shape[0], "yuvj420p"
            encoder.time_base = Fraction(1, 10)
            for packet in encoder.encode(av.VideoFrame.from_ndarray(part, "rgb24").reformat(format="yuvj420p")):
                packet.pts = packet.dts = 100 * index
                packet.time_base = Fraction(1, 1000)
                packet.stream = stream
                out.mux(packet)
    frames, facts = passed(source, tmp_path / "out.mp4")
    assert facts["refitted_frames"] == 2
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 4
    columns = frames[1].mean((0, 2))
    assert columns[:10].max() < 8, "black beside it"
    assert abs(columns[20:44] - 100).max() < 8
    assert (columns > 50).sum() == 36, "as wide as it is, three quarters of its height"


def test_further_tracks_are_told_of(tmp_path: Path) -> None:
    plain, source = moving_sun(tmp_path / "a.mp4"), tmp_path / "b.mkv"
    with av.open(str(plain)) as container, av.open(str(source), "w") as out:
        streams = {each.index: [out.add_stream_from_template(each)] for each in container.streams}
        sound = container.streams.audio[0]
        streams[sound.index].append(out.add_stream_from_template(sound))
        for packet in container.demux():
            for stream in streams[packet.stream.index] if packet.dts is not None else []:
                packet.stream = stream
                out.mux(packet)
    notes = open_video(source).notes
    assert [note.kind for note in notes] == [NoteKind.TRACKS]
    assert notes[0].message.values == {"count": 2}
    _, facts = passed(source, tmp_path / "out.mp4")
    assert facts["sound"]


@pytest.fixture
def mostly_silence(tmp_path: Path) -> Path:
    """Some pictures, and half a minute of silence after them."""
    source = tmp_path / "a.mkv"
    with av.open(str(source), "w") as out:
        stream: Any = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        tone: Any = out.add_stream("pcm_s16le", rate=48_000)
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.zeros((48, 64, 3), numpy.uint8), "rgb24")))
        out.mux(stream.encode(None))
        for index in range(1500):
            frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 4 * 480), numpy.int16), format="s16", layout="stereo")
            frame.rate, frame.pts = 48_000, 960 * index
            out.mux(tone.encode(frame))
    return source


def test_sound_is_no_longer_than_pictures_may_be(
    mostly_silence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video may state another length than its sound has; what is beyond the longest is left out."""
    heard: list[float] = []
    monkeypatch.setattr("engine.video.reader.PACKETS", 20)
    monkeypatch.setattr("engine.video.reader._length", lambda container: (3, 0.3))
    take = Sound.take

    def taken(self: Sound, packet: Any) -> None:
        heard.append(float((packet.dts or 0) * packet.time_base))
        take(self, packet)

    monkeypatch.setattr(Sound, "take", taken)
    StepRun(process(mostly_silence, tmp_path / "whole.mp4", lambda frame: frame, Job())).finish()
    assert max(heard) > 25
    heard.clear()
    monkeypatch.setattr("engine.video.reader.LONGEST_SECONDS", 10.0)
    cut = StepRun(process(mostly_silence, tmp_path / "short.mp4", lambda frame: frame, Job())).finish()
    assert 9 < max(heard) < 12
    assert cut["frames"] == 3, "its decoder waited for what follows them"


def test_sound_alone_is_stopped_like_pictures(
    mostly_silence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = mostly_silence
    monkeypatch.setattr("engine.video.reader.PACKETS", 20)
    job = Job()
    run = iter(StepRun(process(source, tmp_path / "out.mp4", lambda frame: frame, job)))
    for _ in range(4):  # of sound: the decoder gives its pictures when it has seen what follows them
        assert next(run).stage.values["frame"] == 0
    job.stop()
    with pytest.raises(StoppedError):
        next(run)
    assert not (tmp_path / "out.mp4").exists()
    assert StepRun(process(source, tmp_path / "out.mp4", lambda frame: frame, Job())).finish()["frames"] == 3
