"""Training of style V2: killed and resumed, stopped, from another network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine import Job, Picture, Runtime, StepRun, open_picture
from engine.contracts.errors import ParameterError
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import STYLE, TransformNet, build
from engine.training import style_v2
from engine.training.distributed import Team
from engine.training.style_settings import Settings
from engine.training.style_v2 import LOOKED_AT, train
from tests.support import pictures
from tests.support.nets import random_net

QUICK = Settings(iterations=4, photos=1, styles_each=2, crop=64, size=64)
Studio = tuple[Team, LoadedNets]
"""Who trains, and with which nets."""


@pytest.fixture
def studio(runtime: Runtime) -> Studio:
    return Team(runtime.device), runtime.nets


@pytest.fixture
def paintings() -> dict[str, Picture]:
    return {"waves": open_picture(pictures.painting()), "scene": open_picture(pictures.noisy())}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A net that is trained in no time; two iterations on pixels, then two on the losses."""
    monkeypatch.setattr(style_v2, "TransformNet", lambda: TransformNet((4, 4, 8, 4, 4), 1))
    monkeypatch.setattr(style_v2, "WARM_UP", 2)
    monkeypatch.setattr(style_v2, "CHECK_EVERY", 3)


def test_a_killed_training_goes_on_where_it_was(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    run = StepRun(train(small_photos, paintings, whole, QUICK, Job(), *studio))
    names = [set(step.figures()) for step in run]
    assert {"pixels", "total"} <= names[1]
    assert {"content", "style", "smoothness", "total"} <= names[-1]
    assert set(run.result) == {"held_out", "waves", "scene"}
    assert whole.with_suffix(".jpg").exists(), "a picture of the photos that are looked at"
    steps = train(small_photos, paintings, killed, QUICK, Job(), *studio)
    for _ in range(4):  # reading, then three iterations; the state of the third is on disk
        next(steps)
    steps.close()
    resumed = [step.stage.values for step in StepRun(train(small_photos, paintings, killed, QUICK, Job(), *studio))]
    assert resumed[1:] == [{"done": 4, "iterations": 4}]
    one, other = load_file(whole), load_file(killed)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_result_is_a_network_with_its_styles(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    out, job = tmp_path / "net.safetensors", Job()
    run = StepRun(train(small_photos, paintings, out, QUICK, job, *studio))
    for step in run:
        if step.stage.values.get("done") == 1:
            job.stop()
            assert step.preview is not None
            assert step.preview().width > 100
    net = build({name: value.float() for name, value in load_file(out).items()})
    assert set(net.styles) == {"waves", "scene"}
    assert net(torch.rand(1, 3, 32, 36), net.style({"waves": 1.0})).shape == (1, 3, 32, 36)


def test_learning_lowers_the_loss(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    settings = replace(QUICK, iterations=30, styles_each=1, rate=0.01)
    run = StepRun(
        train(small_photos, {"waves": paintings["waves"]}, tmp_path / "net.safetensors", settings, Job(), *studio)
    )
    totals = [step.figures()["total"] for step in run if "style" in step.figures()]
    assert sum(totals[-8:]) < 0.7 * sum(totals[:8])


def test_other_settings_do_not_go_on(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    out, one = tmp_path / "net.safetensors", replace(QUICK, iterations=1)
    StepRun(train(small_photos, paintings, out, one, Job(), *studio)).finish()
    for styles, settings in ((paintings, replace(one, balance=60)), ({"waves": paintings["waves"]}, one)):
        with pytest.raises(ParameterError) as refusal:
            StepRun(train(small_photos, styles, out, settings, Job(), *studio)).finish()
        assert refusal.value.fields["file"] == "net.checkpoint"
        assert (refusal.value.fields["settings"]["balance"], refusal.value.fields["settings"]["styles"]) == (
            50,
            ["waves", "scene"],
        )


def test_too_few_photos(studio: Studio, paintings: dict[str, Picture], tmp_path: Path) -> None:
    pictures.scene(72, 70).save(tmp_path / "only.png")
    with pytest.raises(ParameterError) as refusal:
        StepRun(train(tmp_path, paintings, tmp_path / "net.safetensors", QUICK, Job(), *studio)).finish()
    assert refusal.value.fields == {"photos": 1, "minimum": LOOKED_AT}


def test_it_goes_on_from_another_network(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    net, style = random_net()
    before = net.state_dict()["head.weight"].clone()
    net.styles = {"old": style[0]}
    settings = replace(QUICK, iterations=1, rate=1e-4, start="some")
    out = tmp_path / "net.safetensors"
    run = StepRun(train(small_photos, paintings, out, settings, Job(), *studio, net.requires_grad_(True)))
    assert all("pixels" not in step.figures() for step in run), "it needs no warm-up"
    trained = load_file(out)
    assert torch.allclose(trained["head.weight"].float(), before, atol=2e-3)
    assert torch.allclose(trained[f"{STYLE}waves"][:-12].float(), style[0][:-12], atol=5e-3)


def test_a_style_that_is_drawn_more_often_is_painted_in_more_often(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    net, style = random_net()
    net.styles = dict.fromkeys(paintings, style[0])
    settings = replace(QUICK, styles_each=1, start="some", often={"waves": 1e6})
    out = tmp_path / "net.safetensors"
    StepRun(train(small_photos, paintings, out, settings, Job(), *studio, net.requires_grad_(True))).finish()
    trained, before = load_file(out), style[0].half()
    assert torch.equal(trained[f"{STYLE}scene"], before)
    assert not torch.equal(trained[f"{STYLE}waves"], before)


def test_styles_alone_leave_the_convolutions_as_they_are(
    studio: Studio, small_photos: Path, paintings: dict[str, Picture], tmp_path: Path
) -> None:
    net, style = random_net()
    net.styles = dict.fromkeys(paintings, style[0])
    before = {name: value.half() for name, value in net.state_dict().items()}
    out = tmp_path / "net.safetensors"
    settings = replace(QUICK, start="some", styles_only=True)
    StepRun(train(small_photos, paintings, out, settings, Job(), *studio, net.requires_grad_(True))).finish()
    trained = load_file(out)
    assert all(torch.equal(trained[name], value) for name, value in before.items())
    assert not torch.equal(trained[f"{STYLE}waves"], style[0].half())
