"""Commands of a server's owner: settings, publishing, a recipe that is run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.cli.terminal import file_kind, summary, watch, writing, written
from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, StepRun
from engine.contracts.messages import Message
from engine.contracts.settings import PREFIX, table
from engine.contracts.task import Registry
from engine.recipes import read
from engine.runtime.inputs import open_named
from engine.runtime.runtime import Runtime

BEGIN, END = "<!-- settings: made by the command above -->", "<!-- end of settings -->"
"""Marks of the page of settings."""


def add_owner_commands(commands: Any, tasks: Registry) -> None:
    """Add all of them to a parser's subcommands."""
    command = commands.add_parser("settings", help="What can be set by environment variables, and how it is set now.")
    command.add_argument("--table", type=Path, metavar="FILE", help="Put a table between the marks of a Markdown file.")
    command.set_defaults(action=_show_settings)
    _add_publish(commands)
    _add_reproduce(commands, tasks)


def settings_table() -> str:
    """All settings as a table in Markdown."""
    rows = [f"| `{name}` | {f'`{default}`' if default else '-'} | {purpose} |" for name, default, purpose in table()]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _show_settings(options: argparse.Namespace, runtime: Runtime) -> None:
    if options.table:
        from engine.bench.table import put

        with writing(options.table):
            put(settings_table(), options.table, BEGIN, END)
        return
    for name, default, purpose in table():
        value = getattr(runtime.settings, name.removeprefix(PREFIX).lower())
        shown = int(value) if isinstance(value, bool) else value
        safe = "***" if name.endswith("AUTH") and value else shown
        print(f"{name}={safe}\n    {purpose} Default: {default or 'empty'}.")


def _add_reproduce(commands: Any, tasks: Registry) -> None:
    command = commands.add_parser(
        "reproduce", help="Run a recipe again: a result that keeps it, or its JSON.",
        description="Pictures are not part of a recipe; give those that it was made from.",
    )  # fmt: skip
    command.add_argument("recipe", type=Path, metavar="RECIPE", help="A PNG or JPEG with a recipe, or a .json file.")
    command.add_argument(
        "--pictures",
        nargs="+",
        required=True,
        metavar="INPUT=FILE",
        help="content=photo.jpg style=a.jpg b.jpg",
    )
    command.add_argument("--consent", action="store_true", help="Of everybody who can be seen, for a face swap.")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Result: .png, .jpg or .mp4.")
    command.set_defaults(action=_reproduce, tasks=tasks)


def _reproduce(options: argparse.Namespace, runtime: Runtime) -> None:
    recipe = read(options.recipe, options.tasks)
    task, parameters = options.tasks[recipe.task], recipe.parameters
    kind = file_kind(options.out, task.output)
    if options.consent and "consent" in task.parameters.model_fields:
        parameters = parameters.model_copy(update={"consent": True})
    if recipe.other_weights:
        print(recipe.summary, file=sys.stderr)
    inputs = open_named(task, options.pictures)
    job = Job(explains=False)
    result = watch(StepRun(runtime.run(task, inputs, parameters, job)), job)
    with written(options.out) as part:
        result.save(part, kind=kind, keep_recipe=True)
    print(summary(options.out, result))


def _add_publish(commands: Any) -> None:
    command = commands.add_parser(
        "publish", help="Send the hub to a Space, or its weights to a model repository, of the Hugging Face Hub.",
        description="Shows what would be sent; --send sends it, with the token of `hf auth login`.",
    )  # fmt: skip
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--space", metavar="USER/NAME", help="The hub as a Gradio Space.")
    what.add_argument("--weights", metavar="USER/NAME", help="The shipped weights; PENTIMENTO_WEIGHTS can name them.")
    command.add_argument("--send", action="store_true", help="Really send it. Without: only show.")
    command.add_argument("--private", action="store_true", help="Make a new repository a private one.")
    command.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    command.set_defaults(action=_publish)


def _publish(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.model_store import publish

    if options.space:
        parcel = publish.space(options.space, options.root or publish.ROOT)
    else:
        parcel = publish.weights(options.weights)
    for line in parcel.table():
        print(line)
    if not parcel.files:
        raise ParameterError(Message("There is nothing to send."))
    if not options.send:
        print("Nothing was sent; add --send to send it.")
        return
    print(publish.send(parcel, private=options.private))
