"""``python -m engine``: the command line."""

import os

from engine.cli.main import run

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is: threads that wait must not take a shared core

run()
