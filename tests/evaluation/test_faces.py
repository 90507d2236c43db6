"""The evaluation of landmarks and swaps, with our own landmarks in the place of the reference model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from PIL import ImageOps

from engine import Runtime
from engine.cli.main import main
from engine.contracts.errors import ConsentError
from engine.contracts.messages import Message
from engine.evaluation import faces, reference_model
from engine.evaluation.faces import _pairs
from engine.evaluation.reference_model import ReferenceFace
from engine.faces.align import alignment, crop
from engine.faces.aligned_face import choose_face
from engine.faces.detection import find_faces
from engine.model_store.loaded_nets import LoadedNets
from tests.support import pictures
from tests.support.commands import refusal


def test_an_evaluation_without_its_judge_says_how_to_get_it(
    runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_model, "find_spec", lambda name: None)
    pictures.face().save(tmp_path / "a.png")
    error = refusal(runtime, ["evaluate", "landmarks", "--images", str(tmp_path)], capsys)
    assert error.message == reference_model.MISSING
    assert isinstance(refusal(runtime, ["evaluate", "face-swap", "--faces", str(tmp_path)], capsys), ConsentError)


def test_pairs_are_spread_over_everybody() -> None:
    names = [f"person {index}" for index in range(10)]
    pairs = _pairs(names, 30)
    assert len(set(pairs)) == 30
    assert all(photo != identity for photo, identity in pairs)
    assert {photo for photo, _ in pairs} == {identity for _, identity in pairs} == set(names)


def our_judgement(nets: LoadedNets, picture: numpy.ndarray) -> ReferenceFace | None:
    """Our own landmarks, and the aligned face itself, small, as an embedding."""
    if not find_faces(picture, nets):
        return None
    face = choose_face(find_faces(picture, nets), Message("Photo"))
    small = crop(picture, alignment(face, 16), 16)[3:14, 3:13].mean(2).ravel().astype(numpy.float64)
    small -= small.mean()
    return ReferenceFace(face.landmarks.astype(numpy.float64), small / numpy.linalg.norm(small))


@pytest.fixture
def people(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(faces, "ReferenceModel", lambda: lambda picture: our_judgement(runtime.nets, picture))
    folder = tmp_path / "people"
    folder.mkdir()
    pictures.portrait().save(folder / "astronaut.png")
    (folder / "moltedo").mkdir()
    for index, name in enumerate(("a", "b")):
        portrait = pictures.portrait("moltedo")
        (ImageOps.mirror(portrait) if index else portrait).save(folder / "moltedo" / f"{name}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_swaps_are_judged(runtime: Runtime, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.json"
    command = ["evaluate", "face-swap", "--consent", "--faces", str(people), "--pairs", "2", "--methods", "classical"]
    assert main([*command, "--json", str(table)], runtime=runtime) == 0
    output = capsys.readouterr().out
    assert "astronaut" in output
    assert "2 of 2" in output
    rows = json.loads(table.read_text())["pictures"]
    assert {(row["photo"], row["identity"]) for row in rows} == {("astronaut", "moltedo"), ("moltedo", "astronaut")}
    for row in rows:
        assert row["untouched"] == 1
        assert 0 < row["landmarks"] < 6
        assert row["held_out"] == (row["identity"] == "moltedo")
        assert row["nearer"] == (row["to_identity"] < row["to_photo"])


def test_landmarks_are_compared_turned_and_small(
    runtime: Runtime, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "landmarks", "--images", str(people)], runtime=runtime) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(faces.TILTS) + 1
    upright = next(line for line in lines if "mean, 0 degrees" in line)
    assert "inner 0.000" in upright, "our own points beside our own points"
    assert all("3 of 3" in line for line in lines)
    assert all(float(line.split("inner ")[1].split()[0]) < 5 for line in lines)
