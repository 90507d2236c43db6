"""Telemetry for the owner of a server: a line in the log and figures for each run. No names, addresses or pictures."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from engine import Job, PentimentoError
from engine.contracts.facts import RunFacts
from engine.runtime.scheduler import Scheduler
from engine.runtime.unforeseen import LOG


@dataclass
class RunRecord:
    """Facts of a run that is being counted; they are set before it has ended."""

    facts: RunFacts | None = None


class Telemetry:
    """Figures and log of one server.

    Args:
        scheduler: whose line is counted.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._figures = CollectorRegistry()
        self._runs = Counter("pentimento_runs", "Runs that have ended.", ["task", "outcome"], registry=self._figures)
        self._seconds = Histogram(
            "pentimento_run_seconds", "Time of runs that gave a result, waiting included.", ["task"],
            registry=self._figures, buckets=(0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
        )  # fmt: skip
        waiting = Gauge("pentimento_waiting", "Runs that wait for the device.", registry=self._figures)
        running = Gauge("pentimento_running", "Runs that have the device.", registry=self._figures)
        waiting.set_function(lambda: scheduler.waiting)
        running.set_function(lambda: scheduler.running)

    def metrics(self) -> bytes:
        """The answer to ``/metrics``: all figures in the text format of Prometheus."""
        return generate_latest(self._figures)

    @contextmanager
    def run(self, task: str, job: Job) -> Iterator[RunRecord]:
        """A run of a task: when the context ends, it is counted and a line is logged."""
        start, record = time.monotonic(), RunRecord()
        outcome, error_name = "failed", None
        try:
            yield record
            outcome = "stopped" if job.stopped else "done"
        except PentimentoError as error:
            outcome, error_name = "refused", type(error).__name__
            raise
        except GeneratorExit:
            outcome = "left"
            raise
        except Exception as error:
            error_name = type(error).__name__
            raise
        finally:
            self._note(task, outcome, time.monotonic() - start, record.facts, error_name)
            job.forget()

    def _note(self, task: str, outcome: str, seconds: float, facts: RunFacts | None, error_name: str | None) -> None:
        self._runs.labels(task, outcome).inc()
        if outcome in ("done", "stopped"):
            self._seconds.labels(task).observe(seconds)
        line: dict[str, Any] = {"event": "run", "task": task, "outcome": outcome, "seconds": round(seconds, 3)}
        if facts is not None:
            line |= {"size": list(facts.size), "device": str(facts.device)}
            line |= {"peak_memory_bytes": facts.peak_memory_bytes, "waited": round(seconds - facts.seconds, 3)}
        LOG.info({**line, "error": error_name} if error_name else line)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's mapping with its time."""
        values = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return json.dumps({"time": f"{stamp}Z", "level": record.levelname.lower(), **values})


def begin_log() -> None:
    """Write the lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
