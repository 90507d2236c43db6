"""Options made from a task's record, and the way back from them to parameters."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import InputSpec, TaskSpec


def add_task_parser(commands: Any, task: TaskSpec, without: Sequence[InputSpec] = ()) -> argparse.ArgumentParser:
    """A subcommand with the inputs of a task, but for some, and its parameters."""
    command: argparse.ArgumentParser = commands.add_parser(
        task.name, help=str(task.summary), description=f"{task.summary} ({task.paper})"
    )
    for spec in task.inputs:
        if spec in without:
            continue
        several = f" Up to {spec.most} of them." if spec.most > 1 else ""
        command.add_argument(
            f"--{spec.name}",
            action="extend",
            nargs="+" if spec.most > 1 else 1,
            type=Path,
            required=spec.least > 0,
            metavar="FILE",
            help=f"{spec.help}{several}",
        )
    for name, field in task.parameters.model_fields.items():
        _add_parameter(command, name, field)
    return command


def parameters_given(task: TaskSpec, options: argparse.Namespace) -> Parameters:
    """Parameters from parsed options; the others have their defaults.

    Raises:
        ParameterError: a value that its field does not allow.
    """
    values = vars(options)
    return parse(task.parameters, {name: values[name] for name in task.parameters.model_fields if name in values})


def _add_parameter(command: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    kind: Any = field.annotation
    settings: dict[str, Any] = {
        "default": argparse.SUPPRESS,
        "help": f"{field.description} Default: {_shown(field.default)}.",
    }
    if get_origin(kind) is dict:
        settings |= {"nargs": "+", "type": _named, "metavar": "NAME=N", "action": _Collected}
        settings["help"] += f" Of {', '.join(get_args(get_args(kind)[0]))}."
        command.add_argument(f"--{name.replace('_', '-')}", **settings)
        return
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
        settings["nargs"] = "+"
    if get_origin(kind) is Literal:
        settings["choices"] = get_args(kind)
        settings["metavar"] = "{" + ",".join(get_args(kind)) + "}"
    elif kind is bool:
        settings["action"] = argparse.BooleanOptionalAction
    else:
        settings["type"] = kind
        settings["metavar"] = "N"
    settings["help"] = settings["help"].replace("%", "%%")
    command.add_argument(f"--{name.replace('_', '-')}", **settings)


def _named(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


class _Collected(argparse.Action):
    """``a=1 b=2`` -> ``{"a": 1.0, "b": 2.0}``."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, dict(values))


def _shown(default: Any) -> str:
    if isinstance(default, dict):
        return "none"
    return (" ".join(map(str, default)) or "none") if isinstance(default, tuple) else str(default)
