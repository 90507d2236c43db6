"""The face swap as a task: consent, label, statement in the file, what changes, networks of a name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine import TASKS, Job, RunResult, Runtime
from engine.contracts.errors import ConsentError, FaceError, MissingInputError, ParameterError, StoppedError
from engine.contracts.messages import Message
from engine.contracts.settings import Settings
from engine.contracts.task import Inputs, TaskSpec
from engine.faces import identities, meeting
from engine.faces.detection import find_faces
from engine.faces.face import INNER, Face
from engine.imaging.comparison import Comparison
from engine.imaging.door import Source, open_input
from engine.nets.face_transform import FaceTransform
from tests.support import pictures
from tests.support.runs import fields_of, finished, stopped_when
from tests.support.swaps import TASK, labelled_part, swap_inputs, swapped

COMPARISON, FIND = TASKS["face-swap-comparison"], TASKS["find-faces"]
DARK = [round(0.06 * value) for value in range(256)] * 3
"""For ``Image.point``: hardly any light."""


def photo_of(image: Source | None = None) -> Inputs:
    """The photo alone."""
    return {"image": [open_input(TASK.inputs[0], image or pictures.portrait())]}


def faces_of(runtime: Runtime, image: Image.Image) -> list[Face]:
    return find_faces(numpy.asarray(image), runtime.nets)


@pytest.mark.parametrize("task", [TASK, COMPARISON], ids=lambda task: task.name)
def test_nothing_is_made_without_consent(task: TaskSpec, runtime: Runtime) -> None:
    with pytest.raises(ConsentError):
        finished(runtime, task, swap_inputs(), consent=False)


@pytest.mark.parametrize("method", ["patches", "classical", "editor"])
def test_only_the_face_and_the_label_change(method: str, runtime: Runtime) -> None:
    before = numpy.asarray(pictures.portrait()).astype(int)
    result = swapped(runtime, method=method)
    after = numpy.asarray(result.image).astype(int)
    changed = (before != after).any(2)
    changed[labelled_part(result.image.size)] = False
    rows, columns = numpy.nonzero(changed)
    (face,) = faces_of(runtime, pictures.portrait())
    box = face.box.grown(face.box.width // 5, (512, 512))
    assert box.left <= columns.min() < columns.max() < box.right
    assert box.top <= rows.min() < rows.max() < box.bottom
    inside = (slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right))
    assert numpy.abs(before - after)[inside].mean() > 4, "there is another face"


@pytest.mark.parametrize("method", ["patches", "classical"])
def test_pose_and_expression_stay(method: str, runtime: Runtime) -> None:
    (before,) = faces_of(runtime, pictures.portrait())
    (after,) = faces_of(runtime, swapped(runtime, method=method).image)
    away = numpy.linalg.norm(before.landmarks - after.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * before.scale


def test_a_face_is_swapped_for_itself_with_little_change(runtime: Runtime) -> None:
    before = numpy.asarray(pictures.portrait()).astype(int)
    after = numpy.asarray(swapped(runtime, identity=[pictures.portrait()], method="classical").image).astype(int)
    (face,) = faces_of(runtime, pictures.portrait())
    inside = (slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right))
    assert numpy.abs(before - after)[inside].mean() < 4


def test_the_face_of_the_number_is_swapped(runtime: Runtime) -> None:
    both = Image.new("RGB", (720, 340), (120, 120, 120))
    for left, name in ((20, "astronaut"), (380, "young_woman")):
        both.paste(pictures.face(320, 320, name), (left, 10))
    for number, other in ((1, slice(360, 720)), (2, slice(0, 360))):
        result = swapped(runtime, both, method="classical", face=number)
        before, after = numpy.asarray(both).copy(), numpy.asarray(result.image).copy()
        part = labelled_part(both.size)
        before[part] = after[part] = 0
        assert (before[:, other] == after[:, other]).all()
        assert (before != after).any()
        assert result.facts.task.figures["faces"] == 2
    with pytest.raises(FaceError) as error:
        swapped(runtime, both, face=3)
    assert error.value.fields == {"picture": Message("Photo"), "number": 3, "faces": 2}


def test_refusals_name_the_picture(runtime: Runtime) -> None:
    with pytest.raises(FaceError) as photo:
        swapped(runtime, pictures.scene(200, 200))
    assert photo.value.fields == {"picture": TASK.input("image").label}
    with pytest.raises(FaceError) as second:
        swapped(runtime, identity=[pictures.portrait("moltedo"), pictures.scene(200, 200)])
    assert fields_of(second.value.message)["number"] == 2
    with pytest.raises(MissingInputError) as missing:
        finished(runtime, TASK, photo_of(), consent=True)
    assert missing.value.fields == {"input": TASK.input("identity").label}


def test_the_most_fitting_picture_is_taken(runtime: Runtime) -> None:
    result = swapped(
        runtime, identity=[pictures.portrait("young_woman"), pictures.portrait("moltedo")], method="classical"
    )
    ranking = result.facts.task.figures["ranking"]
    assert [each["picture"] for each in ranking] == [2, 1], "he looks at the camera as the astronaut does"
    assert ranking[0]["total"] < ranking[1]["total"]
    assert isinstance(result.explanation, Comparison)
    titles = [panel.title for panel in result.explanation.panels]
    assert next(title.values["number"] for title in titles if "number" in title.values) == 2, "the best comes first"
    stages = ("68 landmarks", "parts of your face", "warped", "in your light", "where it goes")
    assert {Message(stage) for stage in stages} <= set(titles)


def test_a_stop_before_the_faces_are_found_makes_nothing(runtime: Runtime) -> None:
    job = Job()
    steps = runtime.run(TASK, swap_inputs(), TASK.parameters(consent=True), job)
    next(steps)
    job.stop()
    with pytest.raises(StoppedError):
        list(steps)


def test_depth_and_transparency_come_back(runtime: Runtime) -> None:
    deep = numpy.asarray(pictures.portrait().resize((256, 256))).astype(numpy.uint16) * 257
    result = swapped(runtime, pictures.deep_rgb_png(deep), method="classical")
    assert result.raster is not None
    assert result.raster.values.dtype == numpy.uint16
    assert (result.raster.values[200:230, :100] == deep[200:230, :100]).all()


@pytest.mark.parametrize("method", ["network", "classical"])
def test_a_face_in_the_dark_is_refused_and_not_half_swapped(method: str, runtime: Runtime) -> None:
    with pytest.raises(FaceError):
        swapped(runtime, pictures.portrait("young_woman").point(DARK), method=method)


def test_a_poor_further_picture_of_the_identity_does_not_end_a_swap(runtime: Runtime) -> None:
    dark = pictures.portrait("young_woman").point(DARK)
    with pytest.raises(FaceError) as error:
        swapped(runtime, identity=[dark], method="classical")
    assert error.value.fields == {}, "there is a face, but it is too dark"
    ranking = swapped(runtime, identity=[pictures.portrait("moltedo"), dark]).facts.task.figures["ranking"]
    assert len(ranking) == 2


def test_a_face_beside_grain_keeps_it(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    """A face larger than its crop: what lies around it is not resampled."""
    monkeypatch.setattr(meeting, "CROP_SIDES", (256, 256))
    random = numpy.random.default_rng(0)
    large = numpy.asarray(pictures.portrait("young_woman").resize((1200, 1344))).astype(int)
    grainy = (large + random.normal(0, 12, large.shape)).clip(0, 255).astype(numpy.uint8)
    after = numpy.asarray(swapped(runtime, Image.fromarray(grainy), method="classical").image).astype(int)
    changed = (after != grainy).any(2)
    changed[labelled_part((1200, 1344))] = False
    (face,) = find_faces(grainy, runtime.nets)
    ring = changed.copy()
    ring[face.box.top : face.box.bottom, face.box.left : face.box.right] = False
    assert ring.sum() > 500
    fine = after - cv2.GaussianBlur(after.astype(numpy.float32), (0, 0), 2)
    before = grainy - cv2.GaussianBlur(grainy.astype(numpy.float32), (0, 0), 2)
    assert fine[ring].std() > 0.9 * before[ring].std()


def test_a_stop_at_a_coarse_scale_gives_the_warp(runtime: Runtime) -> None:
    result = stopped_when(
        runtime,
        TASK,
        swap_inputs(),
        lambda step: fields_of(step.stage).get("pixels") == 64,
        consent=True,
        iterations=60,
    )
    assert result.facts.task.unfinished is not None
    assert result.image.tobytes() == swapped(runtime, method="classical").image.tobytes()


def test_a_network_needs_no_usable_picture_of_the_identity(runtime: Runtime) -> None:
    result = swapped(runtime, identity=[pictures.scene(200, 200)], method="network")
    assert result.facts.task.hints[0].values == {"name": "moltedo"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Identities that the owner has trained: one that works, one that is broken, and a file that is none."""
    folder = tmp_path_factory.mktemp("identities")
    torch.manual_seed(0)
    net = FaceTransform()
    torch.nn.init.normal_(net.last.weight, std=0.05)
    save_file({name: value.half() for name, value in net.state_dict().items()}, folder / "someone.safetensors")
    (folder / "broken.safetensors").write_bytes(b"nothing")
    (folder / "Not a Name.safetensors").touch()
    return folder


def trained(folder: Path, name: str) -> RunResult:
    """A swap by a network of the folder."""
    own = Runtime(Settings(identities=str(folder)))
    return finished(own, TASK, photo_of(), consent=True, method="network", trained=name)


def test_an_identitys_network_is_known_by_name(folder: Path) -> None:
    assert {"someone", "broken"} <= set(identities.names(folder))
    assert "Not a Name" not in identities.names(folder)
    result = trained(folder, "someone")
    assert result.facts.task.figures["trained"] == "someone"
    assert (numpy.asarray(result.image) != numpy.asarray(pictures.portrait())).any()


@pytest.mark.parametrize("name", ["nobody", "../{folder}/someone", "{path}/someone", "some one", ""])
def test_an_identitys_network_is_not_had_by_path(folder: Path, name: str) -> None:
    asked = name.format(folder=folder.name, path=folder)
    with pytest.raises(ParameterError) as error:
        trained(folder, asked)
    assert error.value.fields["kind"] == Message("trained identity")
    assert error.value.fields["name"] == asked[:60]


def test_a_broken_identity_is_refused(folder: Path) -> None:
    with pytest.raises(ParameterError) as error:
        trained(folder, "broken")
    assert error.value.fields == {"name": "broken"}


def test_the_shipped_network_needs_no_picture_of_the_identity(runtime: Runtime) -> None:
    result = finished(runtime, TASK, photo_of(), consent=True, method="network")
    assert {each["name"] for each in result.recipe["weights"]} >= {"face-swap-moltedo", "facemesh"}
    (before,) = faces_of(runtime, pictures.portrait())
    (after,) = faces_of(runtime, result.image)
    away = numpy.linalg.norm(before.landmarks - after.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * before.scale
    inside = (slice(before.box.top, before.box.bottom), slice(before.box.left, before.box.right))
    apart = numpy.asarray(result.image)[inside].astype(int) - numpy.asarray(pictures.portrait())[inside]
    assert numpy.abs(apart).mean() > 4


def test_an_untrained_network_changes_nothing() -> None:
    faces = torch.rand(2, 3, 64, 96)
    assert torch.equal(FaceTransform()(faces), faces)


def test_no_face_of_one_visit_is_left_for_the_next(runtime: Runtime) -> None:
    first = swapped(runtime, method="classical").image.tobytes()
    swapped(runtime, pictures.portrait("moltedo"), [pictures.portrait("young_woman")], method="classical")
    assert swapped(runtime, method="classical").image.tobytes() == first


def test_find_faces_numbers_them(runtime: Runtime) -> None:
    plain, dotted = (finished(runtime, FIND, photo_of(), landmarks=shown) for shown in (False, True))
    (face,) = plain.facts.task.figures["faces"]
    assert len(face["box"]) == 4
    assert plain.image.tobytes() != pictures.portrait().tobytes()
    assert plain.image.tobytes() != dotted.image.tobytes()
    with pytest.raises(FaceError) as error:
        finished(runtime, FIND, photo_of(pictures.scene(200, 160)))
    assert error.value.fields == {"faces": 0}
