"""torch's optimisers without its compiler: they import it, for 1 to 4 seconds, only to tell it to pass them over."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import torch


def _spare_compiler() -> None:
    """Let an optimiser be made without torch's compiler, which is only told to pass over a method of it."""
    add = getattr(torch.optim.Optimizer.add_param_group, "__wrapped__", None)
    if add is not None and "torch._dynamo" not in sys.modules:
        vars(add).setdefault("__dynamo_disable", add)


class LBFGS(torch.optim.LBFGS):
    """:class:`torch.optim.LBFGS`, with the same arguments."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        _spare_compiler()
        super().__init__(*arguments, **options)


class Adam(torch.optim.Adam):
    """:class:`torch.optim.Adam`, with the same arguments; not for gradients of its own steps."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        _spare_compiler()
        super().__init__(*arguments, **options)

    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))  # what is around it tells the compiler of a break
