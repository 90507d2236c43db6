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
@pytest.mark.parametrize("own", ["", "7"], ids=["ours", "the owner's"])
def test_threads_wait_briefly(program: str, own: str) -> None:
    code = f"import os, sys\nsys.argv[1:] = ['--help']\n{PROGRAMS[program]}\n"
    code += "print('\\n', os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= {"GOMP_SPINCOUNT": own} if own else {}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1].split() == [own or WAITING["GOMP_SPINCOUNT"], "False"]
