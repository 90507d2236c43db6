"""The command line, called as a program and as a function."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from engine import TASKS
from engine.cli.main import main
from engine.contracts.task import Task
from engine.imaging.picture import read_recipe
from tests.support import pictures

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return (
        pictures.saved(pictures.scene(), tmp_path / "photo.jpg"),
        pictures.saved(pictures.painting(), tmp_path / "painting.png"),
    )


def style(files: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    photo, painting = files
    quick = ["--size", "64", "--iterations", "3"]
    return ["style-v1", "--content", str(photo), "--style", str(painting), "--out", str(out), *quick, *more]


def test_a_photo_becomes_a_painting_with_facts_and_recipe(files: tuple[Path, Path], tmp_path: Path) -> None:
    out, facts = tmp_path / "out.png", tmp_path / "facts.json"
    assert main(style(files, out, "--facts", str(facts), "--keep-recipe", "--seed", "5", "--style-weights", "1")) == 0
    with Image.open(out) as image:
        assert image.size == (64, 48)
    told = json.loads(facts.read_text())
    for key in ("seconds", "iterations", "size", "device", "peak_memory_bytes", "losses_first", "losses_last"):
        assert told[key], key
    assert told["weights"][0]["sha256"]
    assert set(told["losses_first"]) == {"content", "style", "smoothness", "total"}
    recipe = json.loads(read_recipe(out) or "")
    assert recipe["parameters"]["seed"] == 5
    assert "photo.jpg" not in json.dumps(recipe)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_jpeg_results(suffix: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    assert main(style(files, out)) == 0
    with Image.open(out) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize("task", list(TASKS), ids=lambda task: task.name)
def test_every_parameter_is_an_option_with_help(task: Task, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([task.name, "--help"])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, field in task.parameters.model_fields.items():
        assert f"--{name.replace('_', '-')}" in told
        assert str(field.description).split(";")[0][:30] in told
    for each in task.inputs:
        assert f"--{each.name}" in told


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--size", "4096"], "size: the value should be less than or equal to 2048."),
        (["--style-weights", "1", "2"], "style_weights has 2 values for 1 paintings"),
        (["--out", "result.gif"], "has to end in .png or .jpg"),
        (["--out", "/no/such/folder/result.png"], "There is no folder"),
        (["--content", "gone.jpg", "--content", "gone.jpg"], "no readable file 'gone.jpg'"),
        (["--network", "vgg19-imagenet"], "HF_HUB_OFFLINE"),
    ],
)
def test_a_mistake_is_one_line_on_standard_error(
    change: list[str], sentence: str, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(style(files, tmp_path / "out.png", *change)) == 1
    told = capsys.readouterr().err.strip()
    assert sentence in told
    assert told.startswith("error: ")
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("name", pictures.refused())
def test_bad_files_are_one_line(
    name: str, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, word = pictures.refused()[name]
    (tmp_path / name).write_bytes(data)
    assert main(style((tmp_path / name, files[1]), tmp_path / "out.png")) == 1
    assert word in capsys.readouterr().err


def test_what_the_door_did_is_told(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, note = pictures.accepted()["cmyk.jpg"]
    (tmp_path / "cmyk.jpg").write_bytes(data)
    assert main(style((tmp_path / "cmyk.jpg", files[1]), tmp_path / "out.png")) == 0
    assert f"content: {note}" in capsys.readouterr().err


def test_weights_are_listed_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights"]) == 0
    listed = capsys.readouterr().out
    assert "vgg19-normalised shipped 26 MB" in " ".join(listed.split())
    assert "vgg19-imagenet missing 575 MB" in " ".join(listed.split())
    assert "BSD-3-Clause" in listed
    assert main(["weights", "verify"]) == 0
    assert "vgg19-normalised: shipped, sha256 right" in capsys.readouterr().out
    assert main(["weights", "fetch", "vgg19-normalised"]) == 0
    assert main(["weights", "fetch", "vgg19-imagenet"]) == 1
    assert main(["weights", "fetch", "vgg"]) == 1


def test_v2_is_judged_beside_v1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    pictures.scene(200, 196).save(folder / "a.png")
    for name in "bcdefghij":
        pictures.noisy(200, 196).save(folder / f"{name}.png")
    painting, table = tmp_path / "scream.png", tmp_path / "table.json"
    pictures.painting().save(painting)
    arguments = ["evaluate", "style-v2", "--photos", str(folder), "--style", str(painting), "--descents", "1"]
    assert main([*arguments, "--iterations", "0", "3", "--json", str(table)]) == 0
    found = json.loads(table.read_text())
    assert len(found["pictures"]) == 2
    assert found["mean"]["scream"]["v1_3"] < found["mean"]["scream"]["v1_0"]
    assert found["mean"]["scream"]["network"] > 0
    assert main([*arguments[:5], str(folder / "a.png")]) == 1
    assert "no style 'a'" in capsys.readouterr().err


def test_interrupting_keeps_the_best_picture(files: tuple[Path, Path], tmp_path: Path) -> None:
    out, facts = tmp_path / "out.png", tmp_path / "facts.json"
    command = [sys.executable, "-m", "engine", *style(files, out, "--iterations", "2000", "--facts", str(facts))]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    time.sleep(12)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert b"best so far is kept" in told
    assert json.loads(facts.read_text())["stopped"]
    with Image.open(out) as image:
        assert image.size == (64, 48)


def test_a_face_is_swapped_with_several_pictures_of_the_identity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("astronaut", "young_woman", "moltedo")
    photo, *identity = (str(pictures.saved(pictures.portrait(each), tmp_path / f"{each}.png")) for each in names)
    out, stages, facts = (tmp_path / name for name in ("out.jpg", "stages.png", "facts.json"))
    given = ["face-swap", "--image", photo, "--identity", *identity, "--method", "classical", "--out", str(out)]
    assert main(given) == 1
    assert "consent" in capsys.readouterr().err
    assert not out.exists()
    assert main([*given, "--consent", "--explanation", str(stages), "--facts", str(facts)]) == 0
    assert json.loads(facts.read_text())["ranking"][0]["picture"] == 2
    for path in (out, stages):
        assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
