"""The hub through its public API: gradio_client and plain HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageChops

from demos.tabs.api_examples import FORMS
from engine import TASKS
from tests.support import pictures
from tests.support.asking import ask, wait_until

QUICK = {"size": 64, "iterations": 3}


def request(url: str, body: Any = None) -> tuple[int, Any]:
    """One HTTP request with a JSON body and answer."""
    status, text, _ = ask(url, body)
    return status, json.loads(text) if status == 200 and text.startswith(("{", "[")) else text


def test_a_photo_becomes_a_painting_through_the_client(client: Client, files: tuple[Path, Path]) -> None:
    result, facts = client.predict(handle_file(files[0]), handle_file(files[1]), **QUICK, api_name="/style_v1")
    with Image.open(result) as image:
        assert image.format == "PNG"
        assert image.size == (64, 48)
    assert facts["parameters"]["iterations"] == 3
    assert facts["iterations"] == 3
    assert facts["weights"][0]["name"] == "vgg19-normalised"


def test_several_paintings_and_every_parameter_by_name(client: Client, files: tuple[Path, Path]) -> None:
    _, facts = client.predict(
        content=handle_file(files[0]), style=handle_file(files[1]), style_3=handle_file(files[1]),
        style_weights=2, style_weights_3=0.5, colours="photo", style_layers=["relu1_1", "relu3_1"], seed=9, **QUICK,
        api_name="/style_v1",
    )  # fmt: skip
    assert facts["parameters"]["style_weights"] == [2, 0.5]
    assert facts["parameters"]["style_layers"] == ["relu1_1", "relu3_1"]
    assert facts["parameters"]["seed"] == 9


def test_reconstruction_through_the_client(client: Client, files: tuple[Path, Path]) -> None:
    result, facts = client.predict(handle_file(files[0]), of="style", **QUICK, api_name="/reconstruction")
    assert facts["parameters"]["of"] == "style"
    assert Path(result).suffix == ".png"


def test_style_v3_and_the_comparison_through_the_client(client: Client, files: tuple[Path, Path]) -> None:
    pair = [handle_file(path) for path in files]
    result, facts = client.predict(*pair, **QUICK, rotations=1, patch_layers=["relu4_1"], api_name="/style_v3")
    assert facts["parameters"]["patch_layers"] == ["relu4_1"]
    with Image.open(result) as image:
        assert max(image.size) == 64
    _, facts = client.predict(*pair, **QUICK, api_name="/style_comparison")
    assert set(facts["methods"]) == {"Style V1", "Style V2", "Style V3"}


def test_super_resolution_through_the_client(client: Client, files: tuple[Path, Path]) -> None:
    half = pictures.scene().convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize(half.size))
    path = pictures.saved(half, files[0].with_suffix(".png"))
    result, facts = client.predict(handle_file(path), scale=2, api_name="/super_resolution")
    with Image.open(result) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (192, 144))
    assert facts["weights"][0]["name"] == "srresnet-x4"
    result, facts = client.predict(
        handle_file(files[0]), methods=["bicubic", "gan"], side=32, scale=2, original=True,
        api_name="/super_resolution_comparison",
    )  # fmt: skip
    assert facts["methods"]["GAN (SRGAN)"]["lpips"] > 0
    with Image.open(result) as image:
        assert image.width >= 3 * 64


def test_inpainting_through_the_client(client: Client, tmp_path: Path) -> None:
    photo = pictures.saved(pictures.noisy(), tmp_path / "photo.png")
    mask = pictures.saved(pictures.hole(), tmp_path / "mask.png")
    result, facts = client.predict(
        handle_file(photo), mask=handle_file(mask), method="network", feather=0, api_name="/inpainting"
    )
    with Image.open(result) as image:
        changed = ImageChops.difference(image.convert("RGB"), pictures.noisy()).convert("L")
    assert changed.getbbox() == (32, 24, 48, 36)
    assert (facts["holes"], facts["refined"]) == (1, 0)
    with pytest.raises(AppError, match="Please mark what should go"):
        client.predict(handle_file(photo), api_name="/inpainting")
    _, facts = client.predict(
        image=handle_file(photo), mask=handle_file(mask), methods=["telea", "network"], truth=True,
        api_name="/inpainting_comparison",
    )  # fmt: skip
    assert facts["methods"]["content network"]["lpips"] >= 0
    marked, _ = client.predict(handle_file(photo), margin=2, api_name="/main_subject")
    with Image.open(marked) as image:
        assert image.size == (96, 72)
        assert {colour for _, colour in image.convert("L").getcolors() or ()} <= {0, 255}


def test_previews_with_progress_come_on_the_way(client: Client, files: tuple[Path, Path]) -> None:
    job = client.submit(handle_file(files[0]), handle_file(files[1]), size=96, iterations=40, api_name="/style_v1")
    seen = [each for each in job if each and "iteration" in (each[1] or {}).get("stage", "")]
    assert seen
    assert 0 < seen[0][1]["done"] < 1
    assert seen[0][1]["total"] > 0
    assert Path(seen[0][0]).suffix in (".jpg", ".jpeg")


def test_the_endpoints_are_described(app_url: str) -> None:
    _, info = request(f"{app_url}/gradio_api/info")
    assert set(info["named_endpoints"]) == {f"/{task.endpoint}" for task in FORMS}
    painted = {each["parameter_name"]: each for each in info["named_endpoints"]["/style_v2"]["parameters"]}
    assert {"content", "style", "mask", "style_name", "strength", "blend_scream"} <= set(painted)
    parameters = {each["parameter_name"]: each for each in info["named_endpoints"]["/style_v1"]["parameters"]}
    assert list(parameters)[:2] == ["content", "style"]
    assert not parameters["content"]["parameter_has_default"]
    for name in ("style_2", "size", "seed", "style_weights"):
        assert parameters[name]["parameter_has_default"], name
    assert set(TASKS["style-v1"].parameters.model_fields) < set(parameters)
    assert parameters["size"]["parameter_default"] == 256


@pytest.mark.parametrize("name", pictures.refused())
def test_bad_files_are_one_sentence(name: str, client: Client, files: tuple[Path, Path], tmp_path: Path) -> None:
    data, word = pictures.refused()[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AppError) as raised:
        client.predict(handle_file(tmp_path / name), handle_file(files[1]), **QUICK, api_name="/style_v1")
    assert word in str(raised.value)
    assert "/" not in str(raised.value).replace("16 x", "").replace(" / ", "")


@pytest.mark.parametrize("name", ["cmyk.jpg", "grey16.png", "animated.gif", "animated.webp", "la.png", "palette.png"])
def test_odd_files_work(name: str, client: Client, files: tuple[Path, Path], tmp_path: Path) -> None:
    data, note = pictures.accepted()[name]
    (tmp_path / name).write_bytes(data)
    _, facts = client.predict(handle_file(tmp_path / name), handle_file(files[1]), **QUICK, api_name="/style_v1")
    assert note in " ".join(facts["notes"]["content"][0])


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"size": 5000}, "2048"),
        ({"iterations": 0}, "1"),
        ({"seed": -1}, "0"),
        ({"network": "vgg19-imagenet"}, "HF_HUB_OFFLINE"),
    ],
)
def test_wrong_parameters_are_one_sentence(
    changed: dict[str, Any], word: str, client: Client, files: tuple[Path, Path]
) -> None:
    with pytest.raises(Exception, match=word) as raised:
        client.predict(handle_file(files[0]), handle_file(files[1]), **{**QUICK, **changed}, api_name="/style_v1")
    assert "Traceback" not in str(raised.value)


def test_a_missing_painting_is_named(client: Client, files: tuple[Path, Path]) -> None:
    with pytest.raises(AppError, match="Please give a picture for 'Painting'"):
        client.predict(handle_file(files[0]), None, **QUICK, api_name="/style_v1")


def call(url: str, content: Any) -> str:
    """POST with a hand-made picture value; the text of the event stream."""
    defaults = [each.get("parameter_default") for each in _parameters(url)]
    body = {"data": [content, content, *defaults[2:]]}
    status, answer = request(f"{url}/gradio_api/call/style_v1", body)
    if status != 200:
        return str(answer)
    _, stream = request(f"{url}/gradio_api/call/style_v1/{answer['event_id']}")
    return str(stream)


def _parameters(url: str, endpoint: str = "/style_v1") -> list[dict[str, Any]]:
    _, info = request(f"{url}/gradio_api/info")
    found = info["named_endpoints"][endpoint]["parameters"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_files_of_the_server_cannot_be_read(
    meta: dict[str, Any], app_url: str, files: tuple[Path, Path], client: Client
) -> None:
    for path in (str(files[0]), "/etc/passwd", "../../etc/passwd"):
        told = call(app_url, {"path": path, **meta})
        assert "event: error" in told
        assert "event: complete" not in told
        assert "root:" not in told


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,iVBORw0KGgo=", "file:///etc/passwd", "http://127.0.0.1:9/a.png"]
)
def test_addresses_are_not_pictures(url: str, app_url: str, files: tuple[Path, Path], client: Client) -> None:
    for value in ({"url": url}, {"path": url}, {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}):
        assert "event: complete" not in call(app_url, value)


def test_the_queue_cannot_be_skipped_and_monitoring_is_off(app_url: str) -> None:
    status, _ = request(f"{app_url}/gradio_api/run/style_v1", {"data": []})
    assert status == 404
    status, text = request(f"{app_url}/monitoring/summary")
    assert status in (403, 404) or "not enabled" in str(text)


def test_private_events_are_not_in_the_api(app_url: str) -> None:
    _, info = request(f"{app_url}/gradio_api/info")
    assert not info["unnamed_endpoints"]


def begun(client: Client, files: tuple[Path, Path]) -> Any:
    """A long run that has the device."""
    job = client.submit(handle_file(files[0]), handle_file(files[1]), size=64, iterations=2000, api_name="/style_v1")
    wait_until(lambda: any(each[1] and "iteration" in each[1].get("stage", "") for each in job.outputs()))
    return job


def seconds_of_a_quick_run(client: Client, files: tuple[Path, Path]) -> float:
    start = time.monotonic()
    client.predict(handle_file(files[0]), handle_file(files[1]), **QUICK, api_name="/style_v1")
    return time.monotonic() - start


def test_cancelling_frees_the_device_within_a_step(client: Client, files: tuple[Path, Path]) -> None:
    job = begun(client, files)
    job.cancel()
    assert seconds_of_a_quick_run(client, files) < 10, "2000 iterations would take minutes"


def test_a_visitor_who_leaves_frees_the_device(app_url: str, client: Client, files: tuple[Path, Path]) -> None:
    code = (
        "import sys, time; from gradio_client import Client, handle_file\n"
        "client = Client(sys.argv[1], verbose=False)\n"
        "job = client.submit(handle_file(sys.argv[2]), handle_file(sys.argv[3]), size=64, iterations=2000, "
        "api_name='/style_v1')\n"
        "while not any('iteration' in (each[1] or {}).get('stage', '') for each in job.outputs()): time.sleep(0.1)\n"
        "print('running', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, app_url, *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as visitor:
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == b"running\n"
        visitor.kill()
    assert seconds_of_a_quick_run(client, files) < 10


def test_two_visitors_take_turns_and_get_their_own_pictures(app_url: str, files: tuple[Path, Path]) -> None:
    facts: dict[int, Any] = {}

    def visit(seed: int) -> None:
        visitor = Client(app_url, verbose=False)
        _, facts[seed] = visitor.predict(
            handle_file(files[0]), handle_file(files[1]), seed=seed, **QUICK, api_name="/style_v1"
        )

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {seed: told["parameters"]["seed"] for seed, told in facts.items()} == {1: 1, 2: 2}
