"""The command ``weights``: list, fetch or verify them."""

from __future__ import annotations

import argparse
from typing import Any

from tqdm import tqdm

from engine.contracts.errors import WeightsCorruptError, WeightsError
from engine.contracts.messages import Listing, Message
from engine.model_store.catalogue import catalogue
from engine.model_store.download import Status
from engine.runtime.runtime import Runtime


def add_weights(commands: Any) -> None:
    """Add it to a parser's subcommands."""
    command = commands.add_parser("weights", help="List, fetch or verify weights.", description="Without a verb: list.")
    command.set_defaults(action=_list_weights)
    verbs = command.add_subparsers(metavar="VERB")
    verbs.add_parser("list", help="The catalogue.").set_defaults(action=_list_weights)
    fetch = verbs.add_parser("fetch", help="Download ahead of time.")
    fetch.add_argument("name", metavar="NAME")
    fetch.set_defaults(action=_fetch_weights)
    verbs.add_parser("verify", help="Check the sha256 of every file that is here.").set_defaults(action=_verify_weights)


def _list_weights(options: argparse.Namespace, runtime: Runtime) -> None:

    rows = [("NAME", "STATUS", "SIZE", "LICENCE", "ORIGIN")]
    rows += [
        (each.name, runtime.store.status(each).value, each.megabytes, each.licence, each.repo or each.origin)
        for each in catalogue()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _fetch_weights(options: argparse.Namespace, runtime: Runtime) -> None:

    entry = catalogue()[options.name]
    with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {elapsed}") as bar:
        for step in runtime.store.fetch(entry):
            bar.set_description_str(str(step.stage), refresh=False)
            bar.update(step.done - bar.n)
    print(f"{entry.name}: here, sha256 {entry.sha256}")


def _verify_weights(options: argparse.Namespace, runtime: Runtime) -> None:

    damaged = []
    for entry in catalogue():
        where = runtime.store.status(entry)
        if where is Status.MISSING:
            print(f"{entry.name}: missing")
            damaged += [entry.name] if entry.shipped else []
            continue
        try:
            runtime.store.verify(entry)
        except WeightsCorruptError as error:
            damaged.append(entry.name)
            print(f"{entry.name}: {error}")
        else:
            print(f"{entry.name}: {where.value}, sha256 right")
    if damaged:
        raise WeightsError(Message("Damaged or missing weights: {names}.", names=Listing(damaged)))
