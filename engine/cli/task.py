"""One task on its inputs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.cli.arguments import add_task_parser, parameters_given
from engine.cli.terminal import file_kind, summary, watch, written
from engine.contracts.job import Job, StepRun
from engine.contracts.task import Kind, TaskSpec
from engine.imaging.picture import save_picture
from engine.runtime.inputs import open_all
from engine.runtime.outputs import check_output
from engine.runtime.runtime import Runtime


def add_task(commands: Any, task: TaskSpec) -> None:
    """Add a task to a parser's subcommands."""
    command = add_task_parser(commands, task)
    ending = ".mp4" if task.output is Kind.VIDEO else ".png or .jpg"
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help=f"Result: {ending}.")
    command.add_argument("--facts", type=Path, metavar="FILE", help="Write what happened as JSON.")
    if task.output is Kind.PICTURE:
        command.add_argument(
            "--explanation", type=Path, metavar="FILE", help="A picture of how the result came about, .png or .jpg."
        )
        command.add_argument(
            "--keep-recipe", action="store_true", help="Keep parameters and seed inside the result's file."
        )
    command.set_defaults(action=_run_task, task=task, explanation=None, keep_recipe=False)


def _run_task(options: argparse.Namespace, runtime: Runtime) -> None:
    task: TaskSpec = options.task
    parameters = parameters_given(task, options)
    kind = file_kind(options.out, task.output)
    explanation_kind = options.explanation and file_kind(options.explanation)
    files = vars(options)
    inputs = open_all(task, {spec.name: files[spec.name] or () for spec in task.inputs})
    _print_notes(inputs)
    if task.output is Kind.PICTURE:
        check_output(task, inputs, parameters, kind, options.out)
    job = Job(explains=bool(explanation_kind))
    result = watch(StepRun(runtime.run(task, inputs, parameters, job)), job)
    with written(options.out) as part:
        result.save(part, kind=kind, keep_recipe=options.keep_recipe)
    if explanation_kind and result.explanation:
        with written(options.explanation) as part:
            sheet = result.explanation.picture()
            save_picture(sheet, part, kind=explanation_kind, source_type=result.source_type)
    if options.facts:
        with written(options.facts) as part:
            part.write_text(json.dumps(result.facts.json(), indent=2) + "\n", encoding="utf-8")
    print(summary(options.out, result))


def _print_notes(inputs: Mapping[str, Sequence[Any]]) -> None:
    for name, media_list in inputs.items():
        for media in media_list:
            if media.notes:
                print(f"{name}: {', '.join(map(str, media.notes))}", file=sys.stderr)
