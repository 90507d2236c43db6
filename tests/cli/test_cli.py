"""The command line, called as a program and as a function."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine import TASKS, PentimentoError, RunResult, Runtime, open_picture
from engine.cli.main import main
from engine.contracts.errors import (
    ConsentError,
    OutputError,
    ParameterError,
    PictureError,
    UnknownNameError,
    UnreadablePictureError,
    WeightsUnavailableError,
)
from engine.contracts.messages import Message
from engine.contracts.task import TaskSpec
from engine.imaging.picture import read_recipe
from tests.support import pictures
from tests.support.commands import refusal

ROOT = Path(__file__).parents[2]


def style(files: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    photo, painting = files
    quick = ["--size", "64", "--iterations", "3"]
    return ["style-v1", "--content", str(photo), "--style", str(painting), "--out", str(out), *quick, *more]


def test_a_photo_becomes_a_painting_with_facts_and_recipe(
    files: tuple[Path, Path], tmp_path: Path, runtime: Runtime
) -> None:
    out, file = tmp_path / "out.png", tmp_path / "facts.json"
    more = ["--facts", str(file), "--keep-recipe", "--seed", "5", "--style-weights", "1"]
    assert main(style(files, out, *more), runtime=runtime) == 0
    with Image.open(out) as image:
        assert image.size == (64, 48)
    facts = json.loads(file.read_text())
    for key in ("seconds", "iterations", "size", "device", "peak_memory_bytes", "losses_first", "losses_last"):
        assert facts[key], key
    assert facts["weights"][0]["sha256"]
    assert set(facts["losses_first"]) == {"content", "style", "smoothness", "total"}
    recipe = json.loads(read_recipe(out) or "")
    assert recipe["parameters"]["seed"] == 5
    assert "photo.jpg" not in json.dumps(recipe)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_jpeg_results(suffix: str, files: tuple[Path, Path], tmp_path: Path, runtime: Runtime) -> None:
    out = tmp_path / f"out{suffix}"
    assert main(style(files, out), runtime=runtime) == 0
    with Image.open(out) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize("task", list(TASKS), ids=lambda task: task.name)
def test_every_parameter_is_an_option_with_help(task: TaskSpec, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([task.name, "--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, field in task.parameters.model_fields.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert str(field.description).split(";")[0][:30] in shown
    for spec in task.inputs:
        assert f"--{spec.name}" in shown


@pytest.mark.parametrize(
    ("change", "kind", "fields"),
    [
        (["--size", "4096"], ParameterError, {"parameter": "size", "high": 2048}),
        (["--style-weights", "1", "2"], ParameterError, {"parameter": "style_weights", "values": 2, "paintings": 1}),
        (["--out", "result.gif"], OutputError, {"wanted": ".png or .jpg", "ending": ".gif"}),
        (["--out", "/no/such/folder/result.png"], OutputError, {"folder": Path("/no/such/folder")}),
        (["--content", "gone.jpg", "--content", "gone.jpg"], UnreadablePictureError, {"file": "gone.jpg"}),
    ],
)
def test_a_mistake_is_one_line_on_standard_error(
    change: list[str], kind: type[PentimentoError], fields: dict[str, Any], files: tuple[Path, Path], tmp_path: Path,
    runtime: Runtime, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    error = refusal(runtime, style(files, tmp_path / "out.png", *change), capsys)
    assert type(error) is kind
    assert error.fields == fields


def test_the_program_ends_with_one_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine", *style(files, tmp_path / "out.png", "--network", "vgg19-imagenet")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert ended.stderr.splitlines()[-1] == line
    assert "HF_HUB_OFFLINE" in line


@pytest.mark.parametrize("name", pictures.refused())
def test_bad_files_are_one_line(
    name: str, files: tuple[Path, Path], tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(pictures.refused()[name][0])
    with pytest.raises(PictureError) as expected:
        open_picture(path)
    error = refusal(runtime, style((path, files[1]), tmp_path / "out.png"), capsys)
    assert type(error) is type(expected.value)
    assert error.message == expected.value.message


def test_what_the_door_did_is_shown(
    files: tuple[Path, Path], tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cmyk.jpg"
    path.write_bytes(pictures.accepted()["cmyk.jpg"][0])
    (note,) = open_picture(path).notes
    assert main(style((path, files[1]), tmp_path / "out.png"), runtime=runtime) == 0
    assert f"content: {note}\n" in capsys.readouterr().err


def test_weights_are_listed_and_verified(runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights"], runtime=runtime) == 0
    listed = capsys.readouterr().out
    assert "vgg19-normalised shipped 26 MB" in " ".join(listed.split())
    assert "vgg19-imagenet missing 575 MB" in " ".join(listed.split())
    assert "BSD-3-Clause" in listed
    assert main(["weights", "verify"], runtime=runtime) == 0
    assert "vgg19-normalised: shipped, sha256 right" in capsys.readouterr().out
    assert main(["weights", "fetch", "vgg19-normalised"], runtime=runtime) == 0
    assert type(refusal(runtime, ["weights", "fetch", "vgg19-imagenet"], capsys)) is WeightsUnavailableError
    error = refusal(runtime, ["weights", "fetch", "vgg19-normal"], capsys)
    assert type(error) is UnknownNameError
    assert error.fields["nearest"] == "vgg19-normalised"


def test_v2_is_judged_beside_v1(tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    pictures.scene(200, 196).save(folder / "a.png")
    for name in "bcdefghij":
        pictures.noisy(200, 196).save(folder / f"{name}.png")
    painting, file = tmp_path / "scream.png", tmp_path / "table.json"
    pictures.painting().save(painting)
    command = ["evaluate", "style-v2", "--photos", str(folder), "--style", str(painting), "--descents", "1"]
    assert main([*command, "--iterations", "0", "3", "--json", str(file)], runtime=runtime) == 0
    table = json.loads(file.read_text())
    assert len(table["pictures"]) == 2
    assert table["mean"]["scream"]["v1_3"] < table["mean"]["scream"]["v1_0"]
    assert table["mean"]["scream"]["network"] > 0
    error = refusal(runtime, [*command[:5], str(folder / "a.png")], capsys)
    assert type(error) is UnknownNameError
    assert (error.fields["kind"], error.fields["name"]) == (Message("style"), "a")


def test_a_disk_that_is_full_leaves_the_older_result(
    files: tuple[Path, Path],
    tmp_path: Path,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"the older result")

    def full(self: RunResult, target: Path, **_: object) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunResult, "save", full)
    error = refusal(runtime, style(files, out), capsys)
    assert type(error) is OutputError
    assert error.fields == {"problem": "No space left on device", "file": out}
    assert out.read_bytes() == b"the older result"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "painting.png", "photo.jpg"]


def test_interrupting_keeps_the_best_picture(files: tuple[Path, Path], tmp_path: Path) -> None:
    out, facts = tmp_path / "out.png", tmp_path / "facts.json"
    command = [sys.executable, "-m", "engine", *style(files, out, "--iterations", "2000", "--facts", str(facts))]
    terminal, end = os.openpty()  # the bar is shown on terminals only
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    process = subprocess.Popen(command, cwd=ROOT, stderr=end)
    shown = b""
    while b"iteration" not in shown:
        shown += os.read(terminal, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    shown += os.read(terminal, 1 << 16)
    assert b"best so far is kept" in shown
    assert json.loads(facts.read_text())["stopped"]
    with Image.open(out) as image:
        assert image.size == (64, 48)


def test_a_face_is_swapped_with_several_pictures_of_the_identity(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("astronaut", "young_woman", "moltedo")
    photo, *identity = (str(pictures.saved(pictures.portrait(each), tmp_path / f"{each}.png")) for each in names)
    out, stages, facts = (tmp_path / name for name in ("out.jpg", "stages.png", "facts.json"))
    command = ["face-swap", "--image", photo, "--identity", *identity, "--method", "classical", "--out", str(out)]
    assert type(refusal(runtime, command, capsys)) is ConsentError
    assert not out.exists()
    more = ["--consent", "--explanation", str(stages), "--facts", str(facts)]
    assert main([*command, *more], runtime=runtime) == 0
    assert json.loads(facts.read_text())["ranking"][0]["picture"] == 2
    for path in (out, stages):
        assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()


def test_what_a_format_or_the_disk_cannot_hold_is_refused_before_the_work(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (9000, 16)).save(tmp_path / "strip.png")
    way = ["super-resolution", "--image", str(tmp_path / "strip.png"), "--method", "bicubic", "--scale", "8", "--out"]

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setattr(Runtime, "run", never)
    error = refusal(runtime, [*way, str(tmp_path / "out.jpg")], capsys)
    assert type(error) is OutputError
    assert error.fields == {"format": "JPEG", "limit": 65_500, "width": 72_000, "height": 128}
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))
    error = refusal(runtime, [*way, str(tmp_path / "out.png")], capsys)
    assert type(error) is OutputError
    assert error.fields == {"needed": pytest.approx(72_000 * 128 * 0.5e-6), "free": 1.0}


def test_an_unforeseen_error_is_a_sentence_with_an_id(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, runtime: Runtime,
) -> None:  # fmt: skip
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Runtime, "run", broken)
    assert main(style(files, tmp_path / "out.png"), runtime=runtime) == 1
    entry = caplog.records[-1].msg
    assert isinstance(entry, dict)
    words = capsys.readouterr().err
    assert entry["id"] in words
    assert "Traceback" not in words
    assert "secret" not in words
