"""Training of the PixelCNN: one that is killed goes on as if nothing had happened, and it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine import Job, StepRun
from engine.imaging.resize import imresize
from engine.nets.pixelcnn import build
from engine.training import pixelcnn
from engine.training.photos import read_photos
from engine.training.pixelcnn import Settings, parts, train

CPU = torch.device("cpu")
QUICK = Settings(iterations=4, batch=2)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixelcnn, "CHECK_EVERY", 2)
    monkeypatch.setattr(pixelcnn, "MEASURED", 4)


def test_a_part_belongs_to_its_small_picture(folder_of_photos: Path) -> None:
    small, large = parts([read_photos(folder_of_photos, shortest=32)], 3, torch.Generator().manual_seed(0))
    assert small.shape == (3, 3, 8, 8)
    assert large.shape == (3, 3, 32, 32)
    assert (imresize(large, (8, 8)).clamp(0, 1) - small).abs().max() < 0.51 / 255
    assert torch.allclose(255 * large, (255 * large).round(), atol=1e-4)


def test_a_killed_training_goes_on_where_it_was(folder_of_photos: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    bits = StepRun(train([folder_of_photos], whole, QUICK, CPU, Job())).finish()
    assert set(bits) == {"bits_both", "bits_conditioning", "bits_prior"}
    steps = iter(train([folder_of_photos], killed, QUICK, CPU, Job()))
    for _ in range(4):  # reading, then three iterations; the state of the second one is on disk
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    resumed = [step.stage.values for step in StepRun(train([folder_of_photos], killed, QUICK, CPU, Job()))]
    assert resumed[1:] == [{"done": 3, "iterations": 4}, {"done": 4, "iterations": 4}]
    one, other = load_file(whole), load_file(killed)
    assert all(torch.equal(one[name], other[name]) for name in one)
    build({name: value.float() for name, value in one.items()})


def test_it_learns(folder_of_photos: Path, tmp_path: Path) -> None:
    out, losses = tmp_path / "net.safetensors", []
    for step in StepRun(train([folder_of_photos], out, Settings(iterations=25, batch=4), CPU, Job())):
        losses += [step.figures()["loss"]] if "loss" in step.figures() else []
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
