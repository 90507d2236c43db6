"""What the processes of a training share; several of them are in ``tests/cli/test_train.py``."""

from __future__ import annotations

import torch

from engine import Runtime
from engine.training.distributed import Team


def test_a_team_of_one_stops_when_it_is_asked_to(runtime: Runtime) -> None:
    alone = Team(runtime.device)
    assert alone.leads
    assert alone.any(True)
    assert not alone.any(False)
    net = torch.nn.Linear(2, 2)
    assert alone.parallel(net) is net
