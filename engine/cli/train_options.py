"""What the kinds of training share on the command line: options, their checks, and the lines that are printed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.contracts.errors import OutputError, ParameterError
from engine.contracts.job import Step
from engine.contracts.messages import Message

if TYPE_CHECKING:
    from torch import Tensor, nn

N = TypeVar("N", bound="nn.Module")


def add_common(command: argparse.ArgumentParser, *, iterations: int) -> None:
    """Add ``--out``, ``--iterations`` and ``--seed``."""
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Weights: .safetensors.")
    command.add_argument("--iterations", type=int, default=iterations, metavar="N", help=f"Default: {iterations}.")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="Default: 0.")


def check(options: argparse.Namespace, *counts: str) -> None:
    """OutputError unless the result can be written, ParameterError unless the counts are positive."""
    if options.out.suffix != ".safetensors" or not options.out.absolute().parent.is_dir():
        raise OutputError(Message("--out has to be a {ending} file in a folder that exists.", ending=".safetensors"))
    for name in ("iterations", *counts):
        if getattr(options, name.replace("-", "_")) < 1:
            raise ParameterError(Message("--{option} has to be at least {minimum}.", option=name, minimum=1))


def network_from(path: Path, build: Callable[[dict[str, Tensor]], N], refusal: Message) -> N:
    """A network to start from.

    Raises:
        ParameterError: the file is none; ``refusal`` says so.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        net = build({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, KeyError, RuntimeError):
        raise ParameterError(refusal) from None
    return net.requires_grad_(True)


def digest(path: Path | None) -> str:
    """SHA-256 of a file that a training starts from; empty for none."""
    return sha256(path.read_bytes()).hexdigest() if path else ""


class News:
    """A line whenever a measurement is new.

    Args:
        starts: how the names of the figures begin that are measured now and then.
    """

    def __init__(self, starts: tuple[str, ...]) -> None:
        self._starts, self._last = starts, ""

    def __call__(self, step: Step) -> str | None:
        """The line, or None when there is nothing new."""
        figures = {name: value for name, value in step.figures().items() if name.startswith(self._starts)}
        line = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        if not line or line == self._last:
            return None
        self._last = line
        return f"{step.stage}: {line}"
