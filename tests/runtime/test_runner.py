"""The one way to run a task: weights first, then the device, then the work, and what a stop leaves of it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from engine import TASKS, Job, Picture, Runtime, StepRun
from engine.contracts.errors import ParameterError, SettingError, StoppedError, WeightsUnavailableError
from engine.contracts.job import Phase
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.contracts.settings import Settings
from engine.tasks.style_v1 import StyleV1

TASK = TASKS["style-v1"]
Pair = dict[str, list[Picture]]


@pytest.fixture
def pair(photo: Picture, painting: Picture) -> Pair:
    return {"content": [photo], "style": [painting]}


def test_a_second_run_waits_for_the_device_and_can_be_closed_while_it_waits(runtime: Runtime, pair: Pair) -> None:
    first = runtime.run(TASK, pair, StyleV1(size=64, iterations=3))
    assert next(first).phase is Phase.WORKING
    second = runtime.run(TASK, pair, StyleV1(size=64, iterations=2))
    step = next(second)
    assert (step.phase, step.done) == (Phase.WAITING, 0)
    assert step.stage.values["runs"] == Message("one run")
    second.close()
    assert runtime.scheduler.running == 1, "the first run still has it"
    first.close()
    assert not runtime.scheduler.busy


def test_two_runs_at_once_never_overlap(runtime: Runtime, pair: Pair) -> None:
    spans: list[tuple[float, float]] = []

    def work() -> None:
        begun = None
        for step in StepRun(runtime.run(TASK, pair, StyleV1(size=64, iterations=4))):
            if begun is None and step.phase is Phase.WORKING:
                begun = time.monotonic()
        assert begun is not None
        spans.append((begun, time.monotonic()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (_, first_end), (second_begin, _) = sorted(spans)
    assert first_end <= second_begin + 0.05


def test_two_runtimes_share_nothing(runtime: Runtime, pair: Pair) -> None:
    """So that a second one neither waits for the first nor uses its nets."""
    other = Runtime(Settings())
    first = runtime.run(TASK, pair, StyleV1(size=64, iterations=3))
    next(first)
    second = other.run(TASK, pair, StyleV1(size=64, iterations=3))
    assert next(second).phase is Phase.WORKING
    assert (runtime.scheduler.running, other.scheduler.running) == (1, 1)
    assert other.nets is not runtime.nets
    second.close()
    first.close()


def test_weights_that_cannot_be_had_fail_before_the_device_is_taken(runtime: Runtime, pair: Pair) -> None:
    with pytest.raises(WeightsUnavailableError) as refusal:
        StepRun(runtime.run(TASK, pair, StyleV1(network="vgg19-imagenet"))).finish()
    assert "575 MB" in refusal.value.fields["absent"].values["weights"]
    assert not runtime.scheduler.busy
    shipped = StepRun(runtime.run(TASK, pair, StyleV1(size=64, iterations=1))).finish()
    assert shipped.image, "the shipped weights go on working"


def test_parameters_of_another_task_are_refused(runtime: Runtime, pair: Pair) -> None:
    with pytest.raises(ParameterError) as refusal:
        StepRun(runtime.run(TASK, pair, TASKS["reconstruction"].parameters())).finish()
    assert refusal.value.fields == {"task": "style-v1", "wanted": "StyleV1"}


def test_stopping_while_waiting_for_the_device_ends_the_wait(runtime: Runtime, pair: Pair) -> None:
    first = runtime.run(TASK, pair, StyleV1(size=64, iterations=3))
    next(first)
    job = Job()
    second = runtime.run(TASK, pair, StyleV1(size=64, iterations=2), job)
    next(second)
    job.stop()
    with pytest.raises(StoppedError):
        next(second)
    assert runtime.scheduler.running == 1
    first.close()


def test_only_a_whole_run_tells_how_long_its_kind_takes(
    runtime: Runtime, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: list[object] = []
    monkeypatch.setattr(runtime.speed, "learn_kind", lambda kind, gflop, seconds: kinds.append(kind))
    job = Job()
    run = StepRun(runtime.run(TASK, pair, StyleV1(size=64, iterations=50), job))
    for step in run:
        if step.figures():
            job.stop()
    assert run.result.facts.stopped
    assert not kinds
    whole = StyleV1(size=64, iterations=2)
    StepRun(runtime.run(TASK, pair, whole)).finish()
    assert kinds == [TASK.kind_of(whole)]


def test_a_job_that_was_stopped_before_does_not_begin(runtime: Runtime, pair: Pair) -> None:
    job = Job()
    job.stop()
    with pytest.raises(StoppedError):
        next(runtime.run(TASK, pair, StyleV1(size=64, iterations=2), job))
    assert not runtime.scheduler.busy


@pytest.mark.parametrize(("name", "values"), [("style-v1", {"size": 64, "iterations": 2}), ("style-v2", {"size": 64})])
def test_a_run_that_nobody_looks_into_is_the_same_without_its_explanation(
    name: str, values: dict[str, Any], runtime: Runtime, pair: Pair
) -> None:
    inputs = pair if name == "style-v1" else {"content": pair["content"]}
    parameters = parse(TASKS[name].parameters, values)
    whole = StepRun(runtime.run(TASKS[name], inputs, parameters)).finish()
    plain = StepRun(runtime.run(TASKS[name], inputs, parameters, Job(explains=False))).finish()
    assert whole.explanation is not None
    assert plain.explanation is None
    assert plain.image.tobytes() == whole.image.tobytes()


def test_the_first_estimate_waits_for_a_free_device(runtime: Runtime, pair: Pair) -> None:
    fresh = Runtime(Settings())
    parameters, extents = StyleV1(size=64, iterations=3), TASK.extents(pair)
    run = fresh.run(TASK, pair, parameters)
    next(run)
    fresh.measure_speed()
    assert fresh.estimate(TASK, parameters, extents) is None, "a probe would disturb the run, and the run the probe"
    run.close()
    fresh.measure_speed()
    seconds = fresh.estimate(TASK, parameters, extents)
    assert seconds is not None
    assert seconds > 0
    twice = fresh.estimate(TASK, StyleV1(size=64, iterations=6), extents)
    assert twice is not None
    assert twice > seconds


def test_nets_that_nobody_uses_leave_memory(pair: Pair) -> None:
    fresh = Runtime(Settings())
    assert not fresh.unload_idle(0), "there is nothing to forget"
    run = fresh.run(TASK, pair, StyleV1(size=64, iterations=3))
    for step in run:
        if step.done > 0:
            break
    assert fresh.has_loaded_nets
    assert not fresh.unload_idle(0), "a run has the device"
    run.close()
    assert not fresh.unload_idle(60), "they were used just now"
    assert fresh.unload_idle(0)
    assert not fresh.has_loaded_nets


def test_the_settings_name_the_device() -> None:
    assert Runtime(Settings(device="cpu")).device.kind == "cpu"
    with pytest.raises(SettingError) as refusal:
        _ = Runtime(Settings(device="abacus")).device
    assert refusal.value.fields == {"variable": "PENTIMENTO_DEVICE", "value": "abacus"}
