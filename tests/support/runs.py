"""Running tasks in tests: inputs of every kind, a run to its end or to a stop, and what was said on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from engine import Job, Picture, RunResult, Runtime, Step, StepRun, Video, open_video
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import Inputs, InputSpec, Kind, TaskSpec
from engine.imaging.door import open_input
from engine.model_store.loaded_nets import LoadedNets
from tests.support import pictures, videos

SIZE = (96, 72)
"""Width and height of the first input of a trial."""
FACE_ROOM = 2
"""How much larger a picture is that has to show a face."""


def finished(
    runtime: Runtime, task: TaskSpec, inputs: Inputs, job: Job | None = None, /, **parameters: Any
) -> RunResult:
    """Run a task to its end."""
    return StepRun(runtime.run(task, inputs, parse(task.parameters, parameters), job)).finish()


def stopped_when(
    runtime: Runtime, task: TaskSpec, inputs: Inputs, when: Callable[[Step], bool], /, **parameters: Any
) -> RunResult:
    """Run a task and stop it at the first step that ``when`` is true of; AssertionError where there is none."""
    job = Job()
    run = StepRun(runtime.run(task, inputs, parse(task.parameters, parameters), job))
    for step in run:
        if not job.stopped and when(step):
            job.stop()
    assert job.stopped, "no step was the one to stop at"
    return run.result


def messages_in(message: Message) -> Iterator[Message]:
    """A message and all that stand in its fields."""
    yield message
    for value in message.values.values():
        if isinstance(value, Message):
            yield from messages_in(value)


def says(message: Message, part: Message) -> bool:
    """Whether a message is another one, or has it in one of its fields."""
    return part in messages_in(message)


def fields_of(message: Message) -> dict[str, Any]:
    """Values of a message and of those in its fields, by name; an outer one comes before an inner one."""
    values: dict[str, Any] = {}
    for each in messages_in(message):
        values = {**each.values, **values}
    return values


def trial_inputs(task: TaskSpec, size: tuple[int, int] = SIZE) -> dict[str, list[Any]]:
    """Inputs for ``task.trial``: a scene, then a painting; faces, masks and videos where the task asks for them.

    Args:
        task: that will be run.
        size: width and height of the first one.
    """
    wanted = [each for each in task.inputs if each.least or each.name in task.trial.optional_inputs]
    return {spec.name: [_trial_input(spec, number, size)] * max(1, spec.least) for number, spec in enumerate(wanted)}


def _trial_input(spec: InputSpec, number: int, size: tuple[int, int]) -> Picture | Video:
    width, height = size
    if spec.kind is Kind.VIDEO:
        return open_video(videos.moving_scene(width, height))
    if spec.shows_face:
        room = (FACE_ROOM * width + 1, FACE_ROOM * height + 1)
        return open_input(spec, pictures.face(name="moltedo") if number else pictures.face(*room))
    if spec.name == "mask":
        return open_input(spec, pictures.hole(width, height))
    return open_input(spec, pictures.painting() if number else pictures.scene(width, height))


def trial_parameters(task: TaskSpec) -> Parameters:
    """Parameters that make a run short."""
    return parse(task.parameters, task.trial.parameters)


def contents(inputs: Inputs) -> dict[str, list[bytes]]:
    """Input name -> pixels of its pictures, bytes of its videos."""
    return {name: [_content(media) for media in group] for name, group in inputs.items()}


def _content(media: Picture | Video) -> bytes:
    if isinstance(media, Video):
        return media.path.read_bytes()
    return media.image.tobytes() + (b"" if media.raster is None else media.raster.values.tobytes())


@dataclass(frozen=True)
class Taken:
    """A step of a run, looked at while it could be."""

    step: Step
    figures: Mapping[str, float]
    preview_mode: str | None
    """None for a step without preview."""


@dataclass(frozen=True)
class TrialRun:
    """All that a run of a task shows from outside."""

    task: TaskSpec
    parameters: Parameters
    steps: Sequence[Taken]
    result: RunResult
    weights_used: frozenset[str]
    """Catalogue entries that were loaded."""
    contents_before: Mapping[str, Sequence[bytes]]
    contents_after: Mapping[str, Sequence[bytes]]


def trial_run(runtime: Runtime, task: TaskSpec) -> TrialRun:
    """Run a task with its trial's inputs and parameters, and keep what could be seen."""
    inputs, parameters = trial_inputs(task), trial_parameters(task)
    used: set[str] = set()
    load = LoadedNets.get

    def noted(self: LoadedNets, name: str, dtype: torch.dtype | None = None) -> Any:
        used.add(name)
        return load(self, name, dtype)

    before = contents(inputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LoadedNets, "get", noted)
        run = StepRun(runtime.run(task, inputs, parameters))
        steps = [_taken(step) for step in run]
        result = run.result
    return TrialRun(task, parameters, steps, result, frozenset(used), before, contents(inputs))


def _taken(step: Step) -> Taken:
    mode = step.preview().mode if step.preview else None
    return Taken(replace(step, preview=None), dict(step.figures()), mode)
