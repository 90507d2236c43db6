"""``python -m engine``: the command line."""

import os
import sys

from engine.cli.main import main

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is: threads that wait must not take a shared core

sys.exit(main())
