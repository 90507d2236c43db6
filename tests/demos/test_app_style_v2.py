"""Style V2 through the public API: photos, cards, videos."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from engine.imaging.picture import read_recipe
from tests.demos.test_app import _parameters as parameters_of
from tests.demos.test_app import request
from tests.video.test_video import read, video


def test_style_v2_through_the_client(client: Client, files: tuple[Path, Path], tmp_path: Path) -> None:
    photo, painting = (handle_file(path) for path in files)
    _, facts = client.predict(
        photo, size=96, style_name="scream", strength=0.8, blend_great_wave=0.5, api_name="/style_v2"
    )  # fmt: skip
    assert facts["parameters"]["blend"] == {"great-wave": 0.5}
    assert facts["weights"][0]["name"] == "style-v2"
    card, facts = client.predict(painting, photo, iterations=2, size=128, api_name="/teach_style")
    assert facts["loss_best"] <= facts["loss_first"]
    assert "numbers" in (read_recipe(Path(card)) or "")
    result, _ = client.predict(photo, style=handle_file(card), size=96, api_name="/style_v2")
    with Image.open(result) as image:
        assert image.size == (96, 72)


def test_a_video_through_the_client(client: Client, tmp_path: Path, app_url: str) -> None:
    source = video(tmp_path / "a.mp4")
    result, facts = client.predict(handle_file(source), size=96, api_name="/style_v2_video")
    frames, seconds = read(Path(result["video"] if isinstance(result, dict) else result))
    assert len(frames) == facts["frames"] == 10
    assert seconds > 0.5
    (tmp_path / "no.mp4").write_text("#EXTM3U")
    with pytest.raises(AppError, match="not a video"):
        client.predict(handle_file(tmp_path / "no.mp4"), api_name="/style_v2_video")
    defaults = [each.get("parameter_default") for each in parameters_of(app_url, "/style_v2_video")]
    for path in (str(source), "/etc/passwd", "http://127.0.0.1:9/a.mp4"):
        body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, *defaults[1:]]}
        status, answer = request(f"{app_url}/gradio_api/call/style_v2_video", body)
        if status == 200:
            _, answer = request(f"{app_url}/gradio_api/call/style_v2_video/{answer['event_id']}")
        assert "event: complete" not in str(answer)
