"""Programs read what happened as one flat object; its keys stay those that the version before had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import TASKS, Runtime
from engine.contracts.facts import MethodFacts, RunFacts, TaskFacts
from engine.contracts.messages import Message
from tests.support.runs import finished, trial_inputs

OLD = Path(__file__).parents[1] / "data" / "old_version"
KEYS: dict[str, list[str]] = json.loads((OLD / "facts.json").read_text())
"""Task -> keys of the version before; those inside another one behind a "/"."""
RECIPES: dict[str, dict[str, Any]] = json.loads((OLD / "recipes.json").read_text())
"""Task -> the recipe that they are of."""
NEW = {"pixel-super-resolution"}
"""Tasks that the old version did not have."""
OWN = ("steps", "stopped", "dtype", "peak_memory_bytes", "torch", "seconds", "size", "device", "notes")
"""Keys that every run has besides those of its recipe."""


def facts(**task: Any) -> RunFacts:
    return RunFacts(
        recipe={"task": "style-v1", "parameters": {"size": 64}, "weights": []},
        seconds=1.23456, steps=7, stopped=False, size=(64, 48), device=Message("CPU, {threads} threads", threads=2),
        dtype="float32", peak_memory_bytes=1000, torch="2.9", notes={"content": [["rotated by EXIF"], []]},
        task=TaskFacts(**task),
    )  # fmt: skip


def test_a_run_is_one_flat_object() -> None:
    values = facts(figures={"iterations": 3}).json()
    assert values == {
        "task": "style-v1", "parameters": {"size": 64}, "weights": [],
        "seconds": 1.235, "steps": 7, "stopped": False, "size": [64, 48], "device": "CPU, 2 threads",
        "dtype": "float32", "peak_memory_bytes": 1000, "torch": "2.9",
        "notes": {"content": [["rotated by EXIF"], []]}, "iterations": 3,
    }  # fmt: skip
    assert json.loads(json.dumps(values)) == values


def test_what_does_not_apply_is_left_out() -> None:
    assert TaskFacts().json() == {}


def test_messages_are_told_in_english() -> None:
    values = facts(unfinished=Message("{count} tiles", count=3), hints=[Message("soft"), Message("small")]).json()
    assert values["unfinished"] == "3 tiles"
    assert values["hints"] == ["soft", "small"]


def test_methods_are_told_by_their_titles() -> None:
    methods = [
        MethodFacts(title=Message("bicubic"), seconds=0.12345),
        MethodFacts(title=Message("GAN (SRGAN)"), seconds=2, memory_bytes=9, figures={"psnr": 20.5}),
    ]
    assert facts(methods=methods).json()["methods"] == {
        "bicubic": {"seconds": 0.123, "memory_bytes": None},
        "GAN (SRGAN)": {"seconds": 2, "memory_bytes": 9, "psnr": 20.5},
    }


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Keys of an object, and of those inside it; of a list, those of its first item."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield at + key
            yield from paths(each, f"{at}{key}/")
    elif isinstance(value, list) and value:
        yield from paths(value[0], f"{at}0/")


@pytest.mark.usefixtures("small_lessons")
@pytest.mark.parametrize("name", KEYS)
def test_every_key_of_the_old_version_is_there(name: str, runtime: Runtime) -> None:
    task, old = TASKS[name], RECIPES[name]["parameters"]
    result = finished(runtime, task, trial_inputs(task), **{**task.parameters.earlier, **old})
    values = json.loads(json.dumps(result.facts.json()))
    assert set(KEYS[name]) <= set(paths(values))
    assert set(OWN) <= values.keys()
    assert values["task"] == name
    assert values["parameters"] == {**old, **task.parameters.earlier}


def test_the_keys_of_every_task_are_guarded() -> None:
    assert set(KEYS) | NEW == {task.name for task in TASKS}
