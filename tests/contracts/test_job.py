"""What a run and its watcher share: the stop request, also across processes, and the steps."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Generator

import pytest

from engine import TASKS, Job, Picture, Runtime, Step, StepRun
from engine.contracts.errors import StoppedError
from engine.contracts.job import Phase, SharedJob
from engine.contracts.messages import Message
from engine.tasks.style_v1 import StyleV1


def test_a_step_knows_its_place_in_a_larger_run() -> None:
    step = Step(done=0.5, stage=Message("patching"))
    within = step.within(0.2, 0.4, Message("face {number}", number=1))
    assert within.done == pytest.approx(0.4)
    assert within.stage.values == {"part": Message("face {number}", number=1), "stage": Message("patching")}
    assert str(within.stage) == "face 1: patching"
    assert step.within(0.2, 0.4).stage == step.stage, "a part without a name adds nothing"


def test_only_work_counts() -> None:
    assert [phase for phase in Phase if phase.counts] == [Phase.WORKING]


def test_the_steps_of_a_run_keep_its_result() -> None:
    def steps() -> Generator[Step, None, int]:
        yield Step(done=0, stage=Message("one"))
        yield Step(done=1, stage=Message("two"))
        return 5

    run = StepRun(steps())
    taken = iter(run)
    assert next(taken).done == 0
    assert [step.done for step in taken] == [1]
    assert run.result == 5
    assert StepRun(steps()).finish() == 5


def test_a_job_can_be_stopped_from_another_thread() -> None:
    job = Job()
    thread = threading.Thread(target=job.stop)
    thread.start()
    thread.join()
    assert job.stopped


@pytest.mark.parametrize("kind", [Job, SharedJob])
def test_a_part_of_a_job_that_explains_nothing_is_stopped_with_it(kind: type[Job]) -> None:
    job = kind("somebody", "somewhere")
    part = job.without_explanation()
    assert (part.visitor, part.address, part.explains, job.explains) == ("somebody", "somewhere", False, True)
    job.stop()
    assert part.stopped
    job.forget()


def test_a_shared_job_can_be_stopped_from_another_process() -> None:
    job = SharedJob("a", "home", explains=False)
    copy = pickle.loads(pickle.dumps(job))
    assert (copy.visitor, copy.address, copy.explains, copy.stopped) == ("a", "home", False, False)
    other = multiprocessing.get_context("spawn").Process(target=copy.stop)
    other.start()
    other.join(60)
    assert job.stopped
    job.forget()
    assert not copy.stopped
    job.stop()
    assert not copy.stopped, "a page that closes after the run leaves no file behind"


def test_a_run_looks_at_its_copy_of_a_shared_job(runtime: Runtime, photo: Picture, painting: Picture) -> None:
    job = SharedJob("a", "home")
    copy = pickle.loads(pickle.dumps(job))
    inputs = {"content": [photo], "style": [painting]}
    job.stop()
    with pytest.raises(StoppedError):
        StepRun(runtime.run(TASKS["style-v1"], inputs, StyleV1(size=64, iterations=2), copy)).finish()
    job.forget()
