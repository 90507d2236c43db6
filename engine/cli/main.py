"""The command line, made from the registry: one subcommand per task, and those of the other modules here."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from engine.cli.batch import add_batch
from engine.cli.bench import add_bench
from engine.cli.cluster import add_replicas
from engine.cli.evaluate import add_evaluate
from engine.cli.owner import add_owner_commands
from engine.cli.task import add_task
from engine.cli.train import add_train
from engine.cli.weights import add_weights
from engine.contracts.errors import PentimentoError
from engine.contracts.task import Registry
from engine.hardware.waiting import wait_briefly
from engine.runtime.runtime import Runtime
from engine.runtime.unforeseen import noted
from engine.tasks import TASKS


def main(arguments: Sequence[str] | None = None, *, tasks: Registry = TASKS, runtime: Runtime | None = None) -> int:
    """Run a command; returns the exit status: 0, or 1 after one sentence on standard error.

    Args:
        arguments: of the command line; None for the program's own.
        tasks: that there are commands for.
        runtime: that runs them; None for a new one.
    """
    options = _parser(tasks).parse_args(arguments)
    try:
        options.action(options, runtime or Runtime())
    except PentimentoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 - it is logged, and told as a sentence
        print(f"error: {noted(error)}", file=sys.stderr)
        return 1
    return 0


def _parser(tasks: Registry) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Classical neural image generation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for task in tasks:
        add_task(commands, task)
    add_batch(commands, tasks)
    add_replicas(commands)
    add_weights(commands)
    add_bench(commands, tasks)
    add_evaluate(commands)
    add_train(commands)
    add_owner_commands(commands, tasks)
    return parser


def run() -> None:
    """The script ``pentimento``, and ``python -m engine``."""
    wait_briefly()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that has no such letters is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
