"""Commands of a server's owner: settings, publishing, a recipe that is run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.contracts.errors import ParameterError
from engine.contracts.settings import PREFIX, settings, table


def add_owner_commands(commands: Any) -> None:
    """Add all of them to a parser's subcommands."""
    command = commands.add_parser("settings", help="What can be set by environment variables, and how it is set now.")
    command.set_defaults(action=_show_settings)
    _add_publish(commands)
    _add_reproduce(commands)


def _show_settings(options: argparse.Namespace) -> None:
    now = settings()
    for name, default, told in table():
        value = getattr(now, name.removeprefix(PREFIX).lower())
        shown = int(value) if isinstance(value, bool) else value
        kept = "***" if name.endswith("AUTH") and value else shown
        print(f"{name}={kept}\n    {told} Default: {default or 'empty'}.")


def _add_reproduce(commands: Any) -> None:
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
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Result: .png or .jpg.")
    command.set_defaults(action=_reproduce)


def _reproduce(options: argparse.Namespace) -> None:
    from engine.cli.terminal import kind_of, pictures_of, summary, told_errors, watch
    from engine.contracts.job import Job, Walk
    from engine.recipes import read
    from engine.runtime.runner import run
    from engine.tasks import FILMS, TASKS

    kind = kind_of(options.out)
    recipe = read(options.recipe)
    if recipe.task in FILMS:
        raise ParameterError("A video is made again by its own command.")
    task, parameters = TASKS[recipe.task], recipe.parameters
    if options.consent and "consent" in task.parameters.model_fields:
        parameters = parameters.model_copy(update={"consent": True})
    if recipe.others:
        print(recipe.told, file=sys.stderr)
    pictures = pictures_of(task, options.pictures)
    job = Job(explains=False)
    result = watch(Walk(run(task, pictures, parameters, job)), job)
    with told_errors():
        result.save(options.out, kind=kind, keep_recipe=True)
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


def _publish(options: argparse.Namespace) -> None:
    from engine.model_store import publish

    if options.space:
        parcel = publish.space(options.space, options.root or publish.ROOT)
    else:
        parcel = publish.weights(options.weights)
    for line in parcel.table():
        print(line)
    if not parcel.files:
        raise ParameterError("There is nothing to send.")
    if not options.send:
        print("Nothing was sent; add --send to send it.")
        return
    print(publish.send(parcel, private=options.private))
