"""Descent on the picture itself: the pixels are the unknowns, the network stays fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.perceptual.energy import Energy, Evaluation, evaluation
from engine.perceptual.optimisers import LBFGS, Adam

Optimiser = Literal["lbfgs", "adam"]

ADAM_STEP = 0.02
"""Step of Adam in units of the picture's range [0, 1]; larger steps leave visible speckle."""

LBFGS_HISTORY = 20
"""Most pairs kept by L-BFGS. More of them cost memory (two pictures each) and change the result little."""
HISTORY_BYTES = 500_000_000
"""Memory of the history of a large picture, which then has fewer pairs, but no less than three."""


@dataclass(frozen=True)
class Iterate:
    """State after one iteration; the tensors are live, copy what must outlast the next iteration."""

    losses: Mapping[str, Tensor]
    """Name -> weighted term, scalars on the device."""
    total: float
    """Their sum."""
    best: Tensor
    """The picture of the lowest total so far, ``(B, 3, H, W)``, detached, not clamped."""


_Evaluate = Callable[[Tensor], Evaluation]
_Stepper = Callable[[], Evaluation]


def descend(
    start: Tensor,
    energy: Energy,
    *,
    iterations: int,
    optimiser: Optimiser = "lbfgs",
    step: float = ADAM_STEP,
    captured: bool = True,
) -> Iterator[Iterate]:
    """Lower ``energy`` from ``start``, one evaluation of energy and gradient per yield.

    L-BFGS runs without a line search (one evaluation per iteration): it can overshoot, so the best picture is kept
    apart, and a total that is no longer finite sends the descent back to it with a fresh history.

    Args:
        start: ``(B, 3, H, W)``, float32 or float64; not written to.
        energy: picture -> named terms; their sum is lowered.
        iterations: number of evaluations.
        optimiser: ``"lbfgs"`` (Gatys et al. 2016, section 2) or ``"adam"``.
        step: Adam's step; L-BFGS uses 1.
        captured: see :func:`engine.perceptual.energy.evaluation`.
    """
    picture = start.detach().clone(memory_format=torch.contiguous_format)
    best, lowest = picture.clone(), math.inf
    evaluate = evaluation(energy, picture, captured=captured)
    advance = _stepper(picture, evaluate, optimiser, step)
    for _ in range(iterations):
        before = picture.clone()
        evaluated = advance()
        total = float(evaluated.total)
        if total < lowest:
            best, lowest = before, total
        elif not math.isfinite(total):
            picture.copy_(best)
            advance = _stepper(picture, evaluate, optimiser, step)
        yield Iterate(losses=evaluated.losses, total=total, best=best)


def _stepper(picture: Tensor, evaluate: _Evaluate, optimiser: Optimiser, step: float) -> _Stepper:
    """One iteration: evaluate at ``picture``, then move ``picture`` in place."""
    solver: torch.optim.Optimizer
    if optimiser == "lbfgs":
        fitting = HISTORY_BYTES // (2 * picture.numel() * picture.element_size())
        solver = LBFGS(
            [picture],
            lr=1,
            max_iter=1,
            history_size=min(LBFGS_HISTORY, max(3, fitting)),
            tolerance_grad=0,
            tolerance_change=0,
        )
    else:
        solver = Adam([picture], lr=step)
    evaluations: list[Evaluation] = []

    def closure() -> float:
        value = evaluate(picture)
        picture.grad = value.gradient
        evaluations[:] = [value]
        return float(value.total)

    def advance() -> Evaluation:
        solver.step(closure)
        return evaluations[0]

    return advance
