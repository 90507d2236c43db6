"""Run by test_weights.py in a process of its own, because the Hub's client reads its settings when it is imported.

    python -m tests.support.fetch_once ENTRY_JSON [THREADS] [LARGEST_FILE]

Prints JSON: the outcome of each thread, the steps seen, the seconds.
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
from engine.model_store import download as weights
from engine.model_store.catalogue import Entry

weights.STALL_SECONDS = 4
weights.PROBE_SECONDS = 2


def main() -> None:
    entry = Entry(**json.loads(sys.argv[1]))
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if len(sys.argv) > 3:  # writing beyond this many bytes fails, as it does on a full disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    outcomes: list[dict[str, Any]] = []

    def fetch() -> None:
        steps: list[str] = []
        try:
            steps.extend(step.stage for step in weights.fetch(entry))
            outcomes.append({"path": str(weights.locate(entry)), "steps": steps})
        except WeightsError as error:
            outcomes.append({"error": type(error).__name__, "sentence": str(error), "steps": steps})

    start = time.monotonic()
    workers = [threading.Thread(target=fetch) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report = {"outcomes": outcomes, "seconds": time.monotonic() - start, "status": weights.status(entry).value}
    print(json.dumps(report))


main()
