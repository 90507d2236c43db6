"""Super-resolution on videos: the same frames, larger, and a size that is too large."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from engine import TASKS, Runtime, open_video
from engine.contracts.errors import VideoError
from tests.support.runs import finished
from tests.support.videos import FRAMES, frames_and_sound, moving_sun

TASK = TASKS["super-resolution-video"]


def test_a_video_is_enlarged(runtime: Runtime, tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    small, _ = frames_and_sound(source)
    for method, scale, size in (("compact", 2, (192, 144)), ("bicubic", 1.5, (144, 108))):
        video = finished(runtime, TASK, {"video": [open_video(source)]}, method=method, scale=scale).video
        assert video is not None
        assert (video.frames, video.size, video.sound) == (FRAMES, size, True)
        large, seconds = frames_and_sound(video.path)
        assert seconds == pytest.approx(FRAMES / 10, abs=0.15)
        for one, other in zip(small, large, strict=True):
            reduced = Image.fromarray(other.astype(numpy.uint8)).resize((96, 72), Image.Resampling.BOX)
            assert abs(numpy.asarray(reduced) - one).mean() < 6, "the same frames, larger"


def test_a_video_that_would_become_too_large_is_refused(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.video.frames.MOST_PIXELS", 100 * 100)
    source = open_video(moving_sun(tmp_path / "a.mp4"))
    with pytest.raises(VideoError) as refusal:
        finished(runtime, TASK, {"video": [source]}, method="bicubic", scale=8)
    assert refusal.value.fields == {"width": 768, "height": 576, "largest": 1.2}
