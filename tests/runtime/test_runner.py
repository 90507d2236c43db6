from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import torch

from engine import TASKS, Job, Picture, Walk, run
from engine.contracts.errors import (
    DeviceMemoryError,
    ParameterError,
    StoppedError,
    UnknownNameError,
    WeightsUnavailableError,
)
from engine.contracts.job import Step
from engine.contracts.parameters import parse
from engine.hardware.device import Speed, _has_bfloat16, memory_errors
from engine.runtime.scheduler import LOCK
from engine.tasks.style_v1 import StyleV1

TASK = TASKS["style-v1"]


@pytest.fixture
def pair(photo: Picture, painting: Picture) -> dict[str, list[Picture]]:
    return {"content": [photo], "style": [painting]}


def test_a_second_run_waits_for_the_device_and_can_be_closed_while_it_waits(pair: dict[str, list[Picture]]) -> None:
    first = run(TASK, pair, StyleV1(size=64, iterations=3))
    next(first)
    second = run(TASK, pair, StyleV1(size=64, iterations=2))
    assert next(second).stage == "waiting: one run before yours"
    second.close()
    assert LOCK.locked(), "the first run still has it"
    first.close()
    assert not LOCK.locked()


def test_two_runs_at_once_never_overlap(pair: dict[str, list[Picture]]) -> None:
    spans: list[tuple[float, float]] = []

    def work() -> None:
        begun = None
        for step in Walk(run(TASK, pair, StyleV1(size=64, iterations=4))):
            if begun is None and not step.stage.startswith("waiting"):
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


def test_weights_that_cannot_be_had_fail_before_the_device_is_taken(pair: dict[str, list[Picture]]) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"575 MB.*HF_HUB_OFFLINE"):
        Walk(run(TASK, pair, StyleV1(network="vgg19-imagenet"))).finish()
    assert not LOCK.locked()
    assert Walk(run(TASK, pair, StyleV1(size=64, iterations=1))).finish().image, "the shipped weights go on working"


def test_out_of_memory_becomes_a_sentence() -> None:
    with pytest.raises(DeviceMemoryError, match="smaller size"), memory_errors():
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(DeviceMemoryError, match="smaller size"), memory_errors():
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match="something else"), memory_errors():
        raise RuntimeError("something else")


def test_parameters_of_another_task_are_refused(pair: dict[str, list[Picture]]) -> None:
    with pytest.raises(ParameterError, match="takes StyleV1"):
        Walk(run(TASK, pair, TASKS["reconstruction"].parameters())).finish()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": 32}, "size: the value should be greater than or equal to 64."),
        ({"size": "large"}, "size: the value should be a valid integer"),
        ({"iteration": 5}, "There is no parameter 'iteration'; did you mean 'iterations'?"),
        ({"xyzzy": 5}, "There is no parameter 'xyzzy'; there are size, iterations"),
        ({"colours": "loud"}, "colours: the value should be 'painting', 'photo' or 'matched'."),
        ({"style_layers": ()}, "style_layers: please choose at least one."),
        ({"style_weights": (-1.0, 2.0)}, "style_weights: "),
        ({"style_weights": (float("nan"),)}, "style_weights: "),
        ({"balance": float("nan")}, "balance: "),
    ],
)
def test_a_wrong_parameter_is_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParameterError) as raised:
        parse(StyleV1, values)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_an_unknown_task_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'style-v1'"):
        TASKS["style_v1"]


def test_a_step_finds_its_place_in_a_larger_run() -> None:
    step = Step(done=0.5, stage="patching").within(0.2, 0.4, "face 1: ")
    assert step.done == pytest.approx(0.4)
    assert step.stage == "face 1: patching"


def test_a_job_can_be_stopped_from_another_thread() -> None:
    job = Job()
    thread = threading.Thread(target=job.stop)
    thread.start()
    thread.join()
    assert job.stopped


def test_stopping_while_waiting_for_the_device_ends_the_wait(pair: dict[str, list[Picture]]) -> None:
    first = run(TASK, pair, StyleV1(size=64, iterations=3))
    next(first)
    job = Job()
    second = run(TASK, pair, StyleV1(size=64, iterations=2), job)
    next(second)
    job.stop()
    with pytest.raises(StoppedError):
        next(second)
    assert LOCK.locked()
    first.close()


def test_estimates_survive_small_and_free_runs() -> None:
    speed = Speed()
    first = speed.seconds(1000.0)
    assert first is not None
    for work, seconds in ((1e-6, 5.0), (5.0, 20.0), (500.0, 0.1)):
        speed.learn(work, seconds)
    assert speed.seconds(1000.0) == first, "runs that say nothing teach nothing"
    speed.learn(1000.0, 100 * first)
    slower = speed.seconds(1000.0)
    assert slower is not None
    assert first < slower <= 4 * first * 1.001
    for _ in range(20):
        speed.learn(1000.0, max(2 * first, 3.0))
    assert speed.seconds(1000.0) == pytest.approx(min(max(2 * first, 3.0), 4 * first), rel=0.02)


def test_the_first_estimate_waits_for_a_free_device() -> None:
    with LOCK:
        assert Speed().seconds(1.0) is None


@pytest.mark.parametrize(("name", "values"), [("style-v1", {"size": 64, "iterations": 2}), ("style-v2", {"size": 64})])
def test_a_run_that_nobody_looks_into_is_the_same_without_its_explanation(
    name: str, values: dict[str, object], pair: dict[str, list[Picture]]
) -> None:
    given = pair if name == "style-v1" else {"content": pair["content"]}
    parameters = parse(TASKS[name].parameters, values)
    whole = Walk(run(TASKS[name], given, parameters)).finish()
    plain = Walk(run(TASKS[name], given, parameters, Job(explains=False))).finish()
    assert whole.explanation is not None
    assert plain.explanation is None
    assert plain.image.tobytes() == whole.image.tobytes()


def test_a_plain_part_of_a_job_is_stopped_with_it() -> None:
    job = Job("somebody", "somewhere")
    part = job.plain()
    assert (part.visitor, part.explains, job.explains) == ("somebody", False, True)
    job.stop()
    assert part.stopped


def test_the_number_format_of_a_cpu_does_not_depend_on_what_else_it_does(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 avx2\n")
    assert _has_bfloat16(told)
    told.write_text("processor : 0\nflags\t\t: fpu avx512f avx2\nbugs : avx512_bf16_not_really\n")
    assert not _has_bfloat16(told)
    assert not _has_bfloat16(tmp_path / "nowhere")
