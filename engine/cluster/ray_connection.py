"""The way into a Ray cluster. Ray is optional: ``pip install -r requirements-ray.txt``."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.contracts.errors import ClusterError
from engine.contracts.messages import Message
from engine.contracts.settings import PREFIX
from engine.hardware.waiting import WAITING

ROOT = Path(__file__).parents[2]
LEFT_OUT = [".git", ".venv", ".ci", "tests", "docs", "**/__pycache__"]
"""Parts of the project's folder that are not sent to other machines: Ray sends at most 500 MiB, weights included."""
STORE_BYTES = 1 << 29
"""Memory that a cluster of this machine alone has for files on their way."""
TOKEN = Path.home() / ".ray" / "auth_token"
"""Where Ray keeps the secret that it makes for the first cluster of a machine; others need a copy."""
KNOCK_SECONDS = 10.0
"""How long a cluster may take to answer at all."""
HERE = "local"
"""Instead of an address: a cluster of this machine, begun now and ended when the program ends."""
OPTIONS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",
}
"""Nothing is told to Ray's makers, workers without a GPU of their own keep the variables that they were given, and they
have as much of a core as other programs: with Ray's 15 somebody waits for minutes while anything else is busy."""


@contextmanager
def cluster(address: str = HERE, namespace: str | None = None) -> Iterator[Any]:
    """Ray, connected to a cluster while the context lasts.

    Args:
        address: ``"local"``, ``"auto"`` for the one that this machine is a part of, or ``"host:port"`` of its head.
        namespace: of the names of actors.

    Raises:
        ClusterError: Ray is not installed, or the cluster does not answer.
    """
    ray = connected(address, namespace)
    try:
        yield ray
    finally:
        ray.shutdown()


def connected(address: str, namespace: str | None = None, *, sends_code: bool = True) -> Any:
    """As :func:`cluster`, until the process ends.

    Args:
        address: see there.
        namespace: see there.
        sends_code: whether this process will begin others, which need the project's folder.

    Raises:
        ClusterError: see there.
    """
    for name, value in OPTIONS.items():
        os.environ.setdefault(name, value)
    if address == HERE or _has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError:
        raise ClusterError(Message("Ray is not installed: pip install -r requirements-ray.txt.")) from None
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.ERROR}
    options["namespace"] = namespace
    # Who may come in is the page's matter, and Ray shows these to who sees the cluster.
    names = [name for name in os.environ if name.startswith((PREFIX, *WAITING)) and name != f"{PREFIX}AUTH"]
    variables = {name: os.environ[name] for name in names}
    if address == HERE:
        options |= {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        options["runtime_env"] = {"env_vars": {**variables, "PYTHONPATH": str(ROOT)}}
    elif sends_code:
        options["runtime_env"] = {"env_vars": variables, "working_dir": str(ROOT), "excludes": LEFT_OUT}
    try:
        if address not in (HERE, "auto"):
            _knock(address)
        ray.init(**options)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(
            Message(
                "The Ray cluster {address!r} does not answer: {problem}",
                address=address,
                problem=str(error).splitlines()[0],
            )
        ) from None
    return ray


def _has_token() -> bool:
    """Whether this machine has a secret for clusters: who reaches one without can run anything there."""
    return bool({"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ)) or TOKEN.exists()


def _knock(address: str) -> None:
    """OSError where nobody listens, which Ray finds out after minutes."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def room(resources: Mapping[str, float], count: int, cpus: float, gpus: float | None) -> tuple[int, float]:
    """How many processes, and the GPUs of each.

    Args:
        resources: of the cluster.
        count: that are wanted; 0 for as many as there is room for.
        cpus: of each.
        gpus: of each; None for a whole one where there are any, else none.

    Raises:
        ClusterError: there is not so much room.
    """
    gpus = gpus if gpus is not None else float(resources.get("GPU", 0) >= 1)
    most = int(resources.get("CPU", 0) / cpus)
    if gpus:
        most = min(most, int(resources.get("GPU", 0) / gpus + 1e-6))
    if most < max(1, count):
        raise ClusterError(
            Message(
                "The cluster has {cores:g} cores and {gpus:g} GPUs: there is room for {most} such processes.",
                cores=resources.get("CPU", 0),
                gpus=resources.get("GPU", 0),
                most=most,
            )
        )
    return count or most, gpus
