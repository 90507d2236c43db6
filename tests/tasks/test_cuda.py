"""What every registered task has to do on a GPU: the CPU's result, alone, beside another run, and short of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch

from engine import TASKS, RunResult, Runtime, StepRun, open_picture
from engine.contracts.errors import DeviceMemoryError
from engine.contracts.task import TaskSpec
from engine.feedforward_style import painters
from engine.perceptual.matching import PatchBank
from tests.support import cuda, pictures
from tests.support.runs import fields_of, finished, trial_inputs, trial_parameters

pytestmark = [cuda.needs_cuda, pytest.mark.usefixtures("small_lessons")]

MEGABYTE = 2**20


@dataclass(frozen=True)
class CudaRun:
    """A task's trial on the GPU, alone."""

    result: RunResult
    captures: list[bool]
    """For each energy that should be captured, whether it was."""


def trial(runtime: Runtime, task: TaskSpec) -> RunResult:
    return StepRun(runtime.run(task, trial_inputs(task), trial_parameters(task))).finish()


@pytest.fixture(scope="session", params=TASKS, ids=lambda task: task.name)
def task(request: pytest.FixtureRequest) -> TaskSpec:
    """Every task; of the session, so that all tests of one task stand together."""
    return request.param


@pytest.fixture(scope="session")
def gpu() -> Runtime:
    return cuda.runtime_on("cuda")


@pytest.fixture(scope="session")
def alone_of(gpu: Runtime) -> Callable[[TaskSpec], CudaRun]:
    """The one run of a task that the tests compare with."""
    runs: dict[str, CudaRun] = {}

    def once(task: TaskSpec) -> CudaRun:
        if task.name not in runs:
            with cuda.captures() as outcomes:
                runs[task.name] = CudaRun(trial(gpu, task), outcomes)
        return runs[task.name]

    return once


@pytest.fixture
def alone(task: TaskSpec, alone_of: Callable[[TaskSpec], CudaRun], small_lessons: None) -> CudaRun:
    return alone_of(task)


# --- every task ---


def test_the_result_is_the_cpus(task: TaskSpec, alone: CudaRun) -> None:
    on_cpu = trial(cuda.runtime_on("cpu"), task)
    assert cuda.apart(alone.result.image, on_cpu.image) < task.trial.tolerance


def test_the_same_run_gives_the_same_picture(task: TaskSpec, alone: CudaRun, gpu: Runtime) -> None:
    assert trial(gpu, task).image.tobytes() == alone.result.image.tobytes()


def test_a_graph_gives_what_plain_evaluation_gives(task: TaskSpec, alone: CudaRun, gpu: Runtime) -> None:
    assert all(alone.captures), "an energy refused to be captured"
    with cuda.without_captures():
        plain = trial(gpu, task)
    assert cuda.apart(alone.result.image, plain.image) < task.trial.tolerance


def test_some_task_uses_graphs(alone_of: Callable[[TaskSpec], CudaRun]) -> None:
    assert any(alone_of(task).captures for task in TASKS)


def test_want_of_memory_is_one_sentence_and_the_next_run_works(task: TaskSpec, alone: CudaRun, gpu: Runtime) -> None:
    with cuda.scarce(0):
        try:
            without = trial(gpu, task).image
        except DeviceMemoryError:
            without = None  # most tasks cannot do without any
    assert not gpu.scheduler.busy
    if without is not None:
        assert cuda.apart(alone.result.image, without) < task.trial.tolerance
    assert cuda.apart(alone.result.image, trial(gpu, task).image) < task.trial.tolerance


def test_two_runs_step_by_step_beside_each_other(task: TaskSpec, alone: CudaRun) -> None:
    """They take turns on one card, as two devices: neither may know of the other."""
    runtime = cuda.runtime_on("cuda")
    runtime.scheduler.serve_devices(2)
    runs = [StepRun(runtime.run(task, trial_inputs(task), trial_parameters(task))) for _ in range(2)]
    steps = [iter(run) for run in runs]
    both = [next(each) for each in steps]
    assert runtime.scheduler.running == 2
    while any(both):
        both = [next(each, None) for each in steps]
    assert not runtime.scheduler.busy
    for run in runs:
        assert cuda.apart(alone.result.image, run.result.image) < task.trial.tolerance


@cuda.needs_two_cards
def test_the_second_card_does_all_of_its_run(task: TaskSpec, alone: CudaRun) -> None:
    torch.cuda.reset_peak_memory_stats(0)
    before = torch.cuda.max_memory_allocated(0)
    second = trial(cuda.runtime_on("cuda:1"), task)
    assert torch.cuda.max_memory_allocated(0) == before, "something was put on the first card"
    assert cuda.apart(alone.result.image, second.image) < task.trial.tolerance


# --- what works in smaller pieces when memory runs out ---


def test_tiles_are_halved(gpu: Runtime) -> None:
    task = TASKS["super-resolution"]
    inputs = {"image": [open_picture(pictures.noisy(640, 640))]}

    def enlarged() -> RunResult:
        return finished(gpu, task, inputs, scale=4, tile=640)

    whole = enlarged()
    assert whole.facts.task.figures["tile"] == 640
    with cuda.scarce(round(0.8 * cuda.peak_of(enlarged))):
        halved = enlarged()
    assert halved.facts.task.figures["tile"] < 640
    assert cuda.apart(whole.image, halved.image) < 1


def test_a_large_picture_is_painted_in_bands(gpu: Runtime) -> None:
    task = TASKS["style-v2"]
    inputs = {"content": [open_picture(pictures.noisy(2048, 1536))]}

    def painted() -> tuple[RunResult, bool]:
        """The result, and whether it was painted in bands."""
        run = StepRun(gpu.run(task, inputs, task.parameters(size=2048)))
        banded = ["layer" in fields_of(step.stage) for step in run]
        return run.result, any(banded)

    whole, banded = painted()
    assert not banded
    most = cuda.peak_of(painted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painters, "WHOLE_PIXELS", {"cuda": 0})
        least = cuda.peak_of(painted)
    with cuda.scarce(round(least + 0.8 * (most - least))):
        in_bands, banded = painted()
    assert banded
    assert cuda.apart(whole.image, in_bands.image) < 1


def test_a_search_for_patches_takes_smaller_pieces() -> None:
    features = torch.rand(1, 64, 96, 96, generator=torch.Generator().manual_seed(0)).cuda()
    bank = PatchBank([features.roll(7, dims=3)])
    whole = bank.search(features, budget=2**30)
    budgets: list[int] = []
    search = bank._search

    def noted(query: torch.Tensor, allowed: None, budget: int) -> tuple[torch.Tensor, torch.Tensor]:
        budgets.append(budget)
        return search(query, allowed, budget)

    with pytest.MonkeyPatch.context() as patch, cuda.scarce(64 * MEGABYTE):
        patch.setattr(bank, "_search", noted)
        pieces = bank.search(features, budget=2**30)
    assert budgets[-1] < budgets[0] == 2**30
    assert torch.equal(whole.index, pieces.index)
