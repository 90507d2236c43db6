"""Videos: every frame, the sound, stops, and files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from PIL import Image

from engine import Job, Walk, open_picture
from engine.cli.main import main
from engine.contracts.errors import ParameterError, PentimentoError, PictureError
from engine.contracts.parameters import parse
from engine.runtime.films import run_film
from engine.tasks import FILMS
from engine.video.reader import Frame, look_at, oriented, process
from tests.support import pictures

FILM = FILMS["style-v2-video"]
COUNT = 10


def video(path: Path, *, sound: bool = True, codec: str = "libx264", audio: str = "aac", still: bool = False) -> Path:
    """A sun that moves, and a tone."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=10)
        stream.width, stream.height = 96, 72
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        tone: Any = out.add_stream(audio, rate=48_000) if sound else None
        scene = numpy.asarray(pictures.scene())
        for index in range(COUNT):
            values = scene if still else numpy.roll(scene, 2 * index, axis=1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.ascontiguousarray(values), format="rgb24")))
            if tone:
                wave = numpy.sin(numpy.arange(4800) * 0.05).astype(numpy.float32)[None].repeat(2, 0)
                frame = av.AudioFrame.from_ndarray(0.3 * wave, format="fltp", layout="stereo")
                frame.rate, frame.pts = 48_000, 4800 * index
                out.mux(tone.encode(frame))
        out.mux(stream.encode(None))
        if tone:
            out.mux(tone.encode(None))
    return path


def inverted(frame: Frame) -> Frame:
    return 255 - frame


def read(path: Path) -> tuple[list[numpy.ndarray], float]:
    """Its frames, and the seconds of sound."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return frames, 0.0
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return frames, samples / (container.streams.audio[0].rate or 1)


@pytest.mark.parametrize(
    ("name", "codec", "audio"),
    [
        ("a.mp4", "libx264", "aac"),
        ("a.mov", "libx264", "aac"),
        ("a.mkv", "libx264", "mp3"),
        ("a.webm", "libvpx", "libopus"),
        ("a.avi", "mpeg4", "pcm_s16le"),
    ],
)
def test_every_frame_and_the_sound(tmp_path: Path, name: str, codec: str, audio: str) -> None:
    source = video(tmp_path / name, codec=codec, audio=audio)
    before, _ = read(source)
    walk = Walk(process(source, tmp_path / "out.mp4", inverted, Job()))
    steps = list(walk)
    after, seconds = read(tmp_path / "out.mp4")
    assert len(after) == len(before) == len(steps) == COUNT == walk.result["frames"]
    assert numpy.mean([abs(255 - one - other).mean() for one, other in zip(before, after, strict=True)]) < 6
    assert seconds == pytest.approx(COUNT / 10, abs=0.15)
    assert walk.result["seconds_of_video"] == pytest.approx(COUNT / 10, abs=0.02)
    assert walk.result["sound"]
    assert not list(tmp_path.glob("*.part"))
    assert look_at(tmp_path / "out.mp4").size == (96, 72)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 0, 1), lambda values: values),
        ((0, 1, 0, -1, 0), lambda values: numpy.rot90(values, -1)),  # a phone held upright: a quarter clockwise
        ((0, -1, 0, 1, 0), lambda values: numpy.rot90(values)),
        ((-1, 0, 0, 0, -1), lambda values: numpy.rot90(values, 2)),
        ((-1, 0, 0, 0, 1), lambda values: values[:, ::-1]),  # a front camera: mirrored
        ((0, 1, 0, 1, 0), lambda values: values.swapaxes(0, 1)),
    ],
)
def test_frames_are_turned_and_mirrored_as_the_file_says(matrix: tuple[int, ...], turn: Any) -> None:
    values = numpy.arange(4 * 6 * 3, dtype=numpy.uint8).reshape(4, 6, 3)
    whole = numpy.array([*matrix, 0, 0, 0, 1]) * 65536
    assert numpy.array_equal(oriented(values, whole), turn(values))


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    source = video(tmp_path / "a.avi", codec="mjpeg", sound=False)
    data = bytearray(source.read_bytes())
    starts = [index for index in range(len(data) - 1) if data[index : index + 2] == b"\xff\xd8"]
    data[starts[4] : starts[4] + 400] = bytes(400)
    (tmp_path / "hurt.avi").write_bytes(data)
    (tmp_path / "cut.avi").write_bytes(source.read_bytes()[: starts[6]])
    for name, most in (("hurt.avi", COUNT), ("cut.avi", 6)):
        facts = Walk(process(tmp_path / name, tmp_path / "out.mp4", inverted, Job())).finish()
        assert most - 2 <= facts["frames"] <= most


def test_colours_are_told_to_players(tmp_path: Path) -> None:
    green = numpy.full((72, 96, 3), (30, 200, 60), numpy.uint8)
    source = video(tmp_path / "a.mp4", sound=False)
    Walk(process(source, tmp_path / "out.mp4", lambda frame: green, Job())).finish()
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        assert frame.colorspace == 1
        seen = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert abs(seen.astype(int) - green).mean() < 4


def test_a_target_that_cannot_be_written(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4")
    with pytest.raises(PentimentoError, match="cannot be written"):
        Walk(process(source, tmp_path / "no folder" / "out.mp4", inverted, Job())).finish()


def test_without_sound(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", sound=False)
    facts = Walk(process(source, tmp_path / "out.mp4", inverted, Job())).finish()
    assert not facts["sound"]
    assert read(tmp_path / "out.mp4")[1] == 0


def test_a_stop_keeps_what_is_done(tmp_path: Path) -> None:
    source, job = video(tmp_path / "a.mp4"), Job()
    walk = Walk(process(source, tmp_path / "out.mp4", inverted, job))
    for step in walk:
        if step.stage.startswith("frame 4 "):
            job.stop()
    frames, seconds = read(tmp_path / "out.mp4")
    assert len(frames) == 4
    assert seconds < 0.8


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4")

    def broken(frame: Frame) -> Frame:
        raise ParameterError("no")

    with pytest.raises(ParameterError):
        Walk(process(source, tmp_path / "out.mp4", broken, Job())).finish()
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    video(secret)
    lists = {
        "list.m3u8": f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "list.mp4": f"ffconcat version 1.0\nfile {secret}\n",
        "empty.mp4": "",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(PictureError, match="not a video that can be read"):
            look_at(tmp_path / name)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(secret.read_bytes()[:300])
    with pytest.raises(PictureError, match=r"damaged|no frame"):
        Walk(process(cut, tmp_path / "out.mp4", inverted, Job())).finish()
    with pytest.raises(PictureError, match="no readable file"):
        look_at(tmp_path / "missing.mp4")


def test_only_sound_too_long_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = video(tmp_path / "a.mp4")
    monkeypatch.setattr("engine.video.reader.LONGEST_SECONDS", 0.5)
    with pytest.raises(PictureError, match="please cut it"):
        look_at(source)
    monkeypatch.setattr("engine.video.reader.LONGEST_SECONDS", 50)
    monkeypatch.setattr("engine.video.reader.MOST_PIXELS", 1000)
    with pytest.raises(PictureError, match="96 x 72 pixels"):
        look_at(source)
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as out:
        tone: Any = out.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(numpy.zeros((2, 4800), numpy.float32), format="fltp", layout="stereo")
        frame.rate = 48_000
        out.mux(tone.encode(frame))
        out.mux(tone.encode(None))
    with pytest.raises(PictureError, match="only sound"):
        look_at(sound)


def test_style_v2_paints_a_video(tmp_path: Path) -> None:
    source, out = video(tmp_path / "a.mp4", still=True), tmp_path / "out.mp4"
    parameters = parse(FILM.parameters, {"size": 96, "style_name": "wheat-field"})
    facts = Walk(run_film(FILM, source, out, {}, parameters)).finish()
    assert facts["frames"] == COUNT
    assert facts["size"] == [96, 72]
    painted, _ = read(out)
    before, _ = read(source)
    assert abs(painted[-1] - before[-1]).mean() > 15
    assert abs(painted[-1] - painted[-2]).mean() < 3, "what stands still is still"


def test_a_mask_and_a_painting_serve_a_video(tmp_path: Path) -> None:
    mask = Image.new("L", (96, 72))
    mask.paste(255, (0, 0, 48, 72))
    given = {"mask": [open_picture(mask)], "style": [open_picture(pictures.painting())]}
    source, out = video(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    Walk(run_film(FILM, source, out, given, parse(FILM.parameters, {"size": 96, "feather": 0}))).finish()
    before, after = read(source)[0][3], read(out)[0][3]
    assert abs(before - after)[:, 56:].mean() < 6
    assert abs(before - after)[:, :40].mean() > 15


def test_the_command_paints_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out, facts = video(tmp_path / "a.mp4"), tmp_path / "out.mp4", tmp_path / "facts.json"
    arguments = ["style-v2-video", "--video", str(source), "--size", "64", "--blend", "scream=0.5", "great-wave=1"]
    assert main([*arguments, "--out", str(out), "--facts", str(facts)]) == 0
    assert "10 frames" in capsys.readouterr().out
    assert '"great-wave": 1.0' in facts.read_text()
    assert main([*arguments, "--out", str(tmp_path / "out.avi")]) == 1
    assert main(["style-v2-video", "--video", str(facts), "--out", str(out)]) == 1
    assert "not a video" in capsys.readouterr().err


def test_a_video_is_enlarged(tmp_path: Path) -> None:
    film = FILMS["super-resolution-video"]
    source = video(tmp_path / "a.mp4")
    small, _ = read(source)
    for method, scale, size in (("compact", 2, (192, 144)), ("bicubic", 1.5, (144, 108))):
        wanted = parse(film.parameters, {"method": method, "scale": scale})
        facts = Walk(run_film(film, source, tmp_path / "large.mp4", {}, wanted)).finish()
        assert (facts["frames"], tuple(facts["size"]), facts["sound"]) == (COUNT, size, True)
        large, seconds = read(tmp_path / "large.mp4")
        assert seconds == pytest.approx(COUNT / 10, abs=0.15)
        for one, other in zip(small, large, strict=True):
            reduced = Image.fromarray(other.astype(numpy.uint8)).resize((96, 72), Image.Resampling.BOX)
            assert abs(numpy.asarray(reduced) - one).mean() < 6, "the same frames, larger"


def test_a_video_that_would_become_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.video.reader.MOST_PIXELS", 100 * 100)
    film = FILMS["super-resolution-video"]
    wanted = parse(film.parameters, {"method": "bicubic", "scale": 8})
    with pytest.raises(PictureError, match=r"768 x 576 pixels; please choose a scale of at most 1\.2"):
        Walk(run_film(film, video(tmp_path / "a.mp4"), tmp_path / "b.mp4", {}, wanted)).finish()
    assert not (tmp_path / "b.mp4").exists()
