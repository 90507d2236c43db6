"""What every task has to do, whatever it is; most of it is seen in one run that the tests share."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator
from typing import ClassVar

import pytest
from pydantic import ValidationError

from engine import TASKS, Job, RunResult, Runtime, Step, StepRun
from engine.contracts.errors import MissingInputError, ParameterError, StoppedError, TooManyInputsError
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.contracts.task import Kind, Registry, TaskSpec
from tests.support.runs import TrialRun, trial_inputs, trial_parameters, trial_run

ODD_SIZES = [(97, 61), (40, 40), (33, 65)]


def run_of(runtime: Runtime, task: TaskSpec, job: Job | None = None) -> StepRun[RunResult]:
    return StepRun(runtime.run(task, trial_inputs(task), trial_parameters(task), job))


@pytest.mark.usefixtures("small_lessons")
class TaskContract:
    """The tests; a subclass brings a fixture ``task``, of the session so that all tests of one task stand together."""

    tasks: ClassVar[Registry] = TASKS
    """That the task is one of."""

    @pytest.fixture
    def trial(self, task: TaskSpec, runtime: Runtime, trials: dict[str, TrialRun], small_lessons: None) -> TrialRun:
        """The one run of the task."""
        if task.name not in trials:
            trials[task.name] = trial_run(runtime, task)
        return trials[task.name]

    # --- the record ---

    def test_the_record_is_complete(self, task: TaskSpec) -> None:
        assert task.endpoint.isidentifier()
        assert task.inputs[0].least > 0
        required = [each.least > 0 for each in task.inputs]
        assert required == sorted(required, reverse=True), (
            "required pictures come first: the endpoint's arguments need it"
        )
        for name, field in task.parameters.model_fields.items():
            assert field.description, f"{name} has no sentence"
            assert field.description.endswith("."), name
            assert field.title, f"{name} has no label"
        for values in task.parameters.presets.values():
            parse(task.parameters, values)

    def test_what_is_offered_on_a_result_can_be_run_and_is_not_offered_again(self, task: TaskSpec) -> None:
        for offer in task.offers:
            parameters = parse(task.parameters, {**task.trial.parameters, **offer.values})
            size = (parameters.model_dump().get("size", 64),) * 2
            assert not offer.improves(parameters, size)
            assert not offer.begin or task.input(offer.begin).least == 0

    def test_the_record_names_only_what_there_is(self, task: TaskSpec) -> None:
        own = {each.name for each in task.inputs}
        assert set(task.trial.optional_inputs) <= {each.name for each in task.inputs if not each.least}
        for example in task.examples:
            assert set(example.pictures) <= own
        for destination in task.send_to:
            target = self.tasks[destination.task]
            assert not destination.input or target.input(destination.input)
        for case in task.bench:
            parse(task.parameters, case.values)
            assert set(case.inputs) <= own

    def test_missing_and_surplus_pictures_are_refused(self, task: TaskSpec, runtime: Runtime) -> None:
        first, parameters = task.inputs[0], trial_parameters(task)
        with pytest.raises(MissingInputError) as missing:
            StepRun(runtime.run(task, {}, parameters)).finish()
        assert missing.value.fields == {"input": first.label}
        inputs = trial_inputs(task)
        with pytest.raises(TooManyInputsError) as surplus:
            StepRun(
                runtime.run(task, {**inputs, first.name: inputs[first.name] * (first.most + 1)}, parameters)
            ).finish()
        assert surplus.value.fields == {"most": first.most, "input": first.label}
        with pytest.raises(ParameterError) as unknown:
            StepRun(runtime.run(task, {**inputs, "mask_of_zorro": []}, parameters)).finish()
        assert unknown.value.fields == {"task": task.name, "input": "mask_of_zorro"}

    def test_parameters_are_frozen(self, task: TaskSpec) -> None:
        with pytest.raises(ValidationError) as error:
            setattr(trial_parameters(task), next(iter(task.parameters.model_fields)), 3)
        assert [each["type"] for each in error.value.errors()] == ["frozen_instance"]

    def test_two_tasks_cannot_share_a_name(self, task: TaskSpec) -> None:
        Registry(task)
        with pytest.raises(ValueError):
            Registry(task, task)

    def test_the_estimate_grows_with_the_work(self, task: TaskSpec, runtime: Runtime) -> None:
        extents = task.extents(trial_inputs(task))
        if task.trial.fourfold is None:
            assert task.cost(trial_parameters(task), extents) > 0
            return
        runtime.measure_speed()
        less, more = (runtime.estimate(task, parse(task.parameters, each), extents) for each in task.trial.fourfold)
        assert less is not None
        assert more == pytest.approx(4 * less, rel=0.35)

    # --- the one run that is shared ---

    def test_steps_lead_to_the_end(self, trial: TrialRun) -> None:
        for each in trial.steps:
            assert isinstance(each.step.stage, Message)
            assert str(each.step.stage)
            assert all(math.isfinite(value) for value in each.figures.values())
            assert each.preview_mode in (None, "RGB")
        done = [each.step.done for each in trial.steps]
        assert done == sorted(done)
        assert 0 <= done[0] <= done[-1] == pytest.approx(1)
        assert trial.steps[-1].step.seconds_left == pytest.approx(0, abs=0.01)

    def test_the_facts_are_json(self, trial: TrialRun) -> None:
        facts = json.loads(json.dumps(trial.result.facts.json()))
        assert facts["size"] == list(trial.result.image.size)
        assert facts["seconds"] > 0
        assert facts["peak_memory_bytes"] > 0
        assert facts["device"]
        assert not facts["stopped"]
        assert all(len(each["sha256"]) == 64 for each in facts["weights"])

    def test_the_result_is_what_the_record_promises(self, trial: TrialRun) -> None:
        assert trial.result.image.mode == "RGB"
        video = trial.result.video
        assert (video is not None) == (trial.task.output is Kind.VIDEO)
        if video is not None:
            assert video.size == trial.result.image.size
            assert video.path.stat().st_size > 0

    def test_what_a_run_shows_of_itself_is_a_picture(self, trial: TrialRun) -> None:
        explanation = trial.result.explanation
        assert (explanation is not None) == trial.task.trial.explained
        if explanation is not None:
            sheet = explanation.picture()
            assert sheet.mode == "RGB"
            assert min(sheet.size) > 30

    def test_a_process_that_was_lent_a_gpu_hands_its_result_on(self, trial: TrialRun) -> None:
        copy = pickle.loads(pickle.dumps(trial.result))
        assert copy.image.tobytes() == trial.result.image.tobytes()
        assert copy.facts == trial.result.facts
        assert copy.recipe == trial.result.recipe
        assert (copy.explanation is not None) == trial.task.trial.explained
        if trial.result.video is not None:
            assert copy.video.path.read_bytes() == trial.result.video.path.read_bytes()

    def test_the_callers_pictures_stay_as_they_are(self, trial: TrialRun) -> None:
        assert trial.contents_before
        assert trial.contents_before == trial.contents_after

    def test_only_declared_weights_are_used(self, trial: TrialRun) -> None:
        assert trial.weights_used <= set(trial.task.weights(trial.parameters))

    # --- short runs of their own ---

    def test_the_recipe_reproduces_the_picture(self, trial: TrialRun, runtime: Runtime) -> None:
        recipe = json.loads(json.dumps(trial.result.recipe))
        task = self.tasks[recipe["task"]]
        again = StepRun(runtime.run(task, trial_inputs(task), parse(task.parameters, recipe["parameters"]))).finish()
        assert again.image.tobytes() == trial.result.image.tobytes()

    def test_stopping_ends_within_one_step_and_keeps_a_picture(self, trial: TrialRun, runtime: Runtime) -> None:
        job = Job()
        run = run_of(runtime, trial.task, job)
        steps: Iterator[Step] = iter(run)
        while next(steps).preview is None:
            pass
        job.stop()
        assert len(list(steps)) <= 1
        assert run.result.image.size == trial.result.image.size
        assert run.result.facts.stopped

    def test_a_job_stopped_before_it_began_does_nothing(self, task: TaskSpec, runtime: Runtime) -> None:
        job = Job()
        job.stop()
        with pytest.raises(StoppedError):
            next(runtime.run(task, trial_inputs(task), trial_parameters(task), job))
        assert not runtime.scheduler.busy

    def test_closing_frees_the_device(self, task: TaskSpec, runtime: Runtime) -> None:
        steps = runtime.run(task, trial_inputs(task), trial_parameters(task))
        next(steps)
        assert runtime.scheduler.running == 1
        steps.close()
        assert not runtime.scheduler.busy
        with runtime.scheduler.device_if_free() as free:
            assert free

    @pytest.mark.parametrize("size", ODD_SIZES, ids=lambda size: "{}x{}".format(*size))
    def test_odd_sizes_work(self, task: TaskSpec, size: tuple[int, int], runtime: Runtime) -> None:
        result = StepRun(runtime.run(task, trial_inputs(task, size), trial_parameters(task))).finish()
        assert result.image.width > 0
