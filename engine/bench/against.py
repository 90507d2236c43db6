"""A task beside another program's function, on the same pictures, in turn."""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.bench.measure import once, seconds
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters
from engine.contracts.task import Inputs, TaskSpec
from engine.runtime.runtime import Runtime


def callable_of(name: str) -> Callable[..., object]:
    """``module:function`` or ``path/file.py:function``.

    Raises:
        ParameterError: there is no such thing.
    """
    place, _, function = name.rpartition(":")
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(place)
        value = getattr(module, function)
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise ParameterError(Message("There is no function {name!r}: {problem}.", name=name, problem=error)) from None
    if not callable(value):
        raise ParameterError(Message("{name!r} is no function.", name=name))
    return value  # type: ignore[no-any-return]


def beside(
    runtime: Runtime, task: TaskSpec, inputs: Inputs, parameters: Parameters, other: Callable[..., object], repeat: int
) -> dict[str, Any]:
    """Ours, the other, ours, the other...; the first pair is left out, as both may have to load something.

    Args:
        runtime: ours.
        task: ours.
        inputs: for both; the other gets RGB images by the names of the inputs, a list where there are several.
        parameters: of ours.
        other: what is compared; does its own work with the device it likes.
        repeat: pairs that count.
    """
    device = runtime.device.torch_device
    images = {
        name: [each.image for each in group] if len(group) > 1 else group[0].image
        for name, group in inputs.items()
        if group
    }
    pairs = [
        (once(runtime, task, inputs, parameters)[0], seconds(lambda: other(**images), device))
        for _ in range(repeat + 1)
    ][1:]
    ratios = [ours / theirs for ours, theirs in pairs]
    figure = {
        "what": task.name,
        "seconds": statistics.median(ours for ours, _ in pairs),
        "other_seconds": statistics.median(theirs for _, theirs in pairs),
        "ratio": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)],
        "pairs": len(pairs),
    }
    print(
        f"{task.name}: {figure['seconds']:.3g} s, the other {figure['other_seconds']:.3g} s; ours takes "
        f"{figure['ratio']:.3g} times as long ({min(ratios):.3g} to {max(ratios):.3g}, {len(pairs)} pairs in turn)"
    )
    return figure
