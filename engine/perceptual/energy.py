"""Energy and gradient at a picture; on CUDA the whole evaluation is captured once and replayed as one graph."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_log = logging.getLogger(__name__)

Energy = Callable[[Tensor], Mapping[str, Tensor]]
"""Picture ``(B, 3, H, W)`` -> named, weighted terms (scalars)."""


@dataclass(frozen=True)
class Evaluation:
    """Energy at one picture. On CUDA the tensors are the graph's own: the next evaluation overwrites them."""

    losses: Mapping[str, Tensor]
    total: Tensor
    gradient: Tensor
    """Gradient of the total with respect to the picture; contiguous, for torch's L-BFGS cannot view channels_last."""


def evaluation(energy: Energy, like: Tensor, *, captured: bool = True) -> Callable[[Tensor], Evaluation]:
    """A function that evaluates ``energy`` and its gradient at pictures of the shape of ``like``.

    Args:
        energy: to evaluate.
        like: ``(B, 3, H, W)``.
        captured: on CUDA, replay one graph. Not for an energy that decides something in Python from call to call.
    """
    if captured and like.device.type == "cuda":
        return _captured(energy, like)
    return lambda picture: _evaluate(energy, picture)


def _evaluate(energy: Energy, picture: Tensor) -> Evaluation:
    with torch.enable_grad():
        unknown = picture.detach().requires_grad_()
        losses = energy(unknown)
        total = torch.stack(list(losses.values())).sum()
        (gradient,) = torch.autograd.grad(total, unknown)
    detached = {name: value.detach() for name, value in losses.items()}
    return Evaluation(losses=detached, total=total.detach(), gradient=gradient.contiguous())


def _captured(energy: Energy, like: Tensor) -> Callable[[Tensor], Evaluation]:
    """The evaluation as a CUDA graph: one launch instead of some hundreds, which is what small pictures wait for.

    An energy that cannot be captured (it synchronises, or a kernel of it refuses) is evaluated the plain way.
    """
    static = like.detach().clone()
    graph = torch.cuda.CUDAGraph()
    # Stream and graph belong to the current device, and "current" is per thread: Gradio resumes a run in any thread.
    with torch.cuda.device(like.device):
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries choose their kernels and workspaces before the capture
            for _ in range(3):
                _evaluate(energy, static)
        torch.cuda.current_stream().wait_stream(stream)
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                static_evaluation = _evaluate(energy, static)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            _log.warning("this energy is evaluated without a CUDA graph: %s", error)
            return lambda picture: _evaluate(energy, picture)

    def replay(picture: Tensor, _alive: Energy = energy) -> Evaluation:
        # The graph knows the energy's tensors by address only: _alive keeps them from being freed.
        with torch.cuda.device(static.device):
            static.copy_(picture)
            graph.replay()
        return static_evaluation

    return replay
