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
from engine.contracts.parameters import Parameters
from engine.contracts.task import Pictures, Task
from engine.hardware.device import best_device


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
        found = getattr(module, function)
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise ParameterError(f"There is no function {name!r}: {error}.") from None
    if not callable(found):
        raise ParameterError(f"{name!r} is no function.")
    return found  # type: ignore[no-any-return]


def beside(
    task: Task, pictures: Pictures, parameters: Parameters, other: Callable[..., object], repeat: int
) -> dict[str, Any]:
    """Ours, the other, ours, the other...; the first pair is left out, as both may have to load something.

    Args:
        task: ours.
        pictures: for both; the other gets RGB images by the names of the inputs, a list where there are several.
        parameters: of ours.
        other: what is compared; does its own work with the device it likes.
        repeat: pairs that count.
    """
    device = best_device().torch_device
    given = {
        name: [each.image for each in group] if len(group) > 1 else group[0].image
        for name, group in pictures.items()
        if group
    }
    pairs = [(once(task, pictures, parameters)[0], seconds(lambda: other(**given), device)) for _ in range(repeat + 1)][
        1:
    ]
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
