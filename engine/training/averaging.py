"""The moving average of weights that trainings end in."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def moving_average(net: nn.Module, share: float) -> AveragedModel:
    """A copy of a net that follows it: ``share`` of the old weights stays each time, less in the first few steps.

    ``update_parameters(net)`` after each step of the optimiser; the average is its ``module``.
    """

    def follow(average: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        done = float(count)
        return average.lerp(current.detach(), 1 - min(share, (1 + done) / (10 + done)))

    averaged = AveragedModel(net, avg_fn=follow)
    averaged.requires_grad_(False)
    return averaged
