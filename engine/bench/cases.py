"""What is measured: for every task, its methods at the sizes that the README states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
import torch
from PIL import Image

from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import Pictures, Task
from engine.evaluation.inpainting import centre
from engine.faces.identities import names
from engine.hardware.device import Device
from engine.imaging.picture import Picture, open_picture
from engine.imaging.tensors import enlarged, to_image
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status, status
from engine.super_resolution.methods import METHODS

SIDE = 512
"""Of pictures, in pixels, where a case says nothing else."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run that is measured."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Parameters; the others have their defaults."""
    side: int = SIDE
    """Of the square pictures, in pixels."""
    inputs: Sequence[str] = ()
    """Inputs that may be left out and are given all the same."""

    def told(self, task: Task) -> str:
        """In a line."""
        return " ".join([task.name, *(f"{name}={_shown(value)}" for name, value in self.values.items())])

    def parameters(self, task: Task) -> Parameters:
        """All of them."""
        return parse(task.parameters, dict(self.values))

    def pictures(self, task: Task) -> Pictures:
        """Made here, or the astronaut that scikit-image brings where there has to be a face."""
        if task.name in FACES:
            return _faces(task, self.inputs)
        wanted = [each for each in task.inputs if each.least or each.name in self.inputs]
        made = {
            each.name: [each.open(photo(self.side, index))] * max(1, each.least) for index, each in enumerate(wanted)
        }
        return {
            **made,
            **({"mask": [open_picture(Image.fromarray(centre((self.side,) * 2)))]} if "mask" in made else {}),
        }


FACES = ("face-swap", "face-swap-comparison", "find-faces")
_HOLE = ("mask",)
_CONSENT = {"consent": True}
_PLAIN = {"cpu": "cpu", "mps": "cpu"}
"""Type of device -> whose cases it has; others have those of CUDA."""
_CASES: Mapping[str, Sequence[Case]] = {
    "style-v2": (Case(values={"size": 0}), Case(values={"size": 0}, side=1024)),
    "teach-style": (Case(values={"iterations": 5}),),
    "reconstruction": (Case(values={"of": "content"}), Case(values={"of": "style"})),
    "super-resolution": (
        *(Case(values={"method": name, "scale": 4}, side=256) for name in METHODS),
        Case(values={"method": "compact", "scale": 2}, side=1024),
    ),
    "inpainting": (
        *(Case(values={"method": name}, inputs=_HOLE) for name in ("classical", "network", "refined")),
        Case(values={"method": "network"}, inputs=_HOLE, side=1024),
    ),
    "inpainting-comparison": (Case(inputs=_HOLE),),
    "face-swap": (
        *(
            Case(values={**_CONSENT, "method": name}, inputs=("identity",))
            for name in ("editor", "classical", "patches")
        ),
        *(Case(values={**_CONSENT, "method": "network", "trained": name}) for name in names()[:1]),
    ),
    "face-swap-comparison": (Case(values=_CONSENT, inputs=("identity",)),),
}
_OF_DEVICE: Mapping[str, Mapping[str, Sequence[Case]]] = {
    "cpu": {
        "style-v1": (Case(values={"size": 256, "iterations": 150}),),
        "style-v3": (Case(values={"size": 256, "iterations": 150}),),
        "style-comparison": (Case(values={"size": 256, "iterations": 50}),),
    },
    "cuda": {
        "style-v1": (
            Case(values={"size": 512, "iterations": 500}),
            Case(values={"size": 512, "iterations": 500, "scales": 1}),
            Case(values={"size": 1024, "iterations": 500}, side=1024),
        ),
        "style-v3": (Case(values={"size": 384, "iterations": 300}), Case(values={"size": 512, "iterations": 300})),
        "style-comparison": (Case(values={"size": 512, "iterations": 300}),),
    },
}  # fmt: skip


def cases(task: Task, device: Device) -> Sequence[Case]:
    """Of a task on a type of device; its defaults where nothing else is said."""
    kind = _PLAIN.get(device.torch_device.type, "cuda")
    return _OF_DEVICE[kind].get(task.name) or _CASES.get(task.name) or (Case(),)


def missing(task: Task, case: Case) -> list[str]:
    """Weights of a case that would have to be downloaded."""
    wanted = task.weights(case.parameters(task))
    return [name for name in wanted if status(catalogue()[name]) is Status.MISSING]


def photo(side: int, seed: int) -> Image.Image:
    """A smooth random picture with some detail; what is on it does not change the time."""
    generator = torch.Generator().manual_seed(seed)
    coarse = enlarged(torch.rand(1, 3, 6, 6, generator=generator), (side, side))
    return to_image(coarse + 0.1 * torch.rand(1, 3, side, side, generator=generator))


def _faces(task: Task, inputs: Sequence[str]) -> Pictures:
    from skimage import data

    values = numpy.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    mirrored = Image.fromarray(numpy.ascontiguousarray(values[:, ::-1]))
    found: dict[str, list[Picture]] = {}
    for index, each in enumerate(task.inputs):
        if each.least or each.name in inputs:
            found[each.name] = [each.open(Image.fromarray(values) if index == 0 else mirrored)]
    return found


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
