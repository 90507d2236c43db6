"""How long threads wait is said before torch is imported, by all programs of ours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from engine.hardware.waiting import WAITING
from tests.conftest import ROOT

PROGRAMS = {
    "the page": "import app",
    "the command": "from engine.cli import main\ntry: main.run()\nexcept SystemExit: pass",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("own", [{}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "ACTIVE"}])
def test_threads_wait_briefly_unless_the_owner_says_otherwise(program: str, own: dict[str, str]) -> None:
    code = f"import os, sys\nsys.argv[1:] = ['--help']\n{PROGRAMS[program]}\n"
    code += "print('\\n', *map(os.environ.get, ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT')), 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= own
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = own or WAITING
    said = [str(expected.get(name)) for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")]
    assert run.stdout.splitlines()[-1].split() == [*said, "False"]
