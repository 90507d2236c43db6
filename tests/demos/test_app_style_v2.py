"""Style V2 through the public API: photos, cards, videos."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from PIL import Image

from engine import open_video
from engine.contracts.errors import PictureError
from engine.imaging.picture import read_recipe
from tests.support.hub_calls import UPLOADED, call, check_refusal, defaults, endpoints, worked
from tests.support.videos import FRAMES, frames_and_sound, moving_sun


def test_style_v2_through_the_client(client: Client, files: tuple[Path, Path]) -> None:
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


def file_of(result: str | dict[str, str]) -> Path:
    """A video's, however the client hands it over."""
    return Path(result["video"] if isinstance(result, dict) else result)


def test_a_video_through_the_client(client: Client, tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    result, facts = client.predict(handle_file(source), size=96, api_name="/style_v2_video")
    frames, seconds = frames_and_sound(file_of(result))
    assert len(frames) == facts["frames"] == FRAMES
    assert seconds > 0.5
    result, facts = client.predict(handle_file(source), scale=2, method="bicubic", api_name="/super_resolution_video")
    frames, seconds = frames_and_sound(file_of(result))
    assert len(frames) == facts["frames"] == FRAMES
    assert frames[0].shape == (144, 192, 3)
    assert seconds > 0.5


@pytest.mark.parametrize("endpoint", ["/style_v2_video", "/super_resolution_video"])
def test_a_file_that_is_no_video_is_one_sentence(endpoint: str, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_text("#EXTM3U")
    with pytest.raises(PictureError) as error:
        open_video(path)
    check_refusal(client, error.value, video=handle_file(path), api_name=endpoint)


@pytest.mark.parametrize("endpoint", ["/style_v2_video", "/super_resolution_video"])
def test_videos_of_the_server_cannot_be_read(endpoint: str, app_url: str, tmp_path: Path) -> None:
    source = moving_sun(tmp_path / "a.mp4")
    values = defaults(endpoints(app_url)[endpoint])
    for path in (str(source), "/etc/passwd", "http://127.0.0.1:9/a.mp4"):
        values["video"] = {"path": path, **UPLOADED}
        assert not worked(call(app_url, endpoint, [*values.values()]))
