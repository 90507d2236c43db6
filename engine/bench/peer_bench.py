"""What an adapter of a peer gets, and what it gives: see :mod:`engine.bench.peers`."""

from __future__ import annotations

import importlib
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.bench.against import callable_of
from engine.bench.cases import inputs_of
from engine.bench.measure import once
from engine.contracts.errors import ParameterError
from engine.contracts.parameters import parse
from engine.contracts.task import Registry
from engine.contracts.task_parts import BenchCase
from engine.runtime.runtime import Runtime

Work = Callable[[], object]


class PeerMissingError(Exception):
    """A peer is not in the folder; its text says what would have to be."""


@dataclass(frozen=True)
class Bench:
    """What an adapter gets."""

    runtime: Runtime
    tasks: Registry
    folder: Path
    """Where the peers are."""

    def task(self, name: str, case: BenchCase) -> Work:
        """A whole run of a task of ours on the pictures of a case."""
        task = self.tasks[name]
        inputs, parameters = inputs_of(task, case), parse(task.parameters, dict(case.values))
        return lambda: once(self.runtime, task, inputs, parameters)

    def member(self, pattern: str, name: str) -> bytes:
        """A file inside a wheel or an archive of npm.

        Raises:
            PeerMissingError: there is no such archive.
        """
        archive = next(iter(sorted(self.folder.glob(pattern))), None)
        if archive is None:
            raise PeerMissingError(f"no {pattern} in {self.folder}")
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as opened:
                file = opened.extractfile(name)
                assert file is not None
                return file.read()
        with zipfile.ZipFile(archive) as opened_wheel:
            return opened_wheel.read(name)

    def package(self, name: str, where: str, *, first: bool = False) -> Any:
        """A Python package that is installed, or in a folder of the peers.

        Args:
            name: of the package.
            where: the folder inside of the peers'.
            first: whether what is there counts before what is installed.

        Raises:
            PeerMissingError: it is in neither, or does not get on with what is loaded already.
        """
        place = str(self.folder / where)
        sys.path.insert(0 if first else len(sys.path), place)
        for module in list(sys.modules) if first else ():
            if module.partition(".")[0] == "google":  # protobuf of another version, for onnx; who has it keeps it
                del sys.modules[module]
        try:
            return importlib.import_module(name)
        except ImportError:
            raise PeerMissingError(f"{name} is not installed, nor in {place}") from None
        finally:
            sys.path.remove(place)

    def loaded(self, file: str, name: str, source: str) -> Any:
        """A function or class of a file in a copy of a repository.

        Args:
            file: inside the folder of the peers.
            name: of what is in it.
            source: address of the repository.

        Raises:
            PeerMissingError: there is no such file, or it needs what is not installed.
        """
        path = self.folder / file
        if not path.exists():
            raise PeerMissingError(f"no {path}: git clone {source}")
        try:
            return callable_of(f"{path}:{name}")
        except ParameterError as error:
            raise PeerMissingError(str(error)) from None

    def graph(self, data: bytes) -> Any:
        """An ONNX graph as onnxruntime runs it, with as many threads as torch has.

        Raises:
            PeerMissingError: onnxruntime is not installed, nor in the folder ``site``.
        """
        onnxruntime = self.package("onnxruntime", "site")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Peer:
    """One job, and who else does it."""

    job: str
    name: str
    wanted: float
    """Their time over ours that we want at least."""
    pair: Callable[[Bench], tuple[Work, Work]]
    """Ours and theirs, ready to be called.

    Raises:
        PeerMissingError: theirs is not there.
    """
