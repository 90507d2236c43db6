"""Options and commands for several machines."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.runtime.runtime import Runtime

INSTALLED = "by Ray (pip install -r requirements-ray.txt)"


def add_workers(command: argparse.ArgumentParser) -> None:
    """Options of a batch."""
    group = command.add_argument_group(f"several machines, {INSTALLED}")
    group.add_argument(
        "--ray", nargs="?", const="local", metavar="ADDRESS",
        help="Work on a Ray cluster: auto, or host:port of its head; without an address on workers of this machine.",
    )  # fmt: skip
    group.add_argument("--workers", type=int, default=0, metavar="N", help="Default: as many as there is room for.")
    _add_size(group, "worker")


def _add_size(group: Any, of: str) -> None:
    group.add_argument("--cpus", type=float, default=1.0, metavar="N", help=f"Cores of each {of}. Default: 1.")
    group.add_argument(
        "--gpus", type=float, metavar="N",
        help=f"GPUs of each {of}, such as 0.5. Default: a whole one where there are any.",
    )  # fmt: skip


def check_size(options: argparse.Namespace, count: int) -> None:
    """ParameterError for a number that cannot be."""
    if count < 0 or options.cpus <= 0 or (options.gpus or 0) < 0:
        raise ParameterError(
            Message("The number of processes, their cores and their GPUs cannot be negative.", count=count)
        )


def add_replicas(commands: Any) -> None:
    """The command ``replicas``."""
    command = commands.add_parser(
        "replicas", help="Serve the engine to a page on another machine.",
        description=f"Replicas of the engine, {INSTALLED}; a page uses them where PENTIMENTO_REPLICAS is their "
        "cluster's address. Ends with Ctrl-C or SIGTERM.",
    )  # fmt: skip
    command.add_argument(
        "--ray", default="local", metavar="ADDRESS",
        help="A Ray cluster: auto, or host:port of its head. Default: begin one on this machine.",
    )  # fmt: skip
    command.add_argument("--count", type=int, default=0, metavar="N", help="Default: as many as there is room for.")
    _add_size(command, "replica")
    command.set_defaults(action=_serve)


def _serve(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.cluster.replicas import served

    check_size(options, options.count)
    ending = threading.Event()
    with served(options.ray, options.count, options.cpus, options.gpus) as (count, address):
        for each in (signal.SIGTERM, signal.SIGINT):  # not before: Ray brings handlers of its own
            signal.signal(each, lambda *_: ending.set())
        print(f"{count} replicas are ready: PENTIMENTO_REPLICAS={address} python app.py", flush=True)
        while not ending.wait(1.0):
            pass
