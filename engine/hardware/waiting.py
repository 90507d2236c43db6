"""How long a thread of torch waits awake for its next work. Imports no torch, which reads this when it begins."""

from __future__ import annotations

import os

WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
"""Variables of OpenMP, and of GNU's, which is torch's on Linux, that are set where the owner has set neither.

Waiting asleep, a descent in bytes at 256 pixels takes 0.130 s an iteration, for it has a thousand small pieces of work;
awake for 1,000 turns, 0.093 s. Much longer, and what else runs on the cores has less of them: of
two descents at once each takes 0.17, 0.19 or, with 10,000 turns, 0.44 s.
"""


def wait_briefly() -> None:
    """Let threads that have nothing to do fall asleep soon. To be called before torch is imported."""
    if not WAITING.keys() & os.environ.keys():
        os.environ.update(WAITING)
