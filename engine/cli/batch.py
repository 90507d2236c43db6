"""The command ``batch``: a task on every file of a folder, a pattern or a zip."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from engine.cli.arguments import add_task_parser, parameters_given
from engine.cli.cluster import add_workers, check_size
from engine.cli.terminal import watch
from engine.contracts.errors import BatchError
from engine.contracts.job import Job, Step, StepRun
from engine.contracts.messages import Message
from engine.contracts.task import Registry, TaskSpec
from engine.imaging.formats import FileKind
from engine.runtime.inputs import open_all
from engine.runtime.runtime import Runtime

if TYPE_CHECKING:
    from engine.batch.run import Order, Report


def add_batch(commands: Any, tasks: Registry) -> None:
    """Add it to a parser's subcommands."""
    command = commands.add_parser("batch", help="A task on every file of a folder, a pattern or a zip.")
    kinds = command.add_subparsers(required=True, metavar="TASK")
    for task in tasks:
        one = add_task_parser(kinds, task, without=task.inputs[:1])
        one.add_argument("source", metavar="IN", help="A folder, a pattern in quotes, or a .zip of files.")
        one.add_argument("folder", type=Path, metavar="OUT", help="Folder of the results, made when it is not there.")
        one.add_argument("--kind", choices=get_args(FileKind), default="png", help="Of pictures. Default: png.")
        one.add_argument("--overwrite", action="store_true", help="Replace files in OUT that are not from this batch.")
        add_workers(one)
        one.set_defaults(action=_run_batch, task=task)


def _run_batch(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.batch.run import Order, table

    task: TaskSpec = options.task
    files = vars(options)
    others = {spec.name: files[spec.name] for spec in task.inputs if files.get(spec.name)}
    inputs = {name: media for name, media in open_all(task, others).items() if media}
    order = Order(
        task=task,
        parameters=parameters_given(task, options),
        inputs=inputs,
        kind=options.kind,
        overwrite=options.overwrite,
    )
    job = Job()
    report = watch(StepRun(_batch(options, runtime, order, job)), job)
    for line in table(report.failed):
        print(line, file=sys.stderr)
    if report.skipped:
        print(f"skipped, because they are no {task.inputs[0].kind.value}s: {_listed(report.skipped)}", file=sys.stderr)
    left = f", {report.left} left" if report.left else ""
    print(f"{report.written} made, {report.kept} were there, {len(report.failed)} failed{left}; {report.seconds:.1f} s")
    if report.failed:
        raise BatchError(Message("{failed} files have no result; the table above says why.", failed=len(report.failed)))


def _listed(names: Sequence[str], most: int = 10) -> str:
    """Names, not too many of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _batch(options: argparse.Namespace, runtime: Runtime, order: Order, job: Job) -> Generator[Step, None, Report]:
    from engine.batch.run import batch

    if not options.ray:
        return batch(runtime, options.source, options.folder, order, job)
    from engine.cluster.ray_batch import Workers, batch_on_ray

    check_size(options, options.workers)
    workers = Workers(address=options.ray, count=options.workers, cpus=options.cpus, gpus=options.gpus)
    return batch_on_ray(options.source, options.folder, order, workers, job)
