from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from engine.perceptual.descent import Iterate, descend
from engine.perceptual.energy import evaluation
from engine.perceptual.optimisers import Adam
from tests.conftest import ROOT

TARGET = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(1))


def bowl(picture: Tensor) -> dict[str, Tensor]:
    """An uneven quadratic with its minimum at TARGET."""
    weights = torch.linspace(1, 30, picture.numel()).reshape(picture.shape)
    return {"even": (picture - TARGET).square().sum(), "uneven": (weights * (picture - TARGET).square()).sum()}


@pytest.mark.parametrize(("optimiser", "iterations", "error"), [("lbfgs", 60, 1e-3), ("adam", 300, 2e-2)])
def test_the_minimum_is_found(optimiser: str, iterations: int, error: float) -> None:
    start = torch.full_like(TARGET, 0.5)
    *_, last = descend(start, bowl, iterations=iterations, optimiser=optimiser)  # type: ignore[arg-type]
    assert (last.best - TARGET).abs().max() < error
    assert torch.equal(start, torch.full_like(TARGET, 0.5)), "the start belongs to the caller"


WITHOUT_COMPILER = """
import sys
from tests.perceptual.test_descent import TARGET, bowl, descend
for optimiser in ("lbfgs", "adam"):
    list(descend(TARGET, bowl, iterations=2, optimiser=optimiser))
assert "torch._dynamo" not in sys.modules
"""


def test_it_begins_without_the_compiler() -> None:
    """In a process of its own, for what is imported once stays."""
    assert subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], cwd=ROOT, check=False).returncode == 0


def test_adam_is_torchs() -> None:
    steps = []
    for adam in (Adam, torch.optim.Adam):
        picture = torch.full_like(TARGET, 0.2).requires_grad_()
        solver = adam([picture], lr=0.1, betas=(0.8, 0.9))
        for _ in range(5):
            solver.zero_grad()
            bowl(picture)["uneven"].sum().backward()
            solver.step()
        steps.append(picture.detach())
    assert torch.equal(*steps)
    assert not torch.equal(steps[0], torch.full_like(TARGET, 0.2))


@pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])
def test_best_is_the_lowest_picture_and_losses_are_its_evaluations(optimiser: str) -> None:
    seen: list[tuple[float, Tensor]] = []
    lowest = float("inf")
    for iterate in descend(torch.zeros_like(TARGET), bowl, iterations=60, optimiser=optimiser):  # type: ignore[arg-type]
        assert iterate.total == pytest.approx(sum(float(value) for value in iterate.losses.values()), rel=1e-5)
        lowest = min(lowest, iterate.total)
        at_best = sum(float(value) for value in bowl(iterate.best).values())
        assert at_best == pytest.approx(lowest, rel=1e-5)
        seen.append((iterate.total, iterate.best))
    assert len(seen) == 60
    assert seen[-1][0] < 0.1 * seen[0][0]


def test_a_total_that_is_not_finite_sends_the_descent_back() -> None:
    calls = 0

    def fragile(picture: Tensor) -> Mapping[str, Tensor]:
        nonlocal calls
        calls += 1
        factor = torch.tensor(float("nan") if calls == 5 else 1.0)
        return {"bowl": bowl(picture)["uneven"] * factor}

    *_, last = descend(torch.zeros_like(TARGET), fragile, iterations=60)
    assert torch.isfinite(last.best).all()
    assert (last.best - TARGET).abs().max() < 1e-2


def test_one_iteration_costs_one_evaluation() -> None:
    calls = 0

    def counted(picture: Tensor) -> Mapping[str, Tensor]:
        nonlocal calls
        calls += 1
        return bowl(picture)

    iterates: list[Iterate] = list(descend(torch.zeros_like(TARGET), counted, iterations=7))
    assert len(iterates) == calls == 7


def test_the_gradient_is_contiguous_and_right_for_a_channels_last_energy() -> None:
    def energy(picture: Tensor) -> Mapping[str, Tensor]:
        return {"cubic": (picture.contiguous(memory_format=torch.channels_last) ** 3).sum()}

    evaluated = evaluation(energy, TARGET)(TARGET)
    assert evaluated.gradient.is_contiguous()
    torch.testing.assert_close(evaluated.gradient, 3 * TARGET**2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_captured_evaluation_is_the_plain_one() -> None:
    target = TARGET.cuda()
    captured = evaluation(lambda picture: {"square": (picture - target).square().sum()}, target)
    for seed in range(3):
        picture = torch.rand(target.shape, generator=torch.Generator().manual_seed(seed)).cuda()
        torch.testing.assert_close(captured(picture).gradient, 2 * (picture - target))
