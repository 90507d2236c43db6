"""The command line, called as a function."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine import TASKS, PentimentoError, Runtime
from engine.cli.main import _parser, main


def refusal(runtime: Runtime, command: Sequence[str], capsys: pytest.CaptureFixture[str]) -> PentimentoError:
    """The error that a command ends in, after a look at what a person sees of it: status 1 and one sentence."""
    options = _parser(TASKS).parse_args(command)
    with pytest.raises(PentimentoError) as error:
        options.action(options, runtime)
    capsys.readouterr()
    assert main(command, runtime=runtime) == 1
    assert capsys.readouterr().err.splitlines()[-1:] == [f"error: {error.value}"]
    return error.value
