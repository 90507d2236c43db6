"""Run by test_download.py in a process of its own, because the Hub's client reads its settings when it is imported.

    python -m tests.support.fetch_once ENTRY_JSON [THREADS] [LARGEST_FILE]

Prints JSON: for each thread the path or the error, and the steps seen; the seconds; where the file is afterwards.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import threading
import time
from typing import Any

from engine.contracts.errors import WeightsError
from engine.contracts.job import Step
from engine.model_store import download
from engine.model_store.catalogue import Entry
from engine.model_store.download import WeightStore

download.STALL_SECONDS = 4
download.PROBE_SECONDS = 2


def main() -> None:
    entry = Entry(**json.loads(sys.argv[1]))
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if len(sys.argv) > 3:  # writing beyond this many bytes fails, as it does on a full disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    store = WeightStore()
    outcomes: list[dict[str, Any]] = []

    def fetch() -> None:
        steps: list[dict[str, Any]] = []
        try:
            steps.extend(_seen(step) for step in store.fetch(entry))
            outcomes.append({"path": str(store.locate(entry)), "steps": steps})
        except WeightsError as error:
            fields = {name: str(value) for name, value in error.fields.items()}
            outcomes.append({"error": type(error).__name__, "fields": fields, "sentence": str(error), "steps": steps})

    start = time.monotonic()
    workers = [threading.Thread(target=fetch) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report = {"outcomes": outcomes, "seconds": time.monotonic() - start, "status": store.status(entry).value}
    print(json.dumps(report))


def _seen(step: Step) -> dict[str, Any]:
    return {"phase": step.phase.value, **{name: str(value) for name, value in step.stage.values.items()}}


main()
