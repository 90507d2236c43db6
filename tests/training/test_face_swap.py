"""Training the network of one identity, on tiny data."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import torch
from safetensors.torch import load_file

from engine import Job, Runtime, StepRun
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.nets.face_transform import build
from engine.perceptual.network import perceptual_network
from engine.training.face_lessons import Lessons, Settings
from engine.training.face_swap import train
from tests.support import pictures
from tests.support.faces import aligned_in

PHOTO = numpy.asarray(pictures.face(224, 224))
IDENTITY = numpy.asarray(pictures.face(224, 224, "moltedo"))
TINY = Settings(iterations=4, batch=1, side=64, variants=2, rate=3e-3)


def test_losses_fall_and_the_network_is_written(runtime: Runtime, tmp_path: Path) -> None:
    out = tmp_path / "someone.safetensors"
    settings = Settings(iterations=60, batch=1, side=64, variants=1, rate=3e-3)
    losses = StepRun(train([IDENTITY], [PHOTO], out, settings, runtime.nets, Job())).finish()
    assert set(losses) == {"content", "patches", "light", "smoothness", "total"}
    net = build({name: value.float() for name, value in load_file(out).items()})
    nets = runtime.nets
    faces = [aligned_in(nets, each, 256) for each in (PHOTO, IDENTITY)]
    energy = Lessons(perceptual_network("vgg19-normalised", nets), faces[:1], faces[1:], settings).energy(0, 64)
    with torch.no_grad():
        before, after = (
            float(torch.stack(list(energy.terms(energy.inside(face)).values())).sum())
            for face in (energy.scene, net.to(nets.device.torch_device)(energy.scene))
        )
    assert after < 0.98 * before


def test_a_killed_training_goes_on(runtime: Runtime, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    StepRun(train([IDENTITY], [PHOTO], whole, TINY, runtime.nets, Job())).finish()
    job = Job()
    for step in train([IDENTITY], [PHOTO], parts, TINY, runtime.nets, job):
        if step.stage.values.get("iteration") == 2:
            assert step.preview is not None
            assert step.preview().size == (128, 128) or step.preview().size[1] == 128
            job.stop()
    assert parts.exists()
    assert parts.with_suffix(".training").exists()
    with pytest.raises(ParameterError) as refusal:
        StepRun(train([PHOTO], [PHOTO], parts, TINY, runtime.nets, Job())).finish()
    assert refusal.value.fields["file"] == "parts.training"
    stages = [step.stage.values for step in train([IDENTITY], [PHOTO], parts, TINY, runtime.nets, Job())]
    assert next(stage["iteration"] for stage in stages if "iteration" in stage) == 3
    assert not parts.with_suffix(".training").exists(), "the same command again is another training"
    first, second = load_file(whole), load_file(parts)
    assert all(torch.allclose(first[name].float(), second[name].float(), atol=2e-3) for name in first)


def test_pictures_without_faces_are_refused(runtime: Runtime, tmp_path: Path) -> None:
    scene = numpy.asarray(pictures.scene(200, 200))
    with pytest.raises(ParameterError) as refusal:
        StepRun(train([scene], [PHOTO], tmp_path / "a.safetensors", TINY, runtime.nets, Job())).finish()
    assert refusal.value.fields == {"kind": Message("identity")}
    with pytest.raises(ParameterError) as refusal:
        StepRun(train([IDENTITY], [scene], tmp_path / "a.safetensors", TINY, runtime.nets, Job())).finish()
    assert refusal.value.fields == {"kind": Message("photos")}
