"""The face swap as a task: consent, label, statement in the file, what changes, networks of a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine import TASKS, Walk, open_picture, run
from engine.contracts.errors import ParameterError, PictureError, StoppedError
from engine.contracts.job import Job
from engine.contracts.parameters import parse
from engine.faces import identities
from engine.faces.detection import find_faces
from engine.faces.face import INNER
from engine.faces.provenance import label
from engine.nets.face_transform import FaceTransform
from engine.runtime.runner import Result
from tests.support import pictures
from tests.faces.test_faces import DEVICE

TASK = TASKS["face-swap"]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def swapped(photo: Any = None, identity: Any = None, **values: Any) -> Result:
    given = {
        "image": [TASK.inputs[0].open(photo or pictures.portrait())],
        "identity": [open_picture(each) for each in (identity or [pictures.portrait("moltedo")])],
    }
    parameters = parse(TASK.parameters, {"consent": True, "iterations": 6, **values})
    return Walk(run(TASK, given, parameters)).finish()


def labelled_part(size: tuple[int, int]) -> tuple[slice, slice]:
    made = label(size, "bottom right", 0.03)
    assert made is not None
    return slice(made[0].top, made[0].bottom), slice(made[0].left, made[0].right)


def test_nothing_is_made_without_consent() -> None:
    with pytest.raises(ParameterError, match="consent"):
        swapped(consent=False)
    comparison = TASKS["face-swap-comparison"]
    given = {"image": [open_picture(pictures.portrait())], "identity": [open_picture(pictures.portrait())]}
    with pytest.raises(ParameterError, match="consent"):
        Walk(run(comparison, given, comparison.parameters())).finish()


@pytest.mark.parametrize("method", ["patches", "classical", "editor"])
def test_only_the_face_and_the_label_change(method: str) -> None:
    before = numpy.asarray(pictures.portrait()).astype(int)
    result = swapped(method=method)
    after = numpy.asarray(result.image).astype(int)
    changed = (before != after).any(2)
    changed[labelled_part(result.image.size)] = False
    rows, columns = numpy.nonzero(changed)
    (face,) = find_faces(before.astype(numpy.uint8), DEVICE)
    box = face.box.grown(face.box.width // 5, (512, 512))
    assert box.left <= columns.min() < columns.max() < box.right
    assert box.top <= rows.min() < rows.max() < box.bottom
    inside = (slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right))
    assert numpy.abs(before - after)[inside].mean() > 4, "there is another face"


@pytest.mark.parametrize("method", ["patches", "classical"])
def test_pose_and_expression_stay(method: str) -> None:
    (before,) = find_faces(numpy.asarray(pictures.portrait()), DEVICE)
    (after,) = find_faces(numpy.asarray(swapped(method=method).image), DEVICE)
    away = numpy.linalg.norm(before.landmarks - after.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * before.scale


def test_a_face_is_swapped_for_itself_with_little_change() -> None:
    before = numpy.asarray(pictures.portrait()).astype(int)
    after = numpy.asarray(swapped(identity=[pictures.portrait()], method="classical").image).astype(int)
    (face,) = find_faces(before.astype(numpy.uint8), DEVICE)
    inside = (slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right))
    assert numpy.abs(before - after)[inside].mean() < 4


def test_the_face_of_the_number_is_swapped() -> None:
    both = Image.new("RGB", (720, 340), (120, 120, 120))
    for left, name in ((20, "astronaut"), (380, "young_woman")):
        both.paste(pictures.face(320, 320, name), (left, 10))
    for number, other in ((1, slice(360, 720)), (2, slice(0, 360))):
        result = swapped(both, method="classical", face=number)
        before, after = numpy.asarray(both).copy(), numpy.asarray(result.image).copy()
        part = labelled_part(both.size)
        before[part] = after[part] = 0
        assert (before[:, other] == after[:, other]).all()
        assert (before != after).any()
        assert result.facts["faces"] == 2
    with pytest.raises(PictureError, match="Photo: there is no face 3; please choose one of 2"):
        swapped(both, face=3)


def test_refusals_name_the_picture() -> None:
    with pytest.raises(PictureError, match="Photo: no face was found"):
        swapped(pictures.scene(200, 200))
    faceless = [pictures.portrait("moltedo"), pictures.scene(200, 200)]
    with pytest.raises(PictureError, match="Identity, picture 2: no face was found"):
        swapped(identity=faceless)
    with pytest.raises(ParameterError, match="picture for 'Identity'"):
        Walk(run(TASK, {"image": [open_picture(pictures.portrait())]}, TASK.parameters(consent=True))).finish()


def test_the_most_fitting_picture_is_taken() -> None:
    result = swapped(identity=[pictures.portrait("young_woman"), pictures.portrait("moltedo")], method="classical")
    ranking = result.facts["ranking"]
    assert [each["picture"] for each in ranking] == [2, 1], "he looks at the camera as the astronaut does"
    assert ranking[0]["total"] < ranking[1]["total"]
    assert result.explanation is not None
    titles = [panel.title for panel in result.explanation.panels]  # type: ignore[attr-defined]
    assert "identity, picture 2" in titles
    assert {"68 landmarks", "parts of your face", "warped", "in your light", "where it goes"} <= set(titles)


def test_a_stop_before_the_faces_are_found_makes_nothing() -> None:
    given = {"image": [open_picture(pictures.portrait())], "identity": [open_picture(pictures.portrait("moltedo"))]}
    job = Job()
    steps = run(TASK, given, TASK.parameters(consent=True), job)
    next(steps)
    job.stop()
    with pytest.raises(StoppedError, match="nothing was made"):
        list(steps)


def test_depth_and_transparency_come_back() -> None:
    deep = numpy.asarray(pictures.portrait().resize((256, 256))).astype(numpy.uint16) * 257
    result = swapped(pictures.deep_rgb_png(deep), method="classical")
    assert result.raster is not None
    assert result.raster.values.dtype == numpy.uint16
    assert (result.raster.values[200:230, :100] == deep[200:230, :100]).all()


def test_a_face_in_the_dark_is_refused_and_not_half_swapped() -> None:
    dark = pictures.portrait("young_woman").point([round(0.06 * value) for value in range(256)] * 3)
    for method in ("network", "classical"):
        with pytest.raises(PictureError, match=r"too dark|no face"):
            swapped(dark, method=method)


def test_a_poor_further_picture_of_the_identity_does_not_end_a_swap() -> None:
    dark = pictures.portrait("young_woman").point([round(0.06 * value) for value in range(256)] * 3)
    with pytest.raises(PictureError, match="too dark"):
        swapped(identity=[dark], method="classical")
    assert len(swapped(identity=[pictures.portrait("moltedo"), dark]).facts["ranking"]) == 2


def test_a_face_beside_grain_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face larger than its crop: what lies around it is not resampled."""
    from engine.faces import swap

    monkeypatch.setattr(swap, "CROP_SIDES", (256, 256))
    random = numpy.random.default_rng(0)
    large = numpy.asarray(pictures.portrait("young_woman").resize((1200, 1344))).astype(int)
    grainy = (large + random.normal(0, 12, large.shape)).clip(0, 255).astype(numpy.uint8)
    after = numpy.asarray(swapped(Image.fromarray(grainy), method="classical").image).astype(int)
    changed = (after != grainy).any(2)
    changed[labelled_part((1200, 1344))] = False
    (face,) = find_faces(grainy, DEVICE)
    ring = changed.copy()
    ring[face.box.top : face.box.bottom, face.box.left : face.box.right] = False
    assert ring.sum() > 500
    fine = after - cv2.GaussianBlur(after.astype(numpy.float32), (0, 0), 2)
    before = grainy - cv2.GaussianBlur(grainy.astype(numpy.float32), (0, 0), 2)
    assert fine[ring].std() > 0.9 * before[ring].std()


def test_a_stop_at_a_coarse_scale_gives_the_warp() -> None:
    given = {"image": [open_picture(pictures.portrait())], "identity": [open_picture(pictures.portrait("moltedo"))]}
    job = Job()
    walk = Walk(run(TASK, given, parse(TASK.parameters, {"consent": True, "iterations": 60}), job))
    for step in walk:
        if "64 px" in step.stage:
            job.stop()
    assert "without patches" in walk.result.facts["unfinished"]
    assert walk.result.image.tobytes() == swapped(method="classical").image.tobytes()


def test_a_network_needs_no_usable_picture_of_the_identity() -> None:
    result = swapped(identity=[pictures.scene(200, 200)], method="network")
    assert "moltedo" in result.facts["hints"][0]


def test_an_identitys_network_is_found_by_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = FaceTransform()
    torch.nn.init.normal_(net.last.weight, std=0.05)
    save_file({name: value.half() for name, value in net.state_dict().items()}, tmp_path / "someone.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    monkeypatch.setenv("PENTIMENTO_IDENTITIES", str(tmp_path))
    (tmp_path / "Not a Name.safetensors").touch()
    assert {"someone", "broken"} <= set(identities.names())
    assert "Not a Name" not in identities.names()
    photo = {"image": [open_picture(pictures.portrait())]}
    parameters = parse(TASK.parameters, {"consent": True, "method": "network", "trained": "someone"})
    result = Walk(run(TASK, photo, parameters)).finish()
    assert result.facts["trained"] == "someone"
    assert (numpy.asarray(result.image) != numpy.asarray(pictures.portrait())).any()
    for name in ("nobody", f"../{tmp_path.name}/someone", str(tmp_path / "someone"), "some one", ""):
        with pytest.raises(ParameterError, match="no trained identity"):
            Walk(run(TASK, photo, parameters.model_copy(update={"trained": name}))).finish()
    with pytest.raises(ParameterError, match="cannot be read"):
        Walk(run(TASK, photo, parameters.model_copy(update={"trained": "broken"}))).finish()


def test_the_shipped_network_needs_no_picture_of_the_identity() -> None:
    photo = {"image": [open_picture(pictures.portrait())]}
    result = Walk(run(TASK, photo, parse(TASK.parameters, {"consent": True, "method": "network"}))).finish()
    assert {each["name"] for each in result.facts["weights"]} >= {"face-swap-moltedo", "facemesh"}
    (before,) = find_faces(numpy.asarray(pictures.portrait()), DEVICE)
    (after,) = find_faces(numpy.asarray(result.image), DEVICE)
    away = numpy.linalg.norm(before.landmarks - after.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * before.scale
    inside = (slice(before.box.top, before.box.bottom), slice(before.box.left, before.box.right))
    apart = numpy.asarray(result.image)[inside].astype(int) - numpy.asarray(pictures.portrait())[inside]
    assert numpy.abs(apart).mean() > 4


def test_an_untrained_network_changes_nothing() -> None:
    faces = torch.rand(2, 3, 64, 96)
    assert torch.equal(FaceTransform()(faces), faces)


def test_no_face_of_one_visit_is_left_for_the_next() -> None:
    first = swapped(method="classical").image.tobytes()
    swapped(pictures.portrait("moltedo"), [pictures.portrait("young_woman")], method="classical")
    assert swapped(method="classical").image.tobytes() == first


def test_find_faces_numbers_them() -> None:
    task = TASKS["find-faces"]
    given = {"image": [open_picture(pictures.portrait())]}
    plain = Walk(run(task, given, task.parameters())).finish()
    dotted = Walk(run(task, given, parse(task.parameters, {"landmarks": True}))).finish()
    (found,) = plain.facts["faces"]
    assert len(found["box"]) == 4
    assert plain.image.tobytes() != pictures.portrait().tobytes()
    assert plain.image.tobytes() != dotted.image.tobytes()
    with pytest.raises(PictureError, match="No face was found"):
        Walk(run(task, {"image": [open_picture(pictures.scene(200, 160))]}, task.parameters())).finish()
