"""Training the network of one identity, on tiny data; the evaluation without its judge."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
import torch
from PIL import ImageOps
from safetensors.torch import load_file

from engine import Walk
from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.contracts.job import Job
from engine.evaluation import faces as evaluated
from engine.evaluation import reference_model as judge
from engine.evaluation.faces import _pairs
from engine.faces.align import alignment, crop
from engine.faces.aligned_face import chosen, align_face
from engine.faces.detection import find_faces
from engine.hardware.device import best_device
from engine.nets.face_transform import build
from engine.perceptual.network import perceptual_network
from engine.training.face_swap import Lessons, Settings, train
from tests.support import pictures

PHOTO = numpy.asarray(pictures.face(224, 224))
IDENTITY = numpy.asarray(pictures.face(224, 224, "moltedo"))
TINY = Settings(iterations=4, batch=1, side=64, variants=2, rate=3e-3)


def test_losses_fall_and_the_network_is_written(tmp_path: Path) -> None:
    out = tmp_path / "someone.safetensors"
    settings = Settings(iterations=60, batch=1, side=64, variants=1, rate=3e-3)
    found = Walk(train([IDENTITY], [PHOTO], out, settings, Job())).finish()
    assert set(found) == {"content", "patches", "light", "smoothness", "total"}
    net = build({name: value.float() for name, value in load_file(out).items()})
    device = best_device()
    heads = [align_face(each, chosen(find_faces(each, device), ""), 256, device) for each in (PHOTO, IDENTITY)]
    energy = Lessons(perceptual_network("vgg19-normalised", device), heads[:1], heads[1:], settings).energy(0, 64)
    with torch.no_grad():
        before, after = (
            float(torch.stack(list(energy.terms(energy.inside(face)).values())).sum())
            for face in (energy.scene, net.to(device.torch_device)(energy.scene))
        )
    assert after < 0.98 * before


def test_a_killed_training_goes_on(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    Walk(train([IDENTITY], [PHOTO], whole, TINY, Job())).finish()
    job = Job()
    for step in train([IDENTITY], [PHOTO], parts, TINY, job):
        if "iteration 2 " in step.stage:
            assert step.preview is not None
            assert step.preview().size == (128, 128) or step.preview().size[1] == 128
            job.stop()
    assert parts.exists()
    assert parts.with_suffix(".training").exists()
    with pytest.raises(ParameterError, match="other settings"):
        Walk(train([PHOTO], [PHOTO], parts, TINY, Job())).finish()
    stages = [step.stage for step in train([IDENTITY], [PHOTO], parts, TINY, Job())]
    assert "iteration 3 of 4" in next(stage for stage in stages if "iteration" in stage)
    assert not parts.with_suffix(".training").exists(), "the same command again is another training"
    first, second = load_file(whole), load_file(parts)
    assert all(torch.allclose(first[name].float(), second[name].float(), atol=2e-3) for name in first)


def test_pictures_without_faces_are_refused(tmp_path: Path) -> None:
    scene = numpy.asarray(pictures.scene(200, 200))
    with pytest.raises(ParameterError, match="pictures of the identity"):
        Walk(train([scene], [PHOTO], tmp_path / "a.safetensors", TINY, Job())).finish()
    with pytest.raises(ParameterError, match="pictures of the photos"):
        Walk(train([IDENTITY], [scene], tmp_path / "a.safetensors", TINY, Job())).finish()


def test_the_command_wants_consent_and_sides_that_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures.face(224, 224).save(tmp_path / "a.png")
    given = ["train", "face-swap", "--identity", str(tmp_path), "--photos", str(tmp_path)]
    given += ["--out", str(tmp_path / "x.safetensors"), "--iterations", "1", "--batch", "1", "--variants", "1"]
    assert main([*given, "--side", "64"]) == 1
    assert "--consent" in capsys.readouterr().err
    assert main([*given, "--side", "100", "--consent"]) == 1
    assert "multiple of 32" in capsys.readouterr().err
    assert main([*given, "--side", "64", "--consent"]) == 0
    assert (tmp_path / "x.safetensors").stat().st_size > 1e6


def test_an_evaluation_without_its_judge_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "find_spec", lambda name: None)
    pictures.face().save(tmp_path / "a.png")
    assert main(["evaluate", "landmarks", "--images", str(tmp_path)]) == 1
    assert "pip install dlib-bin" in capsys.readouterr().err
    assert main(["evaluate", "face-swap", "--faces", str(tmp_path)]) == 1
    assert "consent" in capsys.readouterr().err


def test_pairs_are_spread_over_everybody() -> None:
    names = [f"person {index}" for index in range(10)]
    found = _pairs(names, 30)
    assert len(set(found)) == 30
    assert all(photo != identity for photo, identity in found)
    assert {photo for photo, _ in found} == {identity for _, identity in found} == set(names)


class Ours:
    """A judge for the test: our own landmarks, and the aligned face itself, small, as an embedding."""

    def __call__(self, picture: numpy.ndarray) -> judge.Judged | None:
        found = find_faces(picture, best_device())
        if not found:
            return None
        face = chosen(found, "")
        small = crop(picture, alignment(face, 16), 16)[3:14, 3:13].mean(2).ravel().astype(numpy.float64)
        small -= small.mean()
        return judge.Judged(face.landmarks.astype(numpy.float64), small / numpy.linalg.norm(small))


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(evaluated, "Judge", Ours)
    folder = tmp_path / "people"
    folder.mkdir()
    pictures.portrait().save(folder / "astronaut.png")
    (folder / "moltedo").mkdir()
    for index, name in enumerate(("a", "b")):
        portrait = pictures.portrait("moltedo")
        (ImageOps.mirror(portrait) if index else portrait).save(folder / "moltedo" / f"{name}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_swaps_are_judged(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.json"
    given = ["evaluate", "face-swap", "--consent", "--faces", str(people), "--pairs", "2", "--methods", "classical"]
    assert main([*given, "--json", str(table)]) == 0
    told = capsys.readouterr().out
    assert "astronaut" in told
    assert "2 of 2" in told
    rows = json.loads(table.read_text())["pictures"]
    assert {(row["photo"], row["identity"]) for row in rows} == {("astronaut", "moltedo"), ("moltedo", "astronaut")}
    for row in rows:
        assert row["untouched"] == 1
        assert 0 < row["landmarks"] < 6
        assert row["held_out"] == (row["identity"] == "moltedo")
        assert row["nearer"] == (row["to_identity"] < row["to_photo"])


def test_landmarks_are_compared_turned_and_small(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "landmarks", "--images", str(people)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(evaluated.TILTS) + 1
    upright = next(line for line in lines if "mean, 0 degrees" in line)
    assert "inner 0.000" in upright, "our own points beside our own points"
    assert all("3 of 3" in line for line in lines)
    assert all(float(line.split("inner ")[1].split()[0]) < 5 for line in lines)
