"""Style V2 on videos: what stands still is still, and a mask and a painting serve every frame."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from engine import TASKS, Runtime, open_picture, open_video
from tests.support import pictures
from tests.support.runs import finished
from tests.support.videos import FRAMES, frames_and_sound, moving_sun

TASK = TASKS["style-v2-video"]


def test_style_v2_paints_a_video(runtime: Runtime, tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4", still=True)
    result = finished(runtime, TASK, {"video": [open_video(source)]}, size=96, style_name="wheat-field")
    assert result.video is not None
    assert (result.video.frames, result.video.size) == (FRAMES, (96, 72))
    assert result.facts.task.figures["frames"] == FRAMES
    assert result.facts.size == (96, 72)
    painted, _ = frames_and_sound(result.video.path)
    before, _ = frames_and_sound(source)
    assert abs(painted[-1] - before[-1]).mean() > 15
    assert abs(painted[-1] - painted[-2]).mean() < 3, "what stands still is still"


def test_a_mask_and_a_painting_serve_a_video(runtime: Runtime, tmp_path: Path) -> None:
    mask = Image.new("L", (96, 72))
    mask.paste(255, (0, 0, 48, 72))
    source = moving_sun(tmp_path / "a.mp4")
    inputs = {
        "video": [open_video(source)],
        "mask": [open_picture(mask)],
        "style": [open_picture(pictures.painting())],
    }
    result = finished(runtime, TASK, inputs, size=96, feather=0)
    assert result.video is not None
    before, after = (frames_and_sound(path)[0][3] for path in (source, result.video.path))
    assert abs(before - after)[:, 56:].mean() < 6
    assert abs(before - after)[:, :40].mean() > 15
