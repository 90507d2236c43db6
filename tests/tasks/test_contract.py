"""What every registered task has to do, whatever it is."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from engine import TASKS, Job, Picture, Step, Walk, estimate, open_picture, run
from engine.contracts.errors import ParameterError, StoppedError
from engine.contracts.parameters import parse
from engine.contracts.task import Registry, Task
from engine.model_store.loaded_nets import Models
from engine.runtime.runner import extents
from engine.runtime.scheduler import LOCK
from tests.support import pictures

pytestmark = pytest.mark.usefixtures("small_lessons")

QUICK: dict[str, dict[str, Any]] = {
    "style-v1": {"size": 64, "iterations": 4},
    "style-v2": {"size": 96},
    "teach-style": {"iterations": 2, "size": 128},
    "style-v3": {"size": 64, "iterations": 4},
    "style-comparison": {"size": 64, "iterations": 4},
    "reconstruction": {"size": 64, "iterations": 3},
    "super-resolution": {"scale": 2},
    "super-resolution-comparison": {"side": 32},
    "inpainting": {"method": "refined", "iterations": 2, "scales": 2},
    "inpainting-comparison": {"methods": ["telea", "navier-stokes"]},
    "main-subject": {},
    "face-swap": {"consent": True, "iterations": 3},
    "face-swap-comparison": {"consent": True, "iterations": 3},
    "find-faces": {},
}
"""Parameters that make a run of a task short; a new task adds a line."""

FOURFOLD: dict[str, tuple[dict[str, Any], dict[str, Any]] | None] = {
    "style-v2": ({"size": 512}, {"size": 1024}),
    "super-resolution": ({"method": "bicubic", "scale": 2}, {"method": "bicubic", "scale": 4}),
    "super-resolution-comparison": ({"side": 32}, {"side": 64}),
    "inpainting": (
        {"method": "refined", "scales": 1, "iterations": 70},
        {"method": "refined", "scales": 1, "iterations": 300},
    ),
    "inpainting-comparison": ({"methods": ["network"]}, {"methods": ["refined"], "scales": 1, "iterations": 78}),
    "main-subject": None,
    "face-swap": ({"iterations": 100}, {"iterations": 400}),
    "face-swap-comparison": ({"iterations": 100}, {"iterations": 400}),
    "find-faces": None,
}
"""Parameters, and others that make four times the work; where a task is not named, four times the iterations do. None
for a task whose work is always the same."""


UNEXPLAINED = ("reconstruction", "teach-style", "main-subject", "find-faces")
"""Tasks whose result says it all."""
FACES = ("face-swap", "face-swap-comparison", "find-faces")
"""Tasks whose pictures have to show a face."""


def given(task: Task, size: tuple[int, int] | None = None) -> dict[str, list[Picture]]:
    if task.name in FACES:
        width, height = size or (80, 80)  # twice of it: a face needs some room
        faces = {"image": pictures.face(2 * width + 1, 2 * height + 1), "identity": pictures.face(name="moltedo")}
        return {each.name: [open_picture(faces[each.name])] for each in task.inputs}
    made = [pictures.scene(*size or (96, 72)), pictures.painting()]
    found = {each.name: [open_picture(made[index % 2])] * each.least for index, each in enumerate(task.inputs)}
    if "mask" in found:
        found["mask"] = [open_picture(pictures.hole(*made[0].size))]
    return found


def quick(task: Task) -> Any:
    return parse(task.parameters, QUICK[task.name])


@pytest.fixture(params=[task.name for task in TASKS])
def task(request: pytest.FixtureRequest) -> Task:
    return TASKS[request.param]


def test_the_record_is_complete(task: Task) -> None:
    assert task.name in QUICK
    assert task.endpoint.isidentifier()
    assert task.inputs[0].least > 0
    required = [each.least > 0 for each in task.inputs]
    assert required == sorted(required, reverse=True), "required pictures come first: the endpoint's arguments need it"
    for name, field in task.parameters.model_fields.items():
        assert field.description, f"{name} has no sentence"
        assert field.description.endswith("."), name
        assert field.title, f"{name} has no label"
    for values in task.parameters.presets.values():
        parse(task.parameters, values)


def test_steps_lead_to_a_result(task: Task) -> None:
    walk = Walk(run(task, given(task), quick(task)))
    steps: list[Step] = []
    for step in walk:
        steps.append(step)
        assert step.stage
        assert all(math.isfinite(value) for value in step.figures().values())
        if step.preview:
            assert step.preview().mode == "RGB"
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert 0 <= done[0] <= done[-1] == pytest.approx(1)
    assert steps[-1].seconds_left == pytest.approx(0, abs=0.01)
    result = walk.result
    assert result.image.mode == "RGB"
    facts = json.loads(json.dumps(result.facts))
    assert facts["size"] == list(result.image.size)
    assert facts["seconds"] > 0
    assert facts["peak_memory_bytes"] > 0
    assert facts["device"]
    assert not facts["stopped"]
    assert all(len(each["sha256"]) == 64 for each in facts["weights"])


def test_the_recipe_reproduces_the_picture(task: Task) -> None:
    first = Walk(run(task, given(task), quick(task))).finish()
    recipe = json.loads(json.dumps(first.recipe))
    again = Walk(run(TASKS[recipe["task"]], given(task), parse(task.parameters, recipe["parameters"]))).finish()
    assert again.image.tobytes() == first.image.tobytes()


def test_what_a_run_shows_of_itself_is_a_picture(task: Task) -> None:
    found = Walk(run(task, given(task), quick(task))).finish()
    if task.name in UNEXPLAINED:
        assert found.explanation is None
        return
    assert found.explanation is not None
    sheet = found.explanation.picture()
    assert sheet.mode == "RGB"
    assert min(sheet.size) > 30
    assert pickle.loads(pickle.dumps(found)).image.size == found.image.size, "a process that was lent a GPU hands it on"


def test_stopping_ends_within_one_step_and_keeps_a_picture(task: Task) -> None:
    whole = Walk(run(task, given(task), quick(task))).finish()
    job = Job()
    walk = Walk(run(task, given(task), quick(task), job))
    steps: Iterator[Step] = iter(walk)
    while next(steps).preview is None:
        pass
    job.stop()
    assert len(list(steps)) <= 1
    assert walk.result.image.size == whole.image.size
    assert walk.result.facts["stopped"]


def test_a_job_stopped_before_it_began_does_nothing(task: Task) -> None:
    job = Job()
    job.stop()
    with pytest.raises(StoppedError, match="before it began"):
        next(run(task, given(task), quick(task), job))
    assert not LOCK.locked()


def test_closing_frees_the_device(task: Task) -> None:
    walk = run(task, given(task), quick(task))
    next(walk)
    assert LOCK.locked()
    walk.close()
    assert not LOCK.locked()


def test_the_callers_pictures_stay_as_they_are(task: Task) -> None:
    pictures_given = given(task)
    before = {name: [each.image.tobytes() for each in group] for name, group in pictures_given.items()}
    Walk(run(task, pictures_given, quick(task))).finish()
    assert before == {name: [each.image.tobytes() for each in group] for name, group in pictures_given.items()}


@pytest.mark.parametrize("size", [(97, 61), (40, 40), (33, 65)])
def test_odd_sizes_work(task: Task, size: tuple[int, int]) -> None:
    assert Walk(run(task, given(task, size), quick(task))).finish().image.width > 0


def test_missing_and_surplus_pictures_are_refused(task: Task) -> None:
    with pytest.raises(ParameterError, match="Please give"):
        Walk(run(task, {}, quick(task))).finish()
    first = task.inputs[0]
    too_many = {**given(task), first.name: given(task)[first.name] * (first.most + 1)}
    with pytest.raises(ParameterError, match="At most"):
        Walk(run(task, too_many, quick(task))).finish()
    with pytest.raises(ParameterError, match="no input 'mask_of_zorro'"):
        Walk(run(task, {**given(task), "mask_of_zorro": []}, quick(task))).finish()


def test_only_declared_weights_are_used(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[str] = set()
    load = Models.get

    def spy(self: Models, entry: Any, device: Any) -> Any:
        used.add(entry.name)
        return load(self, entry, device)

    monkeypatch.setattr(Models, "get", spy)
    Walk(run(task, given(task), quick(task))).finish()
    assert used <= set(task.weights(quick(task)))


def test_the_estimate_grows_with_the_work(task: Task) -> None:
    sizes = extents(task, given(task))
    short_run = QUICK[task.name]
    if FOURFOLD.get(task.name, ()) is None:
        assert task.cost(quick(task), sizes) > 0
        return
    less, more = FOURFOLD.get(task.name) or (short_run, {**short_run, "iterations": 4 * short_run["iterations"]})
    short, long = (estimate(task, parse(task.parameters, values), sizes) for values in (less, more))
    assert short is not None
    assert long == pytest.approx(4 * short, rel=0.35)


def test_parameters_are_frozen(task: Task) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(quick(task), next(iter(task.parameters.model_fields)), 3)


def test_two_tasks_cannot_share_a_name(task: Task) -> None:
    with pytest.raises(ValueError, match="same name"):
        Registry(task, task)
