"""Video files: every frame, the sound, stops, and files that are none."""

from __future__ import annotations

import errno
import gc
import pickle
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from engine import Job, StepRun, open_video
from engine.contracts.errors import OutputError, ParameterError, VideoError
from engine.contracts.messages import Message
from engine.video.frames import Frame, oriented
from engine.video.reader import DAMAGED, NO_FRAME, process, read_info
from tests.support.videos import FRAMES, frames_and_sound, moving_sun


def inverted(frame: Frame) -> Frame:
    return 255 - frame


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
    source = moving_sun(tmp_path / name, codec=codec, audio=audio)
    before, _ = frames_and_sound(source)
    run = StepRun(process(source, tmp_path / "out.mp4", inverted, Job()))
    steps = list(run)
    after, seconds = frames_and_sound(tmp_path / "out.mp4")
    assert len(after) == len(before) == len(steps) == FRAMES == run.result["frames"]
    assert numpy.mean([abs(255 - one - other).mean() for one, other in zip(before, after, strict=True)]) < 6
    assert seconds == pytest.approx(FRAMES / 10, abs=0.15)
    assert run.result["seconds_of_video"] == pytest.approx(FRAMES / 10, abs=0.02)
    assert run.result["sound"]
    assert not list(tmp_path.glob("*.part"))
    assert read_info(tmp_path / "out.mp4").size == (96, 72)


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
    source = moving_sun(tmp_path / "a.avi", codec="mjpeg", sound=False)
    data = bytearray(source.read_bytes())
    starts = [index for index in range(len(data) - 1) if data[index : index + 2] == b"\xff\xd8"]
    data[starts[4] : starts[4] + 400] = bytes(400)
    (tmp_path / "hurt.avi").write_bytes(data)
    (tmp_path / "cut.avi").write_bytes(source.read_bytes()[: starts[6]])
    for name, most in (("hurt.avi", FRAMES), ("cut.avi", 6)):
        facts = StepRun(process(tmp_path / name, tmp_path / "out.mp4", inverted, Job())).finish()
        assert most - 2 <= facts["frames"] <= most


def test_colours_are_told_to_players(tmp_path: Path) -> None:
    green = numpy.full((72, 96, 3), (30, 200, 60), numpy.uint8)
    source = moving_sun(tmp_path / "a.mp4", sound=False)
    StepRun(process(source, tmp_path / "out.mp4", lambda frame: green, Job())).finish()
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        assert frame.colorspace == 1
        seen = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert abs(seen.astype(int) - green).mean() < 4


def test_a_target_that_cannot_be_written(tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    with pytest.raises(OutputError):
        StepRun(process(source, tmp_path / "no folder" / "out.mp4", inverted, Job())).finish()


def test_without_sound(tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4", sound=False)
    facts = StepRun(process(source, tmp_path / "out.mp4", inverted, Job())).finish()
    assert not facts["sound"]
    assert frames_and_sound(tmp_path / "out.mp4")[1] == 0


def test_a_stop_keeps_what_is_done(tmp_path: Path) -> None:
    source, job = moving_sun(tmp_path / "a.mp4"), Job()
    run = StepRun(process(source, tmp_path / "out.mp4", inverted, job))
    for step in run:
        if step.stage.values["frame"] == 4:
            job.stop()
    frames, seconds = frames_and_sound(tmp_path / "out.mp4")
    assert len(frames) == 4
    assert seconds < 0.8


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")

    def broken(frame: Frame) -> Frame:
        raise ParameterError(Message("no"))

    with pytest.raises(ParameterError):
        StepRun(process(source, tmp_path / "out.mp4", broken, Job())).finish()
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}


def test_half_a_video_does_not_stay(tmp_path: Path) -> None:
    """The disk is full after some frames, of which a part has been written."""
    source, frames = moving_sun(tmp_path / "a.mp4"), 0

    def full(frame: Frame) -> Frame:
        nonlocal frames
        frames += 1
        if frames > 3:
            assert len(list(tmp_path.iterdir())) == 2, "a part is there"
            raise OSError(errno.ENOSPC, "No space left on device")
        return frame

    with pytest.raises(OutputError):
        StepRun(process(source, tmp_path / "out.mp4", full, Job())).finish()
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    moving_sun(secret)
    lists = {
        "list.m3u8": f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "list.mp4": f"ffconcat version 1.0\nfile {secret}\n",
        "empty.mp4": "",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(VideoError) as refusal:
            read_info(tmp_path / name)
        assert refusal.value.message not in (DAMAGED, NO_FRAME), "no reader has been let near it"
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(secret.read_bytes()[:300])
    with pytest.raises(VideoError) as refusal:
        StepRun(process(cut, tmp_path / "out.mp4", inverted, Job())).finish()
    assert refusal.value.message in (DAMAGED, NO_FRAME)
    with pytest.raises(VideoError) as refusal:
        read_info(tmp_path / "missing.mp4")
    assert refusal.value.fields == {"file": "missing.mp4"}


def test_only_sound_too_long_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    monkeypatch.setattr("engine.video.reader.LONGEST_SECONDS", 0.5)
    with pytest.raises(VideoError) as refusal:
        read_info(source)
    assert refusal.value.fields == {"minutes": pytest.approx(1 / 60, rel=0.05), "limit": 0.5 / 60}
    monkeypatch.setattr("engine.video.reader.LONGEST_SECONDS", 50)
    monkeypatch.setattr("engine.video.frames.MOST_PIXELS", 1000)
    with pytest.raises(VideoError) as refusal:
        read_info(source)
    assert refusal.value.fields == {"width": 96, "height": 72}
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as out:
        tone: Any = out.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(numpy.zeros((2, 4800), numpy.float32), format="fltp", layout="stereo")
        frame.rate = 48_000
        out.mux(tone.encode(frame))
        out.mux(tone.encode(None))
    with pytest.raises(VideoError) as refusal:
        read_info(sound)
    assert not refusal.value.fields
    assert refusal.value.message not in (DAMAGED, NO_FRAME), "it is a sound file, and a good one"


def test_a_folder_of_our_own_goes_with_its_video(tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    video = open_video(source.read_bytes())
    again = pickle.loads(pickle.dumps(video))
    assert again.path.read_bytes() == source.read_bytes()
    folders = [each.path.parent for each in (video, again)]
    assert all(folder.is_dir() for folder in folders)
    del video, again
    gc.collect()
    assert not any(folder.exists() for folder in folders)
    open_video(source)
    gc.collect()
    assert source.exists(), "a visitor's file is not ours to delete"
