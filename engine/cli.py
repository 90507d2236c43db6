"""The command line, made from the registry: one subcommand per task, plus weights and bench."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from tqdm import tqdm

from engine.errors import PentimentoError
from engine.job import Job, Walk
from engine.parameters import Parameters, parse
from engine.picture import Picture, open_picture, save_picture
from engine.registry import Task
from engine.runner import Result, run
from engine.tasks import TASKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 1 after one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.action(options)
    except PentimentoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Classical neural image generation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for task in TASKS:
        _add_task(commands, task)
    _add_weights(commands)
    _add_bench(commands)
    return parser


def _add_task(commands: Any, task: Task) -> None:
    command = commands.add_parser(task.name, help=task.summary, description=f"{task.summary} ({task.paper})")
    for each in task.inputs:
        several = f" Give it up to {each.most} times." if each.most > 1 else ""
        command.add_argument(
            f"--{each.name}",
            action="append",
            type=Path,
            required=each.least > 0,
            metavar="FILE",
            help=each.help + several,
        )
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Result: .png or .jpg.")
    command.add_argument(
        "--explanation", type=Path, metavar="FILE", help="A picture of how the result came about, .png or .jpg."
    )
    command.add_argument("--facts", type=Path, metavar="FILE", help="Write what happened as JSON.")
    command.add_argument(
        "--keep-recipe", action="store_true", help="Keep parameters and seed inside the result's file."
    )
    for name, field in task.parameters.model_fields.items():
        _add_parameter(command, name, field)
    command.set_defaults(action=_run_task, task=task)


def _add_parameter(command: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    kind: Any = field.annotation
    settings: dict[str, Any] = {
        "default": argparse.SUPPRESS,
        "help": f"{field.description} Default: {_shown(field.default)}.",
    }
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


def _shown(default: Any) -> str:
    return (" ".join(map(str, default)) or "none") if isinstance(default, tuple) else str(default)


def _run_task(options: argparse.Namespace) -> None:
    task: Task = options.task
    given = vars(options)
    parameters = parse(task.parameters, {name: given[name] for name in task.parameters.model_fields if name in given})
    kind, explained = _kind(options.out), options.explanation and _kind(options.explanation)
    pictures = {
        each.name: [open_picture(path, working_pixels=each.working_pixels) for path in given[each.name] or ()]
        for each in task.inputs
    }
    _tell_notes(pictures)
    result = _watched(task, pictures, parameters)
    recipe = json.dumps(result.recipe) if options.keep_recipe else None
    try:
        save_picture(result.image, options.out, kind=kind, recipe=recipe)
        if explained and result.explanation:
            save_picture(result.explanation.picture(), options.explanation, kind=explained)
        if options.facts:
            options.facts.write_text(json.dumps(result.facts, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise PentimentoError(f"The result cannot be written: {error.strerror}: {error.filename}") from None
    print(f"{options.out}: {result.image.width} x {result.image.height}, {result.facts['seconds']:.1f} s")


def _kind(out: Path) -> Literal["png", "jpeg"]:
    kinds: dict[str, Literal["png", "jpeg"]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
    if out.suffix.lower() not in kinds:
        raise PentimentoError(f"The result's name has to end in .png or .jpg, not {out.suffix!r}.")
    if not out.absolute().parent.is_dir():
        raise PentimentoError(f"There is no folder {out.parent} for the result.")
    return kinds[out.suffix.lower()]


def _tell_notes(pictures: dict[str, list[Picture]]) -> None:
    for name, given in pictures.items():
        for picture in given:
            if picture.notes:
                print(f"{name}: {', '.join(picture.notes)}", file=sys.stderr)


def _watched(task: Task, pictures: dict[str, list[Picture]], parameters: Parameters) -> Result:
    """Run with a progress bar on a terminal; Ctrl-C stops and keeps the best picture so far."""
    job = Job()
    bar_format = "{l_bar}{bar}| {elapsed}<{postfix}"
    with _interrupt_stops(job), tqdm(total=1.0, disable=None, bar_format=bar_format) as bar:
        walk = Walk(run(task, pictures, parameters, job))
        for step in walk:
            bar.set_description_str(step.stage, refresh=False)
            if step.seconds_left is not None:
                bar.set_postfix_str(f"{step.seconds_left:.0f} s left", refresh=False)
            bar.update(step.done - bar.n)
        return walk.result


@contextmanager
def _interrupt_stops(job: Job) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop, the second one ends the program."""

    def interrupted(*_: object) -> None:
        job.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping, the best picture so far is kept; press Ctrl-C again to quit", file=sys.stderr)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _add_weights(commands: Any) -> None:
    command = commands.add_parser("weights", help="List, fetch or verify weights.", description="Without a verb: list.")
    command.set_defaults(action=_list_weights)
    verbs = command.add_subparsers(metavar="VERB")
    verbs.add_parser("list", help="The catalogue.").set_defaults(action=_list_weights)
    fetch = verbs.add_parser("fetch", help="Download ahead of time.")
    fetch.add_argument("name", metavar="NAME")
    fetch.set_defaults(action=_fetch_weights)
    verbs.add_parser("verify", help="Check the sha256 of every file that is here.").set_defaults(action=_verify_weights)


def _list_weights(options: argparse.Namespace) -> None:
    from engine.catalogue import catalogue
    from engine.weights import status

    rows = [("NAME", "STATUS", "SIZE", "LICENCE", "ORIGIN")]
    rows += [
        (each.name, status(each).value, each.megabytes, each.licence, each.repo or each.origin) for each in catalogue()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _fetch_weights(options: argparse.Namespace) -> None:
    from engine.catalogue import catalogue
    from engine.weights import fetch

    entry = catalogue()[options.name]
    with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {elapsed}") as bar:
        for step in fetch(entry):
            bar.set_description_str(step.stage, refresh=False)
            bar.update(step.done - bar.n)
    print(f"{entry.name}: here, sha256 {entry.sha256}")


def _verify_weights(options: argparse.Namespace) -> None:
    from engine.catalogue import catalogue
    from engine.errors import WeightsCorruptError
    from engine.weights import Status, status, verify

    damaged = []
    for entry in catalogue():
        found = status(entry)
        if found is Status.MISSING:
            print(f"{entry.name}: missing")
            damaged += [entry.name] if entry.shipped else []
            continue
        try:
            verify(entry)
        except WeightsCorruptError as error:
            damaged.append(entry.name)
            print(f"{entry.name}: {error}")
        else:
            print(f"{entry.name}: {found.value}, sha256 right")
    if damaged:
        raise PentimentoError(f"Damaged or missing weights: {', '.join(damaged)}.")


def _add_bench(commands: Any) -> None:
    command = commands.add_parser("bench", help="Measure speed and memory.", description="Medians of repeated runs.")
    command.add_argument("tasks", nargs="*", metavar="TASK", default=["style-v1"])
    command.add_argument("--json", type=Path, metavar="FILE", help="Write the figures as JSON.")
    command.add_argument("--repeat", type=int, default=5, metavar="N", help="Measurements of each figure. Default: 5.")
    command.set_defaults(action=_bench)


def _bench(options: argparse.Namespace) -> None:
    from engine.bench import bench

    report = bench([TASKS[name] for name in options.tasks], repeat=options.repeat)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
