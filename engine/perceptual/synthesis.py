"""Coarse to fine: the same descent at growing sizes, each started from the last one's picture."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PIL.Image import Image
from torch import Tensor

from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.imaging.tensors import Size, enlarged, fitted, to_image
from engine.perceptual.descent import ADAM_STEP, Iterate, Optimiser, descend
from engine.perceptual.energy import Energy

Schedule = Literal["falling", "equal"]
"""How iterations are shared between scales."""
COARSEST_SIDE = 96
"""Longer side of the coarsest scale for Gram matrices: relu5_1 has 6 x 6 features there."""


@dataclass(frozen=True)
class Scale:
    """One size of the pyramid."""

    size: Size
    iterations: int

    @property
    def work(self) -> int:
        """Pixels times iterations; the time it takes is proportional to this."""
        return self.size[0] * self.size[1] * self.iterations

    def stage(self, iteration: int) -> Message:
        """Message for a step at this scale: its size in pixels, and the iteration, counted from 1."""
        return Message(
            "{pixels} px, iteration {iteration} of {iterations}",
            pixels=max(self.size), iteration=iteration, iterations=self.iterations,
        )  # fmt: skip


@dataclass(frozen=True)
class Synthesis:
    """Result of :func:`coarse_to_fine`."""

    picture: Tensor
    """``(1, 3, H, W)`` at the finest size, whether the run was stopped or not."""
    reached: Tensor
    """``(1, 3, h, w)`` at the scale that was reached, before it was enlarged and finished."""
    facts: Mapping[str, Any]
    """Iterations, sizes, first and last value of each loss."""


def pyramid(
    size: Size,
    iterations: int,
    scales: int,
    *,
    shortest: int,
    coarsest: int = COARSEST_SIDE,
    ratio: float = 2,
    schedule: Schedule = "equal",
) -> list[Scale]:
    """Scales from coarse to fine, each ``ratio`` times the last one, that share the iterations.

    The look is decided in the coarse scales, where an iteration costs a fraction; the finest one adds strokes.

    Args:
        size: of the finest scale.
        iterations: of all scales together; no scale gets none.
        scales: how many; fewer where the coarsest would be too small.
        shortest: no side below this.
        coarsest: a scale whose longer side would be below this is left out.
        ratio: of neighbouring scales.
        schedule: "equal" shares, or "falling" ones: with three scales 3 : 2 : 1.
    """
    sides = [max(size) / ratio**level for level in reversed(range(min(scales, iterations)))]
    sides = [side for side in sides if side >= coarsest] or [max(size)]
    count = len(sides)
    shares = [1] * count if schedule == "equal" else list(range(count, 0, -1))
    counts = [max(1, iterations * share // sum(shares)) for share in shares]
    rest = iterations - sum(counts)
    counts = [each + (index < rest) for index, each in enumerate(counts)]
    sizes = [*(fitted(size, round(side), shortest=shortest) for side in sides[:-1]), size]
    return [Scale(*pair) for pair in zip(sizes, counts, strict=True)]


def gflop(scales: Sequence[Scale], deepest: str) -> float:
    """Arithmetic of forward and backward passes to VGG-19's ``deepest`` layer over all scales, in GFLOP."""
    from engine.nets.vgg import gflop_per_pixel

    return 2 * gflop_per_pixel(deepest) * sum(scale.work for scale in scales)


def coarse_to_fine(
    scales: Sequence[Scale],
    begin: Callable[[Size], Tensor],
    energy_at: Callable[[Size], Energy],
    *,
    job: Job,
    optimiser: Optimiser = "lbfgs",
    step: float = ADAM_STEP,
    captured: bool = True,
    carry: Callable[[Tensor, Size], Tensor] = enlarged,
    shown: Callable[[Tensor], Image] = to_image,
    finish: Callable[[Tensor], Tensor] = lambda picture: picture,
) -> Generator[Step, None, Synthesis]:
    """Descend at every scale in turn.

    Args:
        scales: from coarse to fine.
        begin: size -> the picture to start from, ``(1, 3, H, W)``; called for the coarsest scale.
        energy_at: size -> the energy there.
        job: a stop request ends the run with the best picture of the scale reached.
        optimiser: see :func:`engine.perceptual.descent.descend`.
        step: of Adam, see there.
        captured: see :func:`engine.perceptual.energy.evaluation`.
        carry: picture of a scale, size -> the picture to go on from at that size.
        shown: picture -> its preview.
        finish: applied to previews and to the result, such as a colour transfer.
    """
    total = sum(scale.work for scale in scales)
    picture = begin(scales[0].size)
    before, iterations, first = 0, 0, dict[str, float]()
    iterate: Iterate | None = None
    for scale in scales:
        if job.stopped and iterate is not None:
            break
        picture = carry(picture, scale.size) if iterate else picture
        energy, count = energy_at(scale.size), scale.iterations
        iterates = descend(picture, energy, iterations=count, optimiser=optimiser, step=step, captured=captured)
        for index, iterate in enumerate(iterates, start=1):
            iterations += 1
            first = first or dict(_values(iterate))
            done = (before + scale.work * index / count) / total
            yield _step(done, scale.stage(index), iterate, lambda best: shown(finish(best)))
            if job.stopped:
                break
        assert iterate is not None
        picture = iterate.best
        before += scale.work
    assert iterate is not None
    whole = picture if size_of(picture) == scales[-1].size else carry(picture, scales[-1].size)
    return Synthesis(finish(whole), picture, _facts(iterations, scales, picture, first, iterate))


def size_of(picture: Tensor) -> Size:
    """Width and height of ``(B, C, H, W)``."""
    return picture.shape[3], picture.shape[2]


def _step(done: float, stage: Message, iterate: Iterate, shown: Callable[[Tensor], Image]) -> Step:
    return Step(done=done, stage=stage, figures=lambda: _values(iterate), preview=lambda: shown(iterate.best))


def _facts(
    iterations: int, scales: Sequence[Scale], picture: Tensor, first: Mapping[str, float], last: Iterate
) -> dict[str, Any]:
    return {
        "iterations": iterations,
        "scales": [list(scale.size) for scale in scales],
        "reached_size": list(size_of(picture)),
        "losses_first": dict(first),
        "losses_last": dict(_values(last)),
    }


def _values(iterate: Iterate) -> Mapping[str, float]:
    return {**{name: float(value) for name, value in iterate.losses.items()}, "total": iterate.total}
