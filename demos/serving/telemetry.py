"""What the owner of a server learns of its runs: a line in the log and figures. No names, addresses or pictures."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from engine import Job, PentimentoError
from engine.runtime.scheduler import TURNS

FIGURES = CollectorRegistry()
"""What ``/metrics`` tells."""
_RUNS = Counter("pentimento_runs", "Runs that have ended.", ["task", "outcome"], registry=FIGURES)
_SECONDS = Histogram(
    "pentimento_run_seconds", "Time of runs that gave a result, waiting included.", ["task"], registry=FIGURES,
    buckets=(0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)  # fmt: skip
Gauge("pentimento_waiting", "Runs that wait for the device.", registry=FIGURES).set_function(lambda: TURNS.waiting)
Gauge("pentimento_running", "Runs that have the device.", registry=FIGURES).set_function(lambda: TURNS.running)
LOG = logging.getLogger("pentimento")


@dataclass
class Told:
    """What a run says of itself before it has ended."""

    facts: Any = None
    """See :attr:`engine.Result.facts`."""


@contextmanager
def noted(task: str, job: Job) -> Iterator[Told]:
    """A run of a task: when the context ends, it is counted and a line is logged."""
    start, told = time.monotonic(), Told()
    outcome, why = "failed", None
    try:
        yield told
        outcome = "stopped" if job.stopped else "done"
    except PentimentoError as error:
        outcome, why = "refused", type(error).__name__
        raise
    except GeneratorExit:
        outcome = "left"
        raise
    except Exception as error:
        why = type(error).__name__
        raise
    finally:
        _note(task, outcome, time.monotonic() - start, told.facts or {}, why)
        job.forget()


def _note(task: str, outcome: str, seconds: float, facts: Any, why: str | None) -> None:
    _RUNS.labels(task, outcome).inc()
    if outcome in ("done", "stopped"):
        _SECONDS.labels(task).observe(seconds)
    kept = {key: facts[key] for key in ("size", "device", "peak_memory_bytes") if key in facts}
    line = {"event": "run", "task": task, "outcome": outcome, "seconds": round(seconds, 3), **kept}
    if "seconds" in facts:
        line["waited"] = round(seconds - facts["seconds"], 3)
    LOG.info({**line, "error": why} if why else line)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's mapping with its time."""
        told = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return json.dumps({"time": f"{stamp}Z", "level": record.levelname.lower(), **told})


def begin_log() -> None:
    """Write the lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
