"""Training of style V2: killed and resumed, stopped, on two processes, from another network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import Job, Picture, Walk, open_picture
from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.hardware.device import best_device
from engine.nets.transform import STYLE, TransformNet, build
from engine.perceptual.colour import match_colours, palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.training import style_v2
from engine.training.distributed import Team
from engine.training.style_v2 import Settings, train
from engine.training.targets import Targets, starting_colours
from tests.support import pictures
from tests.nets.test_transform import random_net

QUICK = Settings(iterations=4, photos=1, styles_each=2, crop=64, size=64)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(6):
        pictures.scene(72 + index, 70).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def paintings() -> dict[str, Picture]:
    return {"waves": open_picture(pictures.painting()), "scene": open_picture(pictures.noisy())}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A net that is trained in no time; two iterations on pixels, then two on the losses."""
    monkeypatch.setattr(style_v2, "TransformNet", lambda: TransformNet((4, 4, 8, 4, 4), 1))
    monkeypatch.setattr(style_v2, "WARM_UP", 2)
    monkeypatch.setattr(style_v2, "CHECK_EVERY", 3)


def team() -> Team:
    return Team(best_device())


def learnt(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)


def test_a_killed_training_goes_on_where_it_was(photos: Path, paintings: dict[str, Picture], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    walk = Walk(train(photos, paintings, whole, QUICK, Job(), team()))
    names = [set(step.figures()) for step in walk]
    assert {"pixels", "total"} <= names[1]
    assert {"content", "style", "smoothness", "total"} <= names[-1]
    assert set(walk.result) == {"held_out", "waves", "scene"}
    assert whole.with_suffix(".jpg").exists(), "a picture of the photos that are looked at"
    steps = train(photos, paintings, killed, QUICK, Job(), team())
    for _ in range(4):  # reading, then three iterations; the state of the third is on disk
        next(steps)
    steps.close()
    resumed = [step.stage for step in Walk(train(photos, paintings, killed, QUICK, Job(), team()))]
    assert resumed[1:] == ["iteration 4 of 4"]
    one, other = learnt(whole), learnt(killed)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_result_is_a_network_with_its_styles(photos: Path, paintings: dict[str, Picture], tmp_path: Path) -> None:
    out, job = tmp_path / "net.safetensors", Job()
    walk = Walk(train(photos, paintings, out, QUICK, job, team()))
    for step in walk:
        if step.stage.startswith("iteration 1 "):
            job.stop()
            assert step.preview is not None
            assert step.preview().width > 100
    net = build({name: value.float() for name, value in learnt(out).items()})
    assert set(net.styles) == {"waves", "scene"}
    assert net(torch.rand(1, 3, 32, 36), net.style({"waves": 1.0})).shape == (1, 3, 32, 36)


def test_learning_lowers_the_loss(photos: Path, paintings: dict[str, Picture], tmp_path: Path) -> None:
    settings = replace(QUICK, iterations=60, styles_each=1, rate=0.01)
    walk = Walk(train(photos, {"waves": paintings["waves"]}, tmp_path / "net.safetensors", settings, Job(), team()))
    totals = [step.figures()["total"] for step in walk if "style" in step.figures()]
    assert sum(totals[-8:]) < 0.7 * sum(totals[:8])


def test_other_settings_do_not_go_on(photos: Path, paintings: dict[str, Picture], tmp_path: Path) -> None:
    out, one = tmp_path / "net.safetensors", replace(QUICK, iterations=1)
    Walk(train(photos, paintings, out, one, Job(), team())).finish()
    with pytest.raises(ParameterError, match="other settings"):
        Walk(train(photos, paintings, out, replace(one, balance=60), Job(), team())).finish()
    with pytest.raises(ParameterError, match="other settings"):
        Walk(train(photos, {"waves": paintings["waves"]}, out, one, Job(), team())).finish()


def test_too_few_photos(paintings: dict[str, Picture], tmp_path: Path) -> None:
    pictures.scene(72, 70).save(tmp_path / "only.png")
    with pytest.raises(ParameterError, match="too few"):
        Walk(train(tmp_path, paintings, tmp_path / "net.safetensors", QUICK, Job(), team())).finish()


def test_it_goes_on_from_another_network(photos: Path, paintings: dict[str, Picture], tmp_path: Path) -> None:
    net, style = random_net()
    before = net.state_dict()["head.weight"].clone()
    net.styles = {"old": style[0]}
    settings = replace(QUICK, iterations=1, rate=1e-4, start="some")
    out = tmp_path / "net.safetensors"
    walk = Walk(train(photos, paintings, out, settings, Job(), team(), net.requires_grad_(True)))
    assert all("pixels" not in step.figures() for step in walk), "it needs no warm-up"
    found = learnt(out)
    assert torch.allclose(found["head.weight"].float(), before, atol=2e-3)
    assert torch.allclose(found[f"{STYLE}waves"][:-12].float(), style[0][:-12], atol=5e-3)


def test_targets_are_those_of_v1(paintings: dict[str, Picture]) -> None:
    device = best_device()
    gatys = GatysEnergy(perceptual_network("vgg19-normalised", device))
    targets = Targets(paintings, gatys, 64, device.torch_device)
    both = targets.grams(torch.tensor([1, 0]))
    assert both["relu1_1"].shape == (2, 64, 64)
    assert not torch.equal(both["relu3_1"][0], both["relu3_1"][1])
    assert torch.equal(both["relu3_1"][1], targets.grams(torch.tensor([0]))["relu3_1"][0])


def test_the_first_colours_are_those_of_a_recoloured_photo() -> None:
    photo, painting = torch.rand(1, 3, 40, 40), torch.rand(1, 3, 30, 30) ** 2
    matrix, offset = starting_colours(palette([photo]), palette([painting]))
    mean, deviation = photo.mean((2, 3), keepdim=True), photo.std((2, 3), keepdim=True, correction=0)
    plain = ((photo - mean) / deviation).flatten(2)[0]
    made = (matrix.float() @ plain + offset.float()[:, None]).reshape_as(photo)
    wanted = match_colours(photo, palette([painting]))
    assert torch.allclose(made.mean((2, 3)), wanted.mean((2, 3)), atol=1e-3)
    assert torch.allclose(torch.cov(made.flatten(2)[0]), torch.cov(wanted.flatten(2)[0]), atol=2e-3)


def test_two_processes_train_one_network(photos: Path, tmp_path: Path) -> None:
    """Through torchrun, on the CPU: gradients are shared, the leader alone writes and speaks."""
    net, style = random_net()
    save_file({**net.state_dict(), f"{STYLE}old": style[0]}, tmp_path / "start.safetensors")
    pictures.painting().save(tmp_path / "waves.png")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += ["-m", "engine", "train", "style-v2", "--photos", str(photos), "--style", str(tmp_path / "waves.png")]
    command += ["--from-network", str(tmp_path / "start.safetensors"), "--out", str(tmp_path / "net.safetensors")]
    command += ["--crop", "64", "--photos-each", "1", "--iterations", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PENTIMENTO_DEVICE": "cpu"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(re.findall(r"net\.safetensors: held_out", done.stdout)) == 1
    assert set(build({k: v.float() for k, v in learnt(tmp_path / "net.safetensors").items()}).styles) == {"waves"}


def test_a_team_of_one_stops_when_it_is_told() -> None:
    alone = team()
    assert alone.leads
    assert alone.any(True)
    assert not alone.any(False)
    net = torch.nn.Linear(2, 2)
    assert alone.parallel(net) is net


def test_the_command_refuses_what_cannot_be(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    painting = tmp_path / "waves.png"
    pictures.painting().save(painting)
    same = tmp_path / "other" / "waves.png"
    same.parent.mkdir()
    pictures.painting().save(same)
    base = ["train", "style-v2", "--photos", str(photos), "--style", str(painting)]
    out = ["--out", str(tmp_path / "net.safetensors")]
    for extra, words in (
        (["--out", str(tmp_path / "net.pth")], ".safetensors"),
        ([*out, "--style", str(same)], "same file name"),
        ([*out, "--from-network", str(painting)], "no network of style V2"),
        ([*out, "--photos-each", "0"], "at least 1"),
    ):
        assert main([*base, *extra]) == 1
        assert words in capsys.readouterr().err
