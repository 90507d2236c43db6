"""Training of super-resolution: one that is killed goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from engine import Job, StepRun
from engine.contracts.errors import ParameterError
from engine.imaging.resize import imresize_bytes
from engine.nets.compact import BLOCKS, CompactNet, build
from engine.training import super_resolution
from engine.training.photos import read_photos
from engine.training.super_resolution import Pairs, Settings, train

CPU = torch.device("cpu")
QUICK = Settings(iterations=4, batch=2)


def test_a_pair_belongs_together(folder_of_photos: Path) -> None:
    pairs = Pairs(read_photos(folder_of_photos, shortest=128))
    generator = torch.Generator().manual_seed(0)
    for scale in (2, 3, 4):
        small, large = pairs.crop(scale, 16, generator)
        assert small.shape == (16, 16, 3)
        assert large.shape == (16 * scale, 16 * scale, 3)
        again = imresize_bytes(large, (16, 16)).astype(int)
        assert abs(again - small)[2:-2, 2:-2].max() <= 2, "they differ at the border of the crop only"


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)


def test_a_killed_training_goes_on_where_it_was(
    folder_of_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(super_resolution, "CHECK_EVERY", 2)
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    quality = StepRun(train([folder_of_photos], whole, QUICK, CPU, Job())).finish()
    assert set(quality) == {"psnr_x2", "psnr_x3", "psnr_x4"}
    steps: Iterator[object] = iter(train([folder_of_photos], killed, QUICK, CPU, Job()))
    for _ in range(4):  # reading, then three iterations; the state of the second one is on disk
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert not killed.exists()
    resumed = [step.stage.values for step in StepRun(train([folder_of_photos], killed, QUICK, CPU, Job()))]
    assert resumed[1:] == [{"done": 3, "iterations": 4}, {"done": 4, "iterations": 4}]
    one, other = weights_of(whole), weights_of(killed)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_stop_keeps_what_was_learned(folder_of_photos: Path, tmp_path: Path) -> None:
    out, job = tmp_path / "net.safetensors", Job()
    run = StepRun(train([folder_of_photos], out, QUICK, CPU, job))
    for step in run:
        if step.stage.values.get("done") == 1:
            job.stop()
    assert out.with_suffix(".checkpoint").exists()
    net = build({name: value.float() for name, value in weights_of(out).items()})
    large = net(torch.rand(1, 3, 12, 10), 3)
    assert large.shape == (1, 3, 36, 30)


def test_other_settings_do_not_go_on_from_a_checkpoint(folder_of_photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    StepRun(train([folder_of_photos], out, Settings(iterations=1, batch=2), CPU, Job())).finish()
    with pytest.raises(ParameterError) as refusal:
        StepRun(train([folder_of_photos], out, Settings(iterations=1, batch=3), CPU, Job())).finish()
    assert refusal.value.fields["file"] == "net.checkpoint"
    assert refusal.value.fields["settings"]["batch"] == 2
    StepRun(train([folder_of_photos], out, Settings(iterations=2, batch=2), CPU, Job())).finish()


def test_learning_lowers_the_loss(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    noise = numpy.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=numpy.uint8)
    Image.fromarray(noise).resize((160, 160), Image.Resampling.NEAREST).save(folder / "squares.png")
    run = StepRun(train([folder], tmp_path / "net.safetensors", Settings(iterations=30, batch=2, patch=24), CPU, Job()))
    losses = [step.figures()["loss"] for step in run if step.figures()]
    assert sum(losses[-8:]) < 0.95 * sum(losses[:8])


@pytest.mark.long
def test_a_longer_training_comes_nearer_than_interpolation(folder_of_photos: Path, tmp_path: Path) -> None:
    short = StepRun(train([folder_of_photos], tmp_path / "short.safetensors", QUICK, CPU, Job())).finish()
    settings = Settings(iterations=300, batch=4)
    long = StepRun(train([folder_of_photos], tmp_path / "long.safetensors", settings, CPU, Job())).finish()
    assert long["psnr_x2"] > short["psnr_x2"] + 0.2


def test_a_network_grows_from_a_smaller_one_without_forgetting(folder_of_photos: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    start = CompactNet(2)
    grown = super_resolution._grown(start)
    picture = torch.rand(1, 3, 12, 10)
    assert len(grown.blocks) == BLOCKS > 2
    assert torch.allclose(grown(picture, 4), start(picture, 4), atol=1e-6)
    settings = Settings(iterations=2, batch=2, squared=0.5, half=True, start="0" * 64)
    StepRun(train([folder_of_photos], tmp_path / "net.safetensors", settings, CPU, Job(), start)).finish()
    assert (
        len(build({name: value.float() for name, value in weights_of(tmp_path / "net.safetensors").items()}).blocks)
        == BLOCKS
    )
