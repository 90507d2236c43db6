"""The hub through its public API: gradio_client and plain HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageChops

from engine import TASKS, Runtime, open_picture
from engine.contracts.errors import MaskError, MissingInputError, WeightsUnavailableError
from tests.support import pictures
from tests.support.hub_calls import (
    UPLOADED,
    answer,
    call,
    check_refusal,
    defaults,
    endpoints,
    refusal_of,
    refusal_of_file,
    worked,
)

BETTER = {
    ("/style_v1", name): value
    for name, value in {"size": 512, "iterations": 250, "balance": 54, "smoothness": 0.6}.items()
}
"""Defaults that are others than in the old version: a picture that can be hung up, in the time of the old one."""
OLD_ENDPOINTS = Path(__file__).parents[1] / "data" / "old_version" / "endpoints.json"
"""Endpoint -> argument -> default and choices, of the version before the page was made from a table of tabs."""
QUICK = {"size": 64, "iterations": 3}


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


def test_inpainting_through_the_client(client: Client, tmp_path: Path, runtime: Runtime) -> None:
    photo = pictures.saved(pictures.noisy(), tmp_path / "photo.png")
    mask = pictures.saved(pictures.hole(), tmp_path / "mask.png")
    result, facts = client.predict(
        handle_file(photo), mask=handle_file(mask), method="network", feather=0, api_name="/inpainting"
    )
    with Image.open(result) as image:
        changed = ImageChops.difference(image.convert("RGB"), pictures.noisy()).convert("L")
    assert changed.getbbox() == (32, 24, 48, 36)
    assert (facts["holes"], facts["refined"]) == (1, 0)
    error = refusal_of(runtime, TASKS["inpainting"], {"image": [open_picture(photo)]})
    assert isinstance(error, MissingInputError | MaskError)
    check_refusal(client, error, image=handle_file(photo), api_name="/inpainting")
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
    steps = [(preview, progress) for preview, progress in job if preview and "total" in (progress or {})]
    assert steps
    preview, progress = steps[0]
    assert 0 < progress["done"] < 1
    assert progress["total"] > 0
    assert progress["stage"]
    assert Path(preview).suffix in (".jpg", ".jpeg")


def test_every_task_has_an_endpoint_with_its_parameters(app_url: str) -> None:
    known = endpoints(app_url)
    assert set(known) == {f"/{task.endpoint}" for task in TASKS}
    assert {"content", "style", "mask", "style_name", "strength", "blend_scream"} <= set(known["/style_v2"])
    arguments = known["/style_v1"]
    assert list(arguments)[:2] == ["content", "style"]
    assert not arguments["content"]["parameter_has_default"]
    for name in ("style_2", "size", "seed", "style_weights"):
        assert arguments[name]["parameter_has_default"], name
    assert set(TASKS["style-v1"].parameters.model_fields) < set(arguments)
    assert arguments["size"]["parameter_default"] == 512
    for task in TASKS:
        assert all(isinstance(each["label"], str) for each in known[f"/{task.endpoint}"].values())


def _described(argument: dict[str, Any]) -> dict[str, Any]:
    """As the file of the old endpoints has it."""
    kind = argument["type"]
    choices = kind.get("enum") or kind.get("items", {}).get("enum")
    default = {"default": argument["parameter_default"]} if argument["parameter_has_default"] else {"required": True}
    return {**default, "choices": choices} if choices else default


def test_calls_of_the_old_version_still_work(app_url: str) -> None:
    new = endpoints(app_url)
    old = json.loads(OLD_ENDPOINTS.read_text())
    assert len(old) == 15
    for name, arguments in old.items():
        described = {argument: _described(dict(each)) for argument, each in new[name].items()}
        kept = {argument: described[argument] for argument in list(described)[: len(arguments)]}
        assert list(kept) == list(arguments), f"{name}: they may be given in this order, without names"
        for argument, then in arguments.items():
            now = kept[argument]
            if choices := then.get("choices"):
                assert set(choices) <= set(now["choices"]), (name, argument)
            default = BETTER.get((name, argument), then.get("default"))
            assert now.get("default") == default, (name, argument)
            assert now.get("required") == then.get("required"), (name, argument)


@pytest.mark.parametrize("name", pictures.refused())
def test_bad_files_are_one_sentence(name: str, client: Client, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(pictures.refused()[name][0])
    error = refusal_of_file(path)
    pair = {"content": handle_file(path), "style": handle_file(files[1])}
    check_refusal(client, error, **pair, **QUICK, api_name="/style_v1")
    assert str(tmp_path) not in str(error)
    assert name not in str(error)


@pytest.mark.parametrize("name", ["cmyk.jpg", "grey16.png", "animated.gif", "animated.webp", "la.png", "palette.png"])
def test_odd_files_work(name: str, client: Client, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(pictures.accepted()[name][0])
    _, facts = client.predict(handle_file(path), handle_file(files[1]), **QUICK, api_name="/style_v1")
    assert facts["notes"]["content"] == [[str(note) for note in open_picture(path).notes]]


@pytest.mark.parametrize(
    ("changed", "limit"), [({"size": 5000}, 2048), ({"iterations": 0}, 1), ({"seed": -1}, 0)], ids=str
)
def test_a_wrong_number_is_refused_with_its_limit(
    changed: dict[str, Any], limit: int, client: Client, files: tuple[Path, Path]
) -> None:
    with pytest.raises(AppError) as refusal:
        client.predict(handle_file(files[0]), handle_file(files[1]), **{**QUICK, **changed}, api_name="/style_v1")
    numbers = refusal.value.message.replace(".", " ").split()
    assert {str(limit), *map(str, changed.values())} <= set(numbers), "Gradio's own sentence, with both"
    assert len(refusal.value.message.splitlines()) == 1


def test_a_network_that_cannot_be_had_is_one_sentence(
    client: Client, files: tuple[Path, Path], runtime: Runtime
) -> None:
    inputs = {"content": [open_picture(files[0])], "style": [open_picture(files[1])]}
    error = refusal_of(runtime, TASKS["style-v1"], inputs, network="vgg19-imagenet", **QUICK)
    assert isinstance(error, WeightsUnavailableError)
    pair = {"content": handle_file(files[0]), "style": handle_file(files[1])}
    check_refusal(client, error, **pair, **QUICK, network="vgg19-imagenet", api_name="/style_v1")


def test_a_missing_painting_is_named(client: Client, files: tuple[Path, Path], runtime: Runtime) -> None:
    task = TASKS["style-v1"]
    error = refusal_of(runtime, task, {"content": [open_picture(files[0])]})
    assert isinstance(error, MissingInputError)
    assert error.fields["input"] == task.input("style").label
    check_refusal(client, error, content=handle_file(files[0]), style=None, **QUICK, api_name="/style_v1")


def call_with_picture(url: str, content: Any) -> str:
    """The events of a call with a hand-made picture."""
    values = {**defaults(endpoints(url)["/style_v1"]), "content": content, "style": content}
    return call(url, "/style_v1", [*values.values()])


@pytest.mark.parametrize("meta", [{}, UPLOADED])
def test_files_of_the_server_cannot_be_read(meta: dict[str, Any], app_url: str, files: tuple[Path, Path]) -> None:
    for path in (str(files[0]), "/etc/passwd", "../../etc/passwd"):
        stream = call_with_picture(app_url, {"path": path, **meta})
        assert not worked(stream)
        assert "root:" not in stream


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,iVBORw0KGgo=", "file:///etc/passwd", "http://127.0.0.1:9/a.png"]
)
def test_addresses_are_not_pictures(url: str, app_url: str) -> None:
    for value in ({"url": url}, {"path": url}, {"path": url, "url": url, **UPLOADED}):
        assert not worked(call_with_picture(app_url, value))


def test_the_queue_cannot_be_skipped_and_monitoring_is_off(app_url: str) -> None:
    status, _ = answer(f"{app_url}/gradio_api/run/style_v1", {"data": []})
    assert status == 404
    status, text = answer(f"{app_url}/monitoring/summary")
    assert status in (403, 404) or "not enabled" in str(text)


def test_private_events_are_not_in_the_api(app_url: str) -> None:
    _, info = answer(f"{app_url}/gradio_api/info")
    assert not info["unnamed_endpoints"]
