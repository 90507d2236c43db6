"""Benchmark cases: those of every task's record, on pictures generated here, so that anybody can repeat them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import torch
from PIL import Image

from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import Inputs, TaskSpec
from engine.contracts.task_parts import BenchCase
from engine.evaluation.inpainting import centre
from engine.imaging.door import open_input, open_picture
from engine.imaging.picture import Picture
from engine.imaging.tensors import enlarged, to_image
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status
from engine.runtime.runtime import Runtime


def described(task: TaskSpec, case: BenchCase) -> str:
    """The case in a line."""
    return " ".join([task.name, *(f"{name}={_shown(value)}" for name, value in case.values.items())])


def parameters_of(task: TaskSpec, case: BenchCase) -> Parameters:
    """All parameters of a case."""
    return parse(task.parameters, dict(case.values))


def inputs_of(task: TaskSpec, case: BenchCase) -> Inputs:
    """Pictures of a case: made here, or the astronaut that scikit-image brings where there has to be a face."""
    inputs: dict[str, list[Picture]] = {}
    for index, spec in enumerate(each for each in task.inputs if each.least or each.name in case.inputs):
        if spec.shows_face:
            inputs[spec.name] = [open_input(spec, astronaut(mirrored=index > 0))]
        elif spec.name == "mask":
            inputs[spec.name] = [open_picture(Image.fromarray(centre((case.side, case.side))))]
        else:
            inputs[spec.name] = [open_input(spec, photo(case.side, index))] * max(1, spec.least)
    return inputs


def cases(task: TaskSpec, runtime: Runtime) -> Sequence[BenchCase]:
    """Cases of a task for the type of device that there is."""
    kind = "cuda" if runtime.device.kind == "cuda" else "cpu"
    return [case for case in task.bench if kind in case.devices]


def missing(task: TaskSpec, case: BenchCase, runtime: Runtime) -> list[str]:
    """Weights of a case that would have to be downloaded."""
    names = task.weights(parameters_of(task, case))
    return [name for name in names if runtime.store.status(catalogue()[name]) is Status.MISSING]


def photo(side: int, seed: int) -> Image.Image:
    """A smooth random picture with some detail; what is on it does not change the time."""
    generator = torch.Generator().manual_seed(seed)
    coarse = enlarged(torch.rand(1, 3, 6, 6, generator=generator), (side, side))
    return to_image(coarse + 0.1 * torch.rand(1, 3, side, side, generator=generator))


def noise(side: int, channels: int = 3) -> torch.Tensor:
    """``(1, channels, side, side)`` in [0, 1]: for one pass of a net, to whose time it is all the same."""
    return torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0))


def astronaut(*, mirrored: bool) -> Image.Image:
    """A portrait of 512 x 512 pixels."""
    from skimage import data

    values = numpy.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    return Image.fromarray(numpy.ascontiguousarray(values[:, ::-1] if mirrored else values))


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
