"""The papers' table on a folder, through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from engine import Runtime
from engine.cli.main import main
from engine.contracts.errors import OutputError, ParameterError
from engine.imaging import metrics
from engine.imaging.resize import imresize, imresize_bytes
from engine.imaging.tensors import to_tensor
from tests.support import pictures
from tests.support.commands import refusal

Table = Callable[..., dict[str, Any]]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Originals with sides that are no multiples, one of them grey, and their small versions under other names."""
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    hr.mkdir()
    lr.mkdir()
    images = {"a": pictures.scene(98, 75), "b": pictures.painting(81, 80).convert("L")}
    for number, (name, image) in enumerate(images.items()):
        image.save(hr / f"{name}.png")
        cut = numpy.asarray(image.convert("RGB"))[: image.height // 4 * 4, : image.width // 4 * 4]
        small = Image.fromarray(imresize_bytes(cut, (cut.shape[1] // 4, cut.shape[0] // 4)))
        small.convert(image.mode).save(lr / f"img_{number:03}_LR.png")
    return hr, lr


@pytest.fixture
def table(runtime: Runtime, tmp_path: Path) -> Table:
    """What the command writes, with more of its arguments."""

    def written(*arguments: object) -> dict[str, Any]:
        file = tmp_path / "table.json"
        command = ["evaluate", "super-resolution", *map(str, arguments), "--json", str(file)]
        assert main(command, runtime=runtime) == 0
        values: dict[str, Any] = json.loads(file.read_text())
        return values

    return written


def test_the_table_of_bicubic_by_hand(
    folders: tuple[Path, Path], table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    hr, lr = folders
    values = table("--hr", hr, "--lr", lr, "--method", "bicubic", "--scale", 4)
    original = to_tensor(Image.open(hr / "a.png"))[..., :72, :96]
    small = to_tensor(Image.open(lr / "img_000_LR.png"))
    enlarged = (imresize(small, (96, 72)).clamp(0, 1) * 255).round() / 255
    first, second = values["pictures"]
    assert first["name"] == "a"
    assert first["psnr"] == pytest.approx(metrics.psnr(enlarged, original, border=4), abs=1e-3)
    assert first["ssim"] == pytest.approx(metrics.ssim(enlarged, original, border=4), abs=1e-5)
    grey = to_tensor(Image.open(hr / "b.png").convert("RGB"))[..., :80, :80]
    small = to_tensor(Image.open(lr / "img_001_LR.png").convert("RGB"))
    enlarged = (imresize(small, (80, 80)).clamp(0, 1) * 255).round() / 255
    assert second["psnr"] == pytest.approx(metrics.psnr(enlarged, grey, border=4, grey=True), abs=1e-3)
    assert values["mean"]["psnr"] == pytest.approx((first["psnr"] + second["psnr"]) / 2)
    shown = capsys.readouterr().out
    assert "mean" in shown
    assert f"{first['psnr']:.2f}" in shown


def test_small_versions_are_made_where_there_are_none(folders: tuple[Path, Path], table: Table) -> None:
    hr, lr = folders
    theirs = table("--hr", hr, "--lr", lr, "--method", "bicubic")
    ours = table("--hr", hr, "--method", "bicubic")
    assert ours["mean"]["psnr"] == pytest.approx(theirs["mean"]["psnr"], abs=0.02)


def test_a_network_is_better_in_the_table(folders: tuple[Path, Path], table: Table) -> None:
    bicubic, residual = (
        table("--hr", folders[0], "--method", method)["mean"]["psnr"] for method in ("bicubic", "residual")
    )
    assert residual > bicubic


def test_folders_that_do_not_belong_together_are_one_sentence(
    folders: tuple[Path, Path], tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    hr, lr = folders
    (tmp_path / "none").mkdir()
    both = ["--hr", str(hr), "--lr", str(lr)]

    def fields(*arguments: str) -> Mapping[str, Any]:
        error = refusal(runtime, ["evaluate", "super-resolution", *arguments], capsys)
        assert type(error) is ParameterError
        return error.fields

    assert fields("--hr", str(tmp_path / "none")) == {"folder": "none"}
    small = {"small": "img_000_LR.png", "original": "a.png", "scale": 2}
    assert fields(*both, "--scale", "2", "--method", "bicubic") == small
    (lr / "img_001_LR.png").unlink()
    assert fields(*both) == {"originals": "hr", "count": 2, "smalls": "lr", "other": 1}


def test_training_through_the_command_line(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "photos", tmp_path / "net.safetensors"
    folder.mkdir()
    pictures.scene(140, 130).save(folder / "one.png")
    command = ["train", "super-resolution", "--photos", str(folder), "--iterations", "2", "--batch", "1"]
    assert main([*command, "--out", str(out)], runtime=runtime) == 0
    assert "psnr_x4" in capsys.readouterr().out
    assert out.exists()
    error = refusal(runtime, [*command, "--out", str(tmp_path / "net.zip")], capsys)
    assert type(error) is OutputError
    error = refusal(runtime, [*command[:2], "--photos", str(tmp_path / "no"), "--out", str(out)], capsys)
    assert type(error) is ParameterError
