"""Training: photos from folders and archives, and a training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from engine import Job, Walk
from engine.contracts.errors import ParameterError
from engine.imaging.resize import imresize, imresize_bytes
from engine.nets.compact import build
from engine.training import super_resolution
from engine.training.photos import read_photos
from engine.training.super_resolution import Pairs, Settings, train
from tests.support import pictures

QUICK = Settings(iterations=4, batch=2)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    for index, kind in enumerate((pictures.scene, pictures.painting, pictures.scene)):
        kind(132 + 3 * index, 140).save(folder / ("deeper" if index else "") / f"{index}.png")
    pictures.scene(60, 60).save(folder / "small.png")
    (folder / "notes.txt").write_text("no picture")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_photos_are_read_from_folders_and_archives(photos: Path, tmp_path: Path) -> None:
    found = read_photos(photos, shortest=128)
    assert [each.shape for each in found] == [(140, 132, 3), (140, 135, 3), (140, 138, 3)]
    archive = tmp_path / "photos.tar"
    with tarfile.open(archive, "w") as made:
        made.add(photos, "photos")
    assert [each.tobytes() for each in read_photos(archive, shortest=128)] == [each.tobytes() for each in found]
    with pytest.raises(ParameterError, match="no picture of at least 500"):
        read_photos(photos, shortest=500)
    with pytest.raises(ParameterError, match="neither a folder nor"):
        read_photos(photos / "notes.txt", shortest=1)


def test_a_pair_belongs_together(photos: Path) -> None:
    pairs = Pairs(read_photos(photos, shortest=128))
    generator = torch.Generator().manual_seed(0)
    for scale in (2, 3, 4):
        small, large = pairs.crop(scale, 16, generator)
        assert small.shape == (16, 16, 3)
        assert large.shape == (16 * scale, 16 * scale, 3)
        again = imresize_bytes(large, (16, 16)).astype(int)
        assert abs(again - small)[2:-2, 2:-2].max() <= 2, "they differ at the border of the crop only"


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)


def test_a_killed_training_goes_on_where_it_was(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(super_resolution, "CHECK_EVERY", 2)
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    quality = Walk(train([photos], whole, QUICK, Job())).finish()
    assert set(quality) == {"psnr_x2", "psnr_x3", "psnr_x4"}
    steps: Iterator[object] = iter(train([photos], killed, QUICK, Job()))
    for _ in range(4):  # reading, then three iterations; the state of the second one is on disk
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert not killed.exists()
    resumed = [step.stage for step in Walk(train([photos], killed, QUICK, Job()))]
    assert resumed[1:] == ["iteration 3 of 4", "iteration 4 of 4"]
    one, other = weights_of(whole), weights_of(killed)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_stop_keeps_what_was_learned(photos: Path, tmp_path: Path) -> None:
    out, job = tmp_path / "net.safetensors", Job()
    walk = Walk(train([photos], out, QUICK, job))
    for step in walk:
        if step.stage.startswith("iteration 1"):
            job.stop()
    assert out.with_suffix(".checkpoint").exists()
    net = build({name: value.float() for name, value in weights_of(out).items()})
    made = net(torch.rand(1, 3, 12, 10), 3)
    assert made.shape == (1, 3, 36, 30)


def test_other_settings_do_not_go_on_from_a_checkpoint(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    Walk(train([photos], out, Settings(iterations=1, batch=2), Job())).finish()
    with pytest.raises(ParameterError, match="other settings"):
        Walk(train([photos], out, Settings(iterations=1, batch=3), Job())).finish()
    Walk(train([photos], out, Settings(iterations=2, batch=2), Job())).finish()


def test_learning_lowers_the_loss(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    noise = numpy.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=numpy.uint8)
    Image.fromarray(noise).resize((160, 160), Image.Resampling.NEAREST).save(folder / "squares.png")
    walk = Walk(train([folder], tmp_path / "net.safetensors", Settings(iterations=30, batch=2, patch=24), Job()))
    losses = [step.figures()["loss"] for step in walk if step.figures()]
    assert sum(losses[-8:]) < 0.95 * sum(losses[:8])


def test_an_untaught_difference_of_zero_is_bicubic() -> None:
    from engine.nets.compact import CompactNet

    net = CompactNet()
    for tail in net.tails.values():
        torch.nn.init.zeros_(tail.weight)  # type: ignore[arg-type]
        torch.nn.init.zeros_(tail.bias)  # type: ignore[arg-type]
    picture = torch.rand(1, 3, 9, 8)
    for scale in (2, 3, 4):
        assert torch.equal(net(picture, scale), imresize(picture, (8 * scale, 9 * scale)))
