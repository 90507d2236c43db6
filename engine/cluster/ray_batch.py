"""A batch on a Ray cluster: files stream from this machine through workers that hold the weights, and back.

Only this machine reads the source, writes results and the journal, so that machines need share no folder, and a result
is written once however often a lost worker's file is given to another one.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.batch.journal import Journal
from engine.batch.protection import check_free
from engine.batch.run import Order, Report, entry, make, prepared, reason
from engine.batch.sources import Item
from engine.cluster.ray_connection import HERE, cluster, room
from engine.contracts.errors import ClusterError, OutputError, PentimentoError
from engine.contracts.job import Job, Phase, Step, StepRun
from engine.contracts.messages import Message
from engine.runtime.placing import placed
from engine.runtime.runner import Pace
from engine.runtime.runtime import Runtime

RETRIES = 3
"""How often a file is given to another worker when the one that had it is lost: a file may itself be what kills it."""
LOST = Message("Its worker was lost {times} times; it may be too large for a worker's memory.", times=RETRIES + 1)
READERS = 2
"""Processes that read at a time. They ask for no core, which workers may have all of, so Ray would begin hundreds."""
MOST_BLOCKS = 20_000
"""Parts that Ray counts a batch in; so many files are one part each."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Who works."""

    address: str = HERE
    """See :func:`engine.cluster.ray_connection.cluster`."""
    count: int = 0
    """How many; 0 for as many as the cluster has room for."""
    cpus: float = 1.0
    """Cores that each has, and so threads."""
    gpus: float | None = None
    """GPUs that each has; a part of one lets several share it. None for a whole one where there are any, else 0."""


def batch_on_ray(
    source: str, folder: Path, order: Order, workers: Workers, job: Job | None = None
) -> Generator[Step, None, Report]:
    """As :func:`engine.batch.run.batch`, on the workers of a cluster, in no order; the same results.

    Raises:
        ParameterError: nothing to work on, or a task that needs more than one picture a file.
        ClusterError: no Ray, no cluster, or no room for one worker.
    """
    job = job or Job()
    (items, skipped), targets, journal = prepared(source, folder, order)
    report, start, pace = Report(skipped=skipped), time.perf_counter(), Pace()
    left = [each for each in items if not _is_there(each, folder / targets[each], order, journal)]
    report.kept = len(items) - len(left)
    yield Step(done=report.kept / len(items), stage=Message("waiting for the workers"), phase=Phase.WAITING)
    pace.note(0)
    waiting = set(left)
    for row in _rows(left, order, workers) if left else ():
        item = left[row["index"]]
        waiting.discard(item)
        _take(row, item, folder / targets[item], journal, report, order)
        settled = len(left) - len(waiting)
        pace.note(settled / len(left))
        number = report.kept + settled
        stage = Message("{number} of {count}, {file}", number=number, count=len(items), file=item.name)
        yield Step(done=number / len(items), stage=stage, seconds_left=pace.left(settled / len(left)))
        if job.stopped:
            break
    if job.stopped:
        report.left = len(waiting)
    else:
        for item in (each for each in left if each in waiting):
            report.failed[item.name] = LOST
            journal.note(item.name, {"error": str(LOST)})
    report.seconds = time.perf_counter() - start
    yield Step(done=1.0, stage=Message("done"))
    return report


def _is_there(item: Item, target: Path, order: Order, journal: Journal) -> bool:
    """Whether there is a result already; files that were never looked at are not read for it."""
    try:
        return journal.knows(item.name) and journal.done(item.name, order.key(item.read()), target)
    except OSError:
        return False  # its reader will say why


def _take(row: Mapping[str, Any], item: Item, target: Path, journal: Journal, report: Report, order: Order) -> None:
    """Put a worker's result in its place and note it."""
    error: Message | None = row["error"]
    if error is None:
        try:
            check_free(item, target, journal, overwrite=order.overwrite)
            target.parent.mkdir(parents=True, exist_ok=True)
            with placed(target) as part:
                part.write_bytes(row["result"])
                journal.begin(item.name, target)
        except (OutputError, OSError) as failure:
            error = reason(failure)
    if error is not None:
        report.failed[item.name] = error
        journal.note(item.name, {"error": str(error)})
    else:
        report.written += 1
        journal.note(item.name, {**entry(target, row["key"], row["seconds"]), "worker": row["worker"]})


def _rows(items: Sequence[Item], order: Order, workers: Workers) -> Iterator[Mapping[str, Any]]:
    """One row for each file, in the order in which they end; none for a file whose workers are lost too often."""
    with cluster(workers.address) as ray:
        from ray.data import ActorPoolStrategy, DataContext, TaskPoolStrategy

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.max_errored_blocks = -1
        count, gpus = room(ray.cluster_resources(), workers.count, workers.cpus, workers.gpus)
        rows = [{"index": index} for index in range(len(items))]
        data = ray.data.from_items(rows, override_num_blocks=min(len(rows), MOST_BLOCKS))
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        data = data.map(Reader(items), compute=TaskPoolStrategy(READERS), num_cpus=0, label_selector=here)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ray.util.annotations.RayDeprecationWarning)
            data = data.map(  # Ray tries for ever by default; its option for how often is on its way to another name
                Worker,
                fn_constructor_args=(order,),
                compute=ActorPoolStrategy(size=min(count, len(items))),
                num_cpus=workers.cpus,
                num_gpus=gpus,
                max_task_retries=RETRIES,
            )
        try:
            yield from data.iter_rows()
        except ray.exceptions.RayError:
            raise ClusterError(Message("The cluster was lost; the same command goes on where it was.")) from None


class Reader:
    """Reads files, on the machine that they are on."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """``index`` -> the file's ``data``, or an ``error``."""
        try:
            return {"index": row["index"], "data": self._items[row["index"]].read(), "error": None}
        except OSError as error:
            return {"index": row["index"], "data": b"", "error": reason(error)}


class Worker:
    """Makes results; its process keeps the nets between files."""

    def __init__(self, order: Order) -> None:
        self._order, self._runtime = order, Runtime()

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of :class:`Reader` -> a row with the file's ``result`` and its ``key``, or an ``error``."""
        begun = time.perf_counter()
        error, result, key = row["error"], b"", ""
        if error is None:
            data = bytes(row["data"])
            try:
                key, result = self._order.key(data), self._made(data)
            except (PentimentoError, OSError) as failure:
                error = reason(failure)
        seconds = time.perf_counter() - begun
        index = int(row["index"])
        return {"index": index, "result": result, "key": key, "error": error, "seconds": seconds, "worker": os.getpid()}

    def _made(self, data: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / f"result{self._order.ending}"
            StepRun(make(self._runtime, data, target, self._order, Job(explains=False))).finish()
            return target.read_bytes()
