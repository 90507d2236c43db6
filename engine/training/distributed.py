"""Training on several GPUs or machines: what torchrun's processes share. Without torchrun there is one process.

torchrun --nproc-per-node 2 -m engine train style-v2 ...
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from engine.hardware.device import Device

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Team:
    """The processes that train one network together."""

    device: Device
    """Device of this process."""
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def parallel(self, net: nn.Module) -> nn.Module:
        """The net, whose gradients are averaged over the team; all begin with the leader's weights."""
        return DistributedDataParallel(net) if self.size > 1 else net

    def any(self, flag: bool) -> bool:
        """Whether any process says so; every one has to ask."""
        if self.size == 1:
            return flag
        said = torch.tensor(float(flag), device=self.device.torch_device)
        distributed.all_reduce(said)
        return bool(said)


@contextmanager
def team(device: Device) -> Iterator[Team]:
    """The team that torchrun's environment tells of; alone, on ``device``, where there is none."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(device)
        return
    if device.torch_device.type == "cuda":
        index = int(os.environ["LOCAL_RANK"])
        torch.cuda.set_device(index)
        device = replace(device, torch_device=torch.device("cuda", index))
    distributed.init_process_group("nccl" if device.torch_device.type == "cuda" else "gloo")
    try:
        yield Team(device, distributed.get_rank(), size)
        distributed.barrier()  # who leaves early makes the others abort
    finally:
        distributed.destroy_process_group()
