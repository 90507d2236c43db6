"""The papers' table on a folder, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from PIL import Image

from engine.cli.main import main
from engine.imaging import metrics
from engine.imaging.resize import imresize, imresize_bytes
from engine.imaging.tensors import to_tensor
from tests.support import pictures


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


def table(*arguments: object, out: Path) -> dict[str, object]:
    assert main(["evaluate", "super-resolution", *map(str, arguments), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert isinstance(found, dict)
    return found


def test_the_table_of_bicubic_by_hand(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hr, lr = folders
    found = table("--hr", hr, "--lr", lr, "--method", "bicubic", "--scale", 4, out=tmp_path / "out.json")
    original = to_tensor(Image.open(hr / "a.png"))[..., :72, :96]
    small = to_tensor(Image.open(lr / "img_000_LR.png"))
    made = (imresize(small, (96, 72)).clamp(0, 1) * 255).round() / 255
    first, second = found["pictures"]  # type: ignore[misc]
    assert first["name"] == "a"
    assert first["psnr"] == pytest.approx(metrics.psnr(made, original, border=4), abs=1e-3)
    assert first["ssim"] == pytest.approx(metrics.ssim(made, original, border=4), abs=1e-5)
    grey = to_tensor(Image.open(hr / "b.png").convert("RGB"))[..., :80, :80]
    made = (imresize(to_tensor(Image.open(lr / "img_001_LR.png").convert("RGB")), (80, 80)).clamp(0, 1) * 255).round()
    assert second["psnr"] == pytest.approx(metrics.psnr(made / 255, grey, border=4, grey=True), abs=1e-3)
    mean = found["mean"]
    assert mean["psnr"] == pytest.approx((first["psnr"] + second["psnr"]) / 2)  # type: ignore[index]
    told = capsys.readouterr().out
    assert "mean" in told
    assert f"{first['psnr']:.2f}" in told


def test_small_versions_are_made_where_none_are_given(folders: tuple[Path, Path], tmp_path: Path) -> None:
    hr, lr = folders
    given = table("--hr", hr, "--lr", lr, "--method", "bicubic", out=tmp_path / "given.json")
    made = table("--hr", hr, "--method", "bicubic", out=tmp_path / "made.json")
    assert made["mean"]["psnr"] == pytest.approx(given["mean"]["psnr"], abs=0.02)  # type: ignore[index]


def test_a_network_is_better_in_the_table(folders: tuple[Path, Path], tmp_path: Path) -> None:
    quality = [
        table("--hr", folders[0], "--method", method, out=tmp_path / f"{method}.json")["mean"]["psnr"]  # type: ignore[index]
        for method in ("bicubic", "residual")
    ]
    assert quality[1] > quality[0]


def test_folders_that_do_not_belong_together_are_one_sentence(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hr, lr = folders
    (tmp_path / "none").mkdir()
    for arguments, word in (
        (["--hr", str(tmp_path / "none")], "no pictures"),
        (["--hr", str(hr), "--lr", str(lr), "--scale", "2", "--method", "bicubic"], "sizes do not fit"),
    ):
        assert main(["evaluate", "super-resolution", *arguments]) == 1
        assert word in capsys.readouterr().err
    (lr / "img_001_LR.png").unlink()
    assert main(["evaluate", "super-resolution", "--hr", str(hr), "--lr", str(lr)]) == 1
    assert "2 pictures" in capsys.readouterr().err


def test_training_through_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "photos", tmp_path / "net.safetensors"
    folder.mkdir()
    pictures.scene(140, 130).save(folder / "one.png")
    command = ["train", "super-resolution", "--photos", str(folder), "--iterations", "2", "--batch", "1"]
    assert main([*command, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "psnr_x4" in told
    assert out.exists()
    assert main([*command, "--out", str(tmp_path / "net.zip")]) == 1
    assert main([*command[:2], "--photos", str(tmp_path / "no"), "--out", str(out)]) == 1
