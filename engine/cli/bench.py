"""The command ``bench``."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.cli.terminal import writing, written
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.contracts.parameters import parse
from engine.contracts.task import Registry, TaskSpec
from engine.contracts.task_parts import BenchCase
from engine.runtime.inputs import open_named
from engine.runtime.runtime import Runtime


def add_bench(commands: Any, every: Registry) -> None:
    """Add it to a parser's subcommands."""
    command = commands.add_parser(
        "bench", help="Measure speed and memory.",
        description="Medians of repeated runs, cold and warm, of every method of the tasks, on pictures made for it.",
    )  # fmt: skip
    command.add_argument(
        "tasks", nargs="*", metavar="TASK",
        help="Default: all of them. Instead of a task: peers (ours beside other programs, and how much of the machine "
        "the nets use), growth (time and memory over sizes).",
    )  # fmt: skip
    command.add_argument(
        "--peers", type=Path, default=Path("peers"), metavar="DIR", help="Where the peers are. Default: peers."
    )
    command.add_argument("--plot", type=Path, metavar="FILE.svg", help="Of growth: draw it there.")
    command.add_argument("--most", type=int, default=4096, metavar="PX", help="Of growth: largest side. Default: 4096.")
    command.add_argument("--json", type=Path, metavar="FILE", help="Write the figures as JSON.")
    command.add_argument(
        "--table", type=Path, metavar="FILE", help="Put a table between the marks of a page: docs/figures.md."
    )
    command.add_argument("--repeat", type=int, default=5, metavar="N", help="Warm runs of each at most. Default: 5.")
    command.add_argument("--details", action="store_true", help="Also measure parts: iterations, searches, frames.")
    command.add_argument(
        "--profile", type=Path, metavar="DIR",
        help="Write traces of the torch profiler there instead, and name the largest costs.",
    )  # fmt: skip
    group = command.add_argument_group("beside another program, in turn (A B A B)")
    group.add_argument(
        "--against", metavar="FILE.py:FUNCTION",
        help="A function, also as module:function, that gets the pictures of one task as keyword arguments.",
    )  # fmt: skip
    group.add_argument("--pictures", nargs="+", default=(), metavar="INPUT=FILE", help="For both. Default: made here.")
    group.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="Parameters of our task."
    )
    command.set_defaults(action=_bench, every=every)


def _bench(options: argparse.Namespace, runtime: Runtime) -> None:
    if options.repeat < 1:
        raise ParameterError(Message("--repeat has to be {minimum} or more.", minimum=1))
    special = {("peers",): _peers, ("growth",): _growth}.get(tuple(options.tasks))
    tasks = [] if special else [options.every[name] for name in options.tasks] or list(options.every)
    if special:
        report = special(options, runtime)
    elif options.against:
        report = _beside(options, runtime, tasks)
    elif options.profile:
        report = _profiled(options, runtime, tasks)
    else:
        from engine.bench.report import bench

        report = bench(runtime, tasks, repeat=options.repeat, details=options.details)
    if options.json:
        with written(options.json) as part:
            part.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.table and "tasks" in report:
        from engine.bench.table import markdown, put

        with writing(options.table):
            put(markdown(report, _command(options), datetime.now().astimezone().date()), options.table)


def _peers(options: argparse.Namespace, runtime: Runtime) -> dict[str, Any]:
    from engine.bench.peers import against_peers
    from engine.bench.report import machine
    from engine.bench.roofline import roofline

    print(machine(runtime))
    shares = roofline(runtime, options.repeat)  # before others' threads and heaps are in the process
    figures = against_peers(runtime, options.every, options.peers, options.repeat)
    return {"machine": machine(runtime), "peers": figures, "roofline": shares}


def _growth(options: argparse.Namespace, runtime: Runtime) -> dict[str, Any]:
    from engine.bench.growth import growth, plot
    from engine.bench.report import machine

    print(machine(runtime))
    figures = growth(runtime, options.every, options.most)
    if options.plot and figures:
        with writing(options.plot):
            plot(figures, options.plot)
    return {"machine": machine(runtime), "growth": figures}


def _command(options: argparse.Namespace) -> str:
    repeat = f" --repeat {options.repeat}" if options.repeat != 5 else ""
    page = options.table.name if options.table.is_absolute() else options.table.as_posix()
    return " ".join(["python -m engine bench", *options.tasks]) + repeat + f" --table {page}"


def _profiled(options: argparse.Namespace, runtime: Runtime, tasks: list[TaskSpec]) -> dict[str, Any]:
    from engine.bench.cases import cases, missing
    from engine.bench.profile import profiled
    from engine.bench.report import machine

    print(machine(runtime))
    pairs = [(task, case) for task in tasks for case in cases(task, runtime) if not missing(task, case, runtime)]
    profiles = [profiled(runtime, task, case, options.profile) for task, case in pairs]
    return {"machine": machine(runtime), "profiles": profiles}


def _beside(options: argparse.Namespace, runtime: Runtime, tasks: list[TaskSpec]) -> dict[str, Any]:
    from engine.bench.against import beside, callable_of
    from engine.bench.cases import inputs_of
    from engine.bench.report import machine

    if len(options.tasks) != 1:
        raise ParameterError(Message("--against takes one TASK, not {count}.", count=len(options.tasks)))
    (task,) = tasks
    parameters = parse(task.parameters, dict(_value(each) for each in options.set))
    inputs = open_named(task, options.pictures) if options.pictures else inputs_of(task, BenchCase())
    other = callable_of(options.against)
    print(machine(runtime))
    figures = beside(runtime, task, inputs, parameters, other, options.repeat)
    return {"machine": machine(runtime), "beside": figures}


def _value(text: str) -> tuple[str, Any]:
    """``size=256`` -> ``("size", 256)``; what is no JSON is a text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
