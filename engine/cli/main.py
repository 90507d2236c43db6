"""The command line, made from the registry: one subcommand per task, and those of :mod:`engine.cli.commands`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.cli.cluster import add_replicas, add_workers, check_size
from engine.cli.commands import add_commands
from engine.cli.terminal import kind_of, summary, told_errors, watch
from engine.contracts.errors import PentimentoError
from engine.contracts.job import Job, Step, Walk
from engine.contracts.parameters import parse
from engine.contracts.task import Form, PictureInput, Task
from engine.imaging.picture import Kind, Picture, save_picture
from engine.runtime.films import FilmTask, run_film
from engine.runtime.runner import run
from engine.tasks import FILMS, TASKS

if TYPE_CHECKING:
    from engine.batch.run import Order, Report


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
    for film in FILMS.values():
        _add_film(commands, film)
    _add_batch(commands)
    add_replicas(commands)
    add_commands(commands)
    return parser


def _add_task(commands: Any, task: Task) -> None:
    command = _command(commands, task)
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Result: .png or .jpg.")
    command.add_argument(
        "--explanation", type=Path, metavar="FILE", help="A picture of how the result came about, .png or .jpg."
    )
    command.add_argument("--facts", type=Path, metavar="FILE", help="Write what happened as JSON.")
    command.add_argument(
        "--keep-recipe", action="store_true", help="Keep parameters and seed inside the result's file."
    )
    command.set_defaults(action=_run_task, task=task)


def _add_film(commands: Any, film: FilmTask) -> None:
    command = _command(commands, film)
    command.add_argument("--video", type=Path, required=True, metavar="FILE", help="MP4, MOV, WebM, MKV or AVI.")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Result: .mp4.")
    command.add_argument("--facts", type=Path, metavar="FILE", help="Write what happened as JSON.")
    command.set_defaults(action=_run_film, film=film)


def _add_batch(commands: Any) -> None:
    command = commands.add_parser("batch", help="A task on every file of a folder, a pattern or a zip.")
    kinds = command.add_subparsers(required=True, metavar="TASK")
    for task in (*TASKS, *FILMS.values()):
        one = _command(kinds, task, without=task.inputs[:1] if isinstance(task, Task) else ())
        one.add_argument("source", metavar="IN", help="A folder, a pattern in quotes, or a .zip of files.")
        one.add_argument("folder", type=Path, metavar="OUT", help="Folder of the results, made when it is not there.")
        one.add_argument("--kind", choices=get_args(Kind), default="png", help="Of pictures. Default: png.")
        add_workers(one)
        one.set_defaults(action=_run_batch, task=task)


def _run_batch(options: argparse.Namespace) -> None:
    from engine.batch.run import Order, table

    given = vars(options)
    task: Task | FilmTask = options.task
    names = [name for name in task.parameters.model_fields if name in given]
    parameters = parse(task.parameters, {name: given[name] for name in names})
    others = [each for each in task.inputs if given.get(each.name)]
    pictures = {each.name: [each.open(path) for path in given[each.name]] for each in others}
    order = Order(task=task, parameters=parameters, pictures=pictures, kind=options.kind)
    job = Job()
    report = watch(Walk(_batch(options, order, job)), job)
    for line in table(report.failed):
        print(line, file=sys.stderr)
    left = f", {report.left} left" if report.left else ""
    print(f"{report.made} made, {report.kept} were there, {len(report.failed)} failed{left}; {report.seconds:.1f} s")
    if report.failed:
        raise PentimentoError(f"{len(report.failed)} files have no result; the table above says why.")


def _batch(options: argparse.Namespace, order: Order, job: Job) -> Generator[Step, None, Report]:
    from engine.batch.run import batch

    if not options.ray:
        return batch(options.source, options.folder, order, job)
    from engine.cluster.ray_batch import Workers, batch_on_ray

    check_size(options, options.workers)
    workers = Workers(address=options.ray, count=options.workers, cpus=options.cpus, gpus=options.gpus)
    return batch_on_ray(options.source, options.folder, order, workers, job)


def _command(commands: Any, task: Form, without: Sequence[PictureInput] = ()) -> argparse.ArgumentParser:
    """A subcommand with the pictures, but for some inputs, and the parameters of a task."""
    command: argparse.ArgumentParser = commands.add_parser(
        task.name, help=task.summary, description=f"{task.summary} ({task.paper})"
    )
    for each in task.inputs:
        if each in without:
            continue
        several = f" Up to {each.most} of them." if each.most > 1 else ""
        command.add_argument(
            f"--{each.name}",
            action="extend",
            nargs="+" if each.most > 1 else 1,
            type=Path,
            required=each.least > 0,
            metavar="FILE",
            help=each.help + several,
        )
    for name, field in task.parameters.model_fields.items():
        _add_parameter(command, name, field)
    return command


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


def _run_task(options: argparse.Namespace) -> None:
    task: Task = options.task
    given = vars(options)
    parameters = parse(task.parameters, {name: given[name] for name in task.parameters.model_fields if name in given})
    kind, explained = kind_of(options.out), options.explanation and kind_of(options.explanation)
    pictures = {each.name: [each.open(path) for path in given[each.name] or ()] for each in task.inputs}
    _tell_notes(pictures)
    job = Job(explains=bool(explained))
    result = watch(Walk(run(task, pictures, parameters, job)), job)
    with told_errors():
        result.save(options.out, kind=kind, keep_recipe=options.keep_recipe)
        if explained and result.explanation:
            sheet = result.explanation.picture()
            save_picture(sheet, options.explanation, kind=explained, source_type=result.source_type)
        if options.facts:
            _write_facts(options.facts, result.facts)
    print(summary(options.out, result))


def _write_facts(path: Path, facts: Any) -> None:
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _run_film(options: argparse.Namespace) -> None:
    film: FilmTask = options.film
    given = vars(options)
    parameters = parse(film.parameters, {name: given[name] for name in film.parameters.model_fields if name in given})
    if options.out.suffix.lower() != ".mp4" or not options.out.absolute().parent.is_dir():
        raise PentimentoError("--out has to be an .mp4 file in a folder that exists.")
    pictures = {each.name: [each.open(path) for path in given[each.name] or ()] for each in film.inputs}
    _tell_notes(pictures)
    job = Job()
    facts = watch(Walk(run_film(film, options.video, options.out, pictures, parameters, job)), job)
    if options.facts:
        with told_errors():
            _write_facts(options.facts, facts)
    print(f"{options.out}: {facts['frames']} frames, {facts['seconds']:.1f} s, {facts['frames_per_second']} frames/s")


def _tell_notes(pictures: dict[str, list[Picture]]) -> None:
    for name, given in pictures.items():
        for picture in given:
            if picture.notes:
                print(f"{name}: {', '.join(picture.notes)}", file=sys.stderr)
